namespace TenantIdP.Saml.Responses;

/// <summary>What was asserted, read from signed bytes only.</summary>
/// <param name="InResponseTo">Null for an unsolicited response.</param>
/// <param name="ReplayUntil">Until when the assertion would be accepted again, were its ID not remembered.</param>
/// <param name="SignedBy">Thumbprint of the pinned certificate.</param>
public sealed record ValidatedResponse(
    string ResponseId, string AssertionId, string Issuer, string? InResponseTo, SamlNameId? NameId, IReadOnlyList<SamlAttribute> Attributes, DateTimeOffset AuthnInstant, string? SessionIndex,
    DateTimeOffset? SessionNotOnOrAfter, string? AuthnContextClass, DateTimeOffset ReplayUntil, bool WasEncrypted, string SignedBy);

/// <summary>An attribute (Core 2.7.3.1) with the text of its values.</summary>
public sealed record SamlAttribute(string Name, string? NameFormat, string? FriendlyName, IReadOnlyList<string> Values);
