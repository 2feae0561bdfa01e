using TenantIdP.Core.Apis;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Sessions;

namespace TenantIdP.Core.Tokens;

[Flags]
public enum TokenKinds
{
    None = 0,
    Id = 1,
    Access = 2,
    Both = Id | Access,
}

/// <summary>A claim as it must appear: a string, a number, a boolean or an array of strings (never a bare string for a one-element array).</summary>
public sealed record TokenClaim(string Name, object Value, TokenKinds Kinds);

/// <summary>Decides every claim about person and organization, and which token carries it. Engines only write what this says.</summary>
public static class TokenClaims
{
    /// <summary>Above this many characters of permissions the token says <c>permissions_overage</c> instead (FEATURES.md row 22).</summary>
    public const int PermissionsLimit = 4_096;

    /// <param name="api">The audience, or null when the token is for userinfo only.</param>
    /// <param name="map">The claims that the app wants under other names as well.</param>
    public static IReadOnlyList<TokenClaim> For(AccessFacts facts, SessionProof proof, Id<Session> session, IReadOnlyCollection<string> scopes, Api? api, IReadOnlyList<ClaimRule> map)
    {
        var claims = new List<TokenClaim>(20)
        {
            new("sub", facts.UserId.ToString(), TokenKinds.Both),
            new("sid", session.ToString(), TokenKinds.Both),
            new("auth_time", proof.At.ToUnixTimeSeconds(), TokenKinds.Both),
            new("amr", proof.Amr, TokenKinds.Both),
            new("acr", AcrValues.Of(proof), TokenKinds.Both),
        };
        if (proof.ConnectionId is { } connection) claims.Add(new("connection_id", connection.ToString(), TokenKinds.Both));

        if (facts is { OrganizationId: { } organization, OrganizationSlug: { } slug, OrganizationName: { } display })
        {
            claims.Add(new("org_id", organization.ToString(), TokenKinds.Both));
            claims.Add(new("org_name", slug, TokenKinds.Both));
            claims.Add(new("org_display_name", display, TokenKinds.Id));
            claims.Add(new("roles", facts.Roles.Select(r => r.Key).ToArray(), TokenKinds.Both));
            if (facts.Workspace is { } workspace)
            {
                claims.Add(new("workspace_id", workspace.Id.ToString(), TokenKinds.Both));
                claims.Add(new("workspace_roles", workspace.Roles.Select(r => r.Key).ToArray(), TokenKinds.Both));
            }

            if (api is not null) claims.Add(PermissionsClaim(PermissionsFor(facts, api)));
        }

        AddProfile(claims, facts, scopes);
        return ClaimMap.Apply(claims, map);
    }

    /// <summary>An app's own token. Of an organization it says only what that has granted, and of that only what the API declares.</summary>
    /// <param name="access">Null for a token without an organization.</param>
    public static IReadOnlyList<TokenClaim> ForApp(App app, AppAccess? access, Api? api)
    {
        var claims = new List<TokenClaim>(4) { new("sub", app.ClientId, TokenKinds.Access) };
        if (access is null) return claims;
        claims.Add(new("org_id", access.OrganizationId.ToString(), TokenKinds.Access));
        claims.Add(new("org_name", access.OrganizationSlug, TokenKinds.Access));
        if (api is not null) claims.Add(PermissionsClaim([.. api.Permissions.Select(p => p.Name).Where(access.Permissions.Contains).Order(StringComparer.Ordinal)]));
        return ClaimMap.Apply(claims, app.ClaimMap);
    }

    /// <summary>Every permission of the membership at one API, those of its roles in the workspace included: but our own API manages organizations, where a role in a workspace permits nothing.</summary>
    public static IReadOnlyList<string> PermissionsFor(AccessFacts facts, Api api)
    {
        if (facts.MembershipStatus != MembershipStatus.Active) return [];
        IReadOnlyList<HeldRole> roles = facts.Workspace is { } workspace && !ManagementApi.Is(api) ? [.. facts.Roles, .. workspace.Roles] : facts.Roles;
        var held = roles.SelectMany(r => r.Permissions).ToHashSet(StringComparer.Ordinal);
        var keys = roles.Select(r => r.BuiltIn).OfType<string>().ToHashSet(StringComparer.Ordinal);
        return [.. api.Permissions.Where(p => held.Contains(p.Name) || p.BuiltInRoles.Any(keys.Contains)).Select(p => p.Name).Order(StringComparer.Ordinal)];
    }

    private static TokenClaim PermissionsClaim(IReadOnlyList<string> permissions) =>
        permissions.Sum(p => p.Length + 3) <= PermissionsLimit
            ? new("permissions", permissions, TokenKinds.Access)
            : new("permissions_overage", true, TokenKinds.Access);

    private static void AddProfile(List<TokenClaim> claims, AccessFacts facts, IReadOnlyCollection<string> scopes)
    {
        if (scopes.Contains("profile"))
        {
            Add("name", facts.NameOverlay ?? facts.Name);
            Add("given_name", facts.GivenName);
            Add("family_name", facts.FamilyName);
        }

        // An unverified address is nobody's: apps take "email" for an identifier whatever email_verified says (nOAuth).
        if (scopes.Contains("email") && facts.PrimaryEmailVerified && facts.PrimaryEmail is { } email)
        {
            claims.Add(new("email", email, TokenKinds.Id));
            claims.Add(new("email_verified", true, TokenKinds.Id));
        }

        void Add(string name, string? value)
        {
            if (value is not null) claims.Add(new(name, value, TokenKinds.Id));
        }
    }
}
