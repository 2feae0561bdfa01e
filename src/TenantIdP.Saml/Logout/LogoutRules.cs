using TenantIdP.Saml.Keys;

namespace TenantIdP.Saml.Logout;

/// <summary>What a logout message of one connection is judged by.</summary>
public sealed record LogoutRules
{
    public required string IdpEntityId { get; init; }

    /// <summary>Our addresses that the identity provider may mean.</summary>
    public required IReadOnlyList<string> SloUrls { get; init; }

    /// <summary>The pinned ones.</summary>
    public required IReadOnlyList<SamlCertificate> Certificates { get; init; }

    public required DateTimeOffset Now { get; init; }
    public TimeSpan Skew { get; init; } = TimeSpan.FromMinutes(2);
    public bool AllowSha1 { get; init; }
    public bool RefuseExpiredCertificates { get; init; }

    /// <summary>The ID of the request that a response must answer; null leaves that to the caller.</summary>
    public string? InResponseTo { get; init; }
}
