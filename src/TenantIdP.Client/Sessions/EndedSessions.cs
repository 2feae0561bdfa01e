using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Options;

namespace TenantIdP.Client.Sessions;

/// <summary>What a logout token ends.</summary>
/// <param name="SessionId">The login host's session (<c>sid</c>); null for all of the person's.</param>
/// <param name="UserId">The <c>sub</c>; null when the token names the session only.</param>
/// <param name="OrganizationId">Only what belongs to this organization; null for all.</param>
internal sealed record EndedSession(string? SessionId, string? UserId, string? OrganizationId);

/// <summary>
/// Sessions that the login host has ended, in the application's <see cref="IDistributedCache"/>, which all its nodes share. Kept for as long as a session can last, and only for
/// tokens that the login host signed, so that nobody else can fill it. Ends what began before: whoever signs in again is signed in.
/// </summary>
internal sealed class EndedSessions(IDistributedCache cache, IOptions<TenantIdPOptions> options, TimeProvider clock)
{
    /// <summary>Longer than the login host tries to deliver one token.</summary>
    private static readonly TimeSpan TokenKept = TimeSpan.FromHours(2);

    public async Task<bool> ContainAsync(Session session, CancellationToken ct)
    {
        var user = session.Ticket.Principal.TenantIdP();
        var (sid, sub) = (user.SessionId, session.UserId);
        var times = await Task.WhenAll(
            TimeAsync(sid is null ? null : EntryOf("sid", sid, ""), ct),
            TimeAsync(sid is null || user.OrganizationId is null ? null : EntryOf("sid", sid, user.OrganizationId), ct),
            TimeAsync(sub is null ? null : EntryOf("sub", sub, ""), ct),
            TimeAsync(sub is null || user.OrganizationId is null ? null : EntryOf("sub", sub, user.OrganizationId), ct));
        return times.Any(time => session.BeganAt <= time);
    }

    /// <returns>False when this token was received before: nothing ends again.</returns>
    public async Task<bool> AddAsync(string tokenId, EndedSession ended, CancellationToken ct)
    {
        var token = EntryOf("jti", tokenId, "");
        if (await cache.GetAsync(token, ct) is not null)
            return false;

        var entry = ended.SessionId is { } sid ? EntryOf("sid", sid, ended.OrganizationId ?? "") : EntryOf("sub", ended.UserId!, ended.OrganizationId ?? ""); // a token has one of them
        await WriteAsync(entry, options.Value.SessionLifetime, ct);
        await WriteAsync(token, TokenKept, ct); // after what it is about: a failure in between is made good by the next try
        return true;
    }

    private Task WriteAsync(string entry, TimeSpan kept, CancellationToken ct) =>
        cache.SetAsync(entry, Encoding.ASCII.GetBytes(clock.GetUtcNow().ToString("o", CultureInfo.InvariantCulture)), new() { AbsoluteExpirationRelativeToNow = kept }, ct);

    private async Task<DateTimeOffset?> TimeAsync(string? entry, CancellationToken ct) =>
        entry is not null && await cache.GetAsync(entry, ct) is { } text && DateTimeOffset.TryParse(Encoding.ASCII.GetString(text), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var time) ? time : null;

    // Applications that share a cache do not share their sign-outs.
    private string EntryOf(string kind, string value, string organization) =>
        "tenantidp:ended:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', options.Value.ClientId, kind, value, organization))));
}
