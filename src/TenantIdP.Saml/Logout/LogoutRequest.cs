using TenantIdP.Saml.Responses;

namespace TenantIdP.Saml.Logout;

/// <summary>One side tells the other that a person's sessions are to end (Core 3.7.1).</summary>
public sealed record LogoutRequest
{
    public required string Id { get; init; }
    public required string Issuer { get; init; }
    public required string Destination { get; init; }
    public required DateTimeOffset IssueInstant { get; init; }
    public DateTimeOffset? NotOnOrAfter { get; init; }
    public required SamlNameId NameId { get; init; }

    /// <summary>Which sessions; none means all of the person's.</summary>
    public IReadOnlyList<string> SessionIndexes { get; init; } = [];
}
