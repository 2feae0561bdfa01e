using Microsoft.AspNetCore.HttpOverrides;
using TenantIdP.Core.Instance;
using TenantIdP.Server.Http;
using IPNetwork = System.Net.IPNetwork;

namespace TenantIdP.Server.Composition;

/// <summary>
/// The client's address as known proxies tell it, for rate limits and throttles. Nothing else of what they forward is read: the issuer is a setting (SECURITY.md B2), so
/// neither scheme nor host can be told to us, and links come out as the issuer's by <see cref="PublicOrigin"/>.
/// </summary>
internal static class Proxy
{
    /// <summary>The framework's own switch believes everybody.</summary>
    private const string TrustsEverybody = "FORWARDEDHEADERS_ENABLED";

    public static void AddProxy(this WebApplicationBuilder builder)
    {
        if (string.Equals(builder.Configuration[TrustsEverybody], "true", StringComparison.OrdinalIgnoreCase))
            throw new StartupException($"ASPNETCORE_{TrustsEverybody} believes forwarded headers of anybody. Unset it and name your proxies in TenantIdP__Proxy__KnownNetworks__0.");

        var options = Settings.Read(ProxyOptions.Section, () => builder.Configuration.GetSection(ProxyOptions.Section).Get<ProxyOptions>());
        builder.Services.AddSingleton(options);
        var networks = options.KnownNetworks.Select(Parse).ToList();
        builder.Services.Configure<ForwardedHeadersOptions>(forwarded =>
        {
            (forwarded.ForwardedHeaders, forwarded.ForwardLimit) = (ForwardedHeaders.XForwardedFor, options.Hops);
            // The framework trusts loopback by default; we trust what was named.
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var network in networks) forwarded.KnownIPNetworks.Add(network);
        });
    }

    public static void UseProxy(this WebApplication app)
    {
        if (app.Services.GetRequiredService<ProxyOptions>().KnownNetworks.Count > 0) app.UseForwardedHeaders();
    }

    private static IPNetwork Parse(string text, int index) => IPNetwork.TryParse(text, out var network) && network.PrefixLength > 0 && network.BaseAddress.Equals(System.Net.IPAddress.Parse(text.Split('/')[0]))
        ? network
        : throw new StartupException($"TenantIdP__Proxy__KnownNetworks__{index} must be a network in CIDR notation that is not everybody, such as 10.0.4.0/24; it is cut at its own prefix (10.0.4.0/24, not 10.0.4.7/24).");
}
