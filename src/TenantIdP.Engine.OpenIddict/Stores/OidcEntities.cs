using OpenIddict.EntityFrameworkCore.Models;

namespace TenantIdP.Engine.OpenIddict.Stores;

/// <summary>A client. <see cref="Description"/> is the product's whole description; the engine's own columns are derived from it.</summary>
public sealed class OidcApplication : OpenIddictEntityFrameworkCoreApplication<Guid, OidcAuthorization, OidcToken>
{
    /// <summary>The <see cref="Core.Apps.App"/> as JSON.</summary>
    public string Description { get; set; } = "{}";
}

/// <summary>A grant: one family of refresh tokens. The columns are what ending a session, user or membership selects by, and what a switch rewrites.</summary>
public sealed class OidcAuthorization : OpenIddictEntityFrameworkCoreAuthorization<Guid, OidcApplication, OidcToken>
{
    public Guid UserId { get; set; }
    public Guid SessionId { get; set; }
    public Guid? OrganizationId { get; set; }

    /// <summary>Of that organization; null when the tokens are for none.</summary>
    public Guid? WorkspaceId { get; set; }

    /// <summary>The proofs the grant was given for, as JSON: it outlives the session's idle end.</summary>
    public string Proofs { get; set; } = "[]";
}

public sealed class OidcScope : OpenIddictEntityFrameworkCoreScope<Guid>;

/// <summary>A refresh token, authorization code or pushed request. Access and id tokens have no rows.</summary>
public sealed class OidcToken : OpenIddictEntityFrameworkCoreToken<Guid, OidcApplication, OidcAuthorization>
{
    // Sorted by time, so that the primary key's index grows at its end.
    public OidcToken() => Id = Guid.CreateVersion7();
}

/// <summary>A signing key of the instance, sealed by the root key.</summary>
public sealed class SigningKeyRow
{
    /// <summary>The JWK <c>kid</c>.</summary>
    public required string Kid { get; init; }

    /// <summary>RS256 or ES256.</summary>
    public required string Algorithm { get; init; }

    /// <summary>1, 2, 3 … per algorithm. Unique, so that nodes starting at once make one key.</summary>
    public required int Generation { get; init; }

    /// <summary>PKCS#8, sealed.</summary>
    public required string SealedKey { get; init; }

    public required DateTime CreatedAt { get; init; }

    /// <summary>From then on new tokens are signed with it; it is in the key set before.</summary>
    public required DateTime ActivatesAt { get; init; }
}
