using TenantIdP.Saml.Keys;

namespace TenantIdP.Saml.Responses;

/// <summary>What a response is held to: facts of one connection and of the moment, never of the message.</summary>
public sealed record ResponseRules
{
    public required string IdpEntityId { get; init; }

    /// <summary>The pinned ones.</summary>
    public required IReadOnlyList<SamlCertificate> SigningCertificates { get; init; }

    /// <summary>Our entity id and its aliases.</summary>
    public required IReadOnlyList<string> Audiences { get; init; }

    /// <summary>Our assertion consumer address and its aliases.</summary>
    public required IReadOnlyList<string> AcsUrls { get; init; }

    public required DateTimeOffset Now { get; init; }
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(120);
    public IReadOnlyList<SamlKeyPair> DecryptionKeys { get; init; } = [];
    public bool AllowSha1 { get; init; }
    public bool AllowAesCbc { get; init; }
    public bool RequireEncryption { get; init; }

    /// <summary>Off: a signature by a pinned certificate past its end is remarked on and accepted.</summary>
    public bool RefuseExpiredCertificates { get; init; }

    /// <summary>Accept a response that answers no request of ours.</summary>
    public bool AllowUnsolicited { get; init; }
}

/// <summary>The request that this browser sent.</summary>
public sealed record RequestFacts(string Id, DateTimeOffset IssuedAt, bool ForceAuthn, TimeSpan ClockSkew, DateTimeOffset Now)
{
    /// <summary>One of these was asked for; empty asks for nothing.</summary>
    public IReadOnlyList<string> RequestedContexts { get; init; } = [];
}
