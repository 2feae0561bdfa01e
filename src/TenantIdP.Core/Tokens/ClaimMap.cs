using System.Collections.Frozen;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Tokens;

/// <summary>What a mapped claim may say: one of the claims that a token has anyway, or the foremost of the roles as a bare text.</summary>
public enum ClaimSource
{
    Sub,
    OrgId,
    OrgName,
    OrgDisplayName,
    Role,
    Roles,
    Permissions,
    ConnectionId,
    WorkspaceId,
    WorkspaceRoles,
    Email,
    EmailVerified,
    Name,
    GivenName,
    FamilyName,
}

public enum ClaimToken
{
    Id,
    Access,
}

/// <summary>One claim of another shape, for an app that was written for another product.</summary>
/// <param name="Claim">Its name.</param>
/// <param name="From">Where its value comes from.</param>
/// <param name="Tokens">The tokens it may appear in; both when left out.</param>
public sealed record ClaimRule(string Claim, ClaimSource From, IReadOnlyList<ClaimToken>? Tokens = null)
{
    internal TokenKinds Kinds => Tokens is null ? TokenKinds.Both : Tokens.Aggregate(TokenKinds.None, (kinds, token) => kinds | (token == ClaimToken.Id ? TokenKinds.Id : TokenKinds.Access));
}

/// <summary>
/// Says the claims of a token once more under other names. It adds no knowledge: a value goes only into a token that carries it anyway under the scopes that were granted.
/// </summary>
public static class ClaimMap
{
    public const int MaxRules = 20;

    public static readonly Error Invalid = new(
        ErrorKind.Invalid, "claim_map_invalid", "A claim map has at most 20 rules, each for another claim: 1 to 100 printable ASCII characters without space, quote and backslash, in the tokens id or access.", "claimMap");

    public static readonly Error Reserved = new(ErrorKind.Invalid, "claim_reserved", "A rule names a claim that the protocol or this product gives its meaning.", "claimMap");

    /// <summary>What the engine writes for itself.</summary>
    private const string EnginePrefix = "oi_";

    /// <summary>Claims that somebody verifies or decides by: of JWT, OpenID Connect, OAuth, introspection, and our own.</summary>
    private static readonly FrozenSet<string> ReservedNames = new[]
    {
        "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "nonce", "azp", "at_hash", "c_hash", "s_hash", "sid", "auth_time", "amr", "acr", "act", "may_act", "cnf", "client_id", "scope", "events", "typ", "active",
        "token_type", "username", "sub_jwk", "sub_id", "toe", "txn", "htm", "htu", "ath", "vct", "_claim_names", "_claim_sources", "authorization_details", "entitlements", "groups",
        "org_id", "org_name", "org_display_name", "roles", "permissions", "permissions_overage", "connection_id", "workspace_id", "workspace_roles", "session_expiry",
        "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "email", "email_verified", "gender", "birthdate", "zoneinfo", "locale",
        "phone_number", "phone_number_verified", "address", "updated_at",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly string[] Foremost = [BuiltInRoles.Owner, BuiltInRoles.Admin, BuiltInRoles.Member, BuiltInRoles.Guest];

    public static Result Check(IReadOnlyList<ClaimRule> rules)
    {
        if (rules.Count > MaxRules || rules.DistinctBy(r => r.Claim, StringComparer.Ordinal).Count() != rules.Count || !rules.All(IsValid)) return Invalid;
        return rules.Any(r => IsReserved(r.Claim)) ? Reserved : Result.Ok;
    }

    public static IReadOnlyList<TokenClaim> Apply(IReadOnlyList<TokenClaim> claims, IReadOnlyList<ClaimRule> rules)
    {
        if (rules.Count == 0) return claims;
        var mapped = new List<TokenClaim>(claims);
        foreach (var rule in rules)
        {
            // Reserved since the rule was written, perhaps.
            if (IsReserved(rule.Claim) || Find(claims, rule.From) is not { } found) continue;
            var kinds = found.Kinds & rule.Kinds;
            if (kinds != TokenKinds.None) mapped.Add(new TokenClaim(rule.Claim, found.Value, kinds));
        }

        return mapped;
    }

    private static TokenClaim? Find(IReadOnlyList<TokenClaim> claims, ClaimSource source)
    {
        if (source != ClaimSource.Role) return claims.FirstOrDefault(c => c.Name == NameOf(source));
        if (claims.FirstOrDefault(c => c.Name == "roles") is not { Value: IEnumerable<string> roles } all) return null;
        var held = roles.ToList();
        return (Foremost.FirstOrDefault(held.Contains) ?? held.FirstOrDefault()) is { } role ? all with { Value = role } : null;
    }

    private static string NameOf(ClaimSource source) => source switch
    {
        ClaimSource.Sub => "sub",
        ClaimSource.OrgId => "org_id",
        ClaimSource.OrgName => "org_name",
        ClaimSource.OrgDisplayName => "org_display_name",
        ClaimSource.Role or ClaimSource.Roles => "roles",
        ClaimSource.Permissions => "permissions",
        ClaimSource.ConnectionId => "connection_id",
        ClaimSource.WorkspaceId => "workspace_id",
        ClaimSource.WorkspaceRoles => "workspace_roles",
        ClaimSource.Email => "email",
        ClaimSource.EmailVerified => "email_verified",
        ClaimSource.Name => "name",
        ClaimSource.GivenName => "given_name",
        ClaimSource.FamilyName => "family_name",
    };

    private static bool IsReserved(string claim) => ReservedNames.Contains(claim) || claim.StartsWith(EnginePrefix, StringComparison.OrdinalIgnoreCase);

    private static bool IsValid(ClaimRule rule) =>
        rule.Claim is { Length: > 0 and <= 100 } && rule.Claim.All(c => c is > ' ' and <= '~' and not ('"' or '\\'))
            && Enum.IsDefined(rule.From) && (rule.Tokens is null || (rule.Tokens.Count is > 0 and <= 2 && rule.Tokens.All(Enum.IsDefined)));
}
