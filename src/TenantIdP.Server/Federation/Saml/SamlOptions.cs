using System.ComponentModel.DataAnnotations;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>SAML as a whole; what differs between identity providers is set on the connection.</summary>
public sealed record SamlOptions : IValidatableObject
{
    public const string Section = "TenantIdP:Saml";

    /// <summary>How far the clock of an identity provider may be off.</summary>
    [Range(0, 300)]
    public int ClockSkewSeconds { get; init; } = 120;

    [Range(90, 3650)]
    public int KeyLifetimeDays { get; init; } = 1095;

    /// <summary>How long a new key of ours is published before it signs.</summary>
    [Range(0, 180)]
    public int AnnounceDays { get; init; } = 30;

    /// <summary>How long the old one is still published, and decrypts, after that.</summary>
    [Range(1, 180)]
    public int RetainDays { get; init; } = 30;

    [Range(1, 24 * 30)]
    public int MetadataRefreshHours { get; init; } = 24;

    /// <summary>Hosts (with a port that is not 443) of another product's assertion consumer addresses that now lead here, besides the issuer's own.</summary>
    public IReadOnlyList<string> AliasHosts { get; init; } = [];

    public TimeSpan ClockSkew => TimeSpan.FromSeconds(ClockSkewSeconds);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (AnnounceDays + RetainDays >= KeyLifetimeDays)
            yield return new ValidationResult($"A key must live longer than {nameof(AnnounceDays)} and {nameof(RetainDays)} together.", [nameof(KeyLifetimeDays)]);
        if (AliasHosts.FirstOrDefault(host => !IsHost(host)) is { } wrong)
            yield return new ValidationResult($"'{wrong}' is not a host or host:port.", [nameof(AliasHosts)]);
    }

    private static bool IsHost(string host) =>
        Uri.TryCreate($"https://{host}", UriKind.Absolute, out var uri) && uri is { PathAndQuery: "/", UserInfo: "", Fragment: "" } && uri.Authority.Equals(host, StringComparison.OrdinalIgnoreCase);
}
