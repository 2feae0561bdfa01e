using System.ComponentModel.DataAnnotations;

namespace TenantIdP.Server.Http.Outbound;

/// <summary>What the server may fetch from addresses that its customers name, and how long and large an answer may be.</summary>
public sealed record OutboundOptions : IValidatableObject
{
    public const string Section = "TenantIdP:Outbound";

    /// <summary>
    /// Hosts that may be reached although their address is private or their port unusual. An entry is exact: <c>host</c> means
    /// port 443, any other port is written out (<c>idp.corp.example:8443</c>, <c>[fd00::1]:8443</c>). Always https.
    /// </summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Set by composition only (loopback issuer in Development); the setter is internal so that no setting binds to it.</summary>
    public bool AllowLoopbackAndPrivate { get; internal set; }

    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From the first byte asked to the last byte read, all redirects included.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Counted after decompression.</summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int MaxResponseBytes { get; init; } = 1024 * 1024;

    [Range(0, 10)]
    public int MaxRedirects { get; init; } = 3;

    /// <summary>Requests of one connection key that may be under way at once.</summary>
    [Range(1, 1000)]
    public int MaxConcurrentPerConnection { get; init; } = 8;

    /// <summary>Requests of one connection key that may wait for their turn; the next one is refused at once.</summary>
    [Range(0, 10_000)]
    public int MaxWaitingPerConnection { get; init; } = 64;

    public OutboundOptions ForDevelopmentHosts() => this with { AllowLoopbackAndPrivate = true };

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        AllowedHosts
            .Where(entry => ParseEntry(entry) is null)
            .Select(entry => new ValidationResult(
                $"{Section}:AllowedHosts: '{entry}' is not an exact host or host:port.", [nameof(AllowedHosts)]));

    internal bool IsListed(string host, int port) =>
        AllowedHosts.Select(ParseEntry).Any(e => e is not null && e.Port == port && e.IdnHost.Equals(host, StringComparison.OrdinalIgnoreCase));

    /// <summary>Link-local (cloud metadata), multicast, mapped and reserved addresses stay refused even for a listed host.</summary>
    internal bool MayReach(OutboundAddressKind kind, string host, int port) => kind switch
    {
        OutboundAddressKind.Public => true,
        OutboundAddressKind.Loopback or OutboundAddressKind.Private or OutboundAddressKind.SharedNat => AllowLoopbackAndPrivate || IsListed(host, port),
        _ => false,
    };

    private static Uri? ParseEntry(string entry) =>
        Uri.TryCreate($"https://{entry}", UriKind.Absolute, out var uri)
        && uri is { PathAndQuery: "/", UserInfo: "", Fragment: "", HostNameType: UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6 }
        && !entry.Any(c => "*/ ?#@\\%".Contains(c, StringComparison.Ordinal))
            ? uri
            : null;
}
