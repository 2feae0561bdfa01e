using System.ComponentModel.DataAnnotations;

namespace TenantIdP.Server.Http;

/// <summary>Section <c>TenantIdP:Proxy</c>: whose word about a client's address counts. Nobody's unless given.</summary>
public sealed record ProxyOptions
{
    public const string Section = "TenantIdP:Proxy";

    /// <summary>Networks that proxies speak from, such as <c>10.0.4.0/24</c> or <c>10.0.4.7/32</c>.</summary>
    public IReadOnlyList<string> KnownNetworks { get; init; } = [];

    /// <summary>How many proxies stand one behind the other. As many entries of <c>X-Forwarded-For</c> are believed, from the right, each only if it was added by a known network.</summary>
    [Range(1, 10)]
    public int Hops { get; init; } = 1;
}
