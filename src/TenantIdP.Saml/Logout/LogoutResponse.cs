namespace TenantIdP.Saml.Logout;

/// <summary>What came of a logout request (Core 3.7.2).</summary>
public sealed record LogoutResponse
{
    public required string Id { get; init; }

    /// <summary>The ID of the request.</summary>
    public required string InResponseTo { get; init; }

    public required string Issuer { get; init; }
    public required string Destination { get; init; }

    /// <summary>The first-level code, such as <see cref="SamlNames.SuccessStatus"/>.</summary>
    public required string Status { get; init; }

    /// <summary>The second-level code, such as <see cref="SamlNames.PartialLogoutStatus"/>.</summary>
    public string? SubStatus { get; init; }

    public required DateTimeOffset IssueInstant { get; init; }
}
