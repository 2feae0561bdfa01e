namespace TenantIdP.Saml.Responses;

/// <summary>Who a message is about, in the identity provider's words (Core 2.2.3). All four parts together name a person.</summary>
public sealed record SamlNameId(string Value, string? Format, string? NameQualifier, string? SpNameQualifier);
