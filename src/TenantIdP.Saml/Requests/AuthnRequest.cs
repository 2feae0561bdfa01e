namespace TenantIdP.Saml.Requests;

/// <summary>Asks an identity provider to sign a person in (Core 3.4.1).</summary>
public sealed record AuthnRequest
{
    /// <summary>From <see cref="RequestIds"/>; the answer names it.</summary>
    public required string Id { get; init; }

    /// <summary>Our entity ID at this identity provider.</summary>
    public required string Issuer { get; init; }

    /// <summary>The identity provider's sign-in address.</summary>
    public required string Destination { get; init; }

    /// <summary>Where the answer is to be posted.</summary>
    public required string AcsUrl { get; init; }

    public required DateTimeOffset IssueInstant { get; init; }

    /// <summary>Ask for a fresh sign-in even when the person has a session there.</summary>
    public bool ForceAuthn { get; init; }

    /// <summary>Null leaves the choice to the identity provider.</summary>
    public string? NameIdFormat { get; init; }

    /// <summary>Authentication contexts of which one must hold exactly; none leaves the choice to the identity provider.</summary>
    public IReadOnlyList<string> RequestedContexts { get; init; } = [];

    /// <summary>
    /// For a proxy that stands before several identity providers: the entity IDs of those that may sign the person in (Core 3.4.1.3). None leaves the choice to it.
    /// </summary>
    public IReadOnlyList<string> IdpEntries { get; init; } = [];

    /// <summary>The address that the person typed here, for a sign-in page that can fill it in.</summary>
    public string? LoginHint { get; init; }
}
