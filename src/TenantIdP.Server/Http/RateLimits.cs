using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Net.Http.Headers;
using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Http;

/// <summary>How much of the management API one caller may use on this node.</summary>
public sealed record RateLimitOptions
{
    public const string Section = "TenantIdP:RateLimits";

    /// <summary>Of one app or person.</summary>
    [Range(1, 1_000_000)]
    public int RequestsPerMinute { get; init; } = 3_000;

    /// <summary>Without a valid token, from one address.</summary>
    [Range(1, 1_000_000)]
    public int AnonymousRequestsPerMinute { get; init; } = 300;

    /// <summary>Callers that are counted one by one; those beyond it share one count.</summary>
    [Range(1, 1_000_000)]
    public int MaxCallers { get; init; } = 20_000;
}

/// <summary>
/// Counts requests by caller in windows of a minute. Node-local: several nodes together let through as many times the limit.
/// </summary>
internal sealed class RateLimits(RateLimitOptions options, TimeProvider clock, Telemetry telemetry)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    // Apart, so that a flood from many addresses takes no place from callers who have proven who they are.
    private readonly RequestCounts known = new(options.MaxCallers, Window);
    private readonly RequestCounts anonymous = new(options.MaxCallers, Window);

    /// <summary>Counts this request and tells the caller where they stand.</summary>
    /// <param name="caller">Null for somebody who did not prove who they are.</param>
    /// <returns>False when the request was answered.</returns>
    public async Task<bool> AdmitAsync(HttpContext context, string? caller)
    {
        var limit = caller is null ? options.AnonymousRequestsPerMinute : options.RequestsPerMinute;
        var now = clock.GetUtcNow();
        var (used, endsAt) = caller is null ? CountAnonymous(context, now) : known.Add(caller, now);
        var seconds = Text((long)Math.Ceiling((endsAt - now).TotalSeconds));
        var headers = context.Response.Headers;
        headers["RateLimit-Limit"] = Text(limit);
        headers["RateLimit-Remaining"] = Text(Math.Max(0, limit - used));
        headers["RateLimit-Reset"] = seconds;
        if (used <= limit) return true;

        telemetry.RateLimited(caller is not null);
        headers[HeaderNames.RetryAfter] = seconds;
        await Problems.WriteAsync(context, EdgeProblems.RateLimited);
        return false;
    }

    /// <summary>Counts a request that proved nothing, for an edge that answers in its own words.</summary>
    /// <returns>Null when it is within the limit; otherwise how long that lasts.</returns>
    public TimeSpan? RefuseAnonymous(HttpContext context)
    {
        var now = clock.GetUtcNow();
        var (used, endsAt) = CountAnonymous(context, now);
        if (used <= options.AnonymousRequestsPerMinute) return null;
        telemetry.RateLimited(isKnown: false);
        return endsAt - now;
    }

    /// <summary>Whether a request of this address that proves nothing would be refused now. Counts nothing.</summary>
    public bool IsSpent(HttpContext context)
    {
        var now = clock.GetUtcNow();
        return anonymous.Used(NetworkOf(context.Connection.RemoteIpAddress), now) >= options.AnonymousRequestsPerMinute;
    }

    private (long Used, DateTimeOffset EndsAt) CountAnonymous(HttpContext context, DateTimeOffset now) => anonymous.Add(NetworkOf(context.Connection.RemoteIpAddress), now);

    /// <summary>An IPv6 address by its first 64 bits: whoever has one has all of that network.</summary>
    private static string NetworkOf(IPAddress? address)
    {
        if (address is null) return "";
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4().ToString();
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
