namespace TenantIdP.Server.Login;

/// <summary>What an app gets by a scope, in a person's words.</summary>
internal static class ScopeTexts
{
    private static readonly Dictionary<string, string> Meanings = new(StringComparer.Ordinal)
    {
        ["openid"] = "Who you are", ["profile"] = "Your name", ["email"] = "Your email address", ["offline_access"] = "Access while you are away, until you sign out or it is revoked",
    };

    public static IReadOnlyList<string> Of(IEnumerable<string> scopes) => [.. scopes.Select(scope => Meanings.GetValueOrDefault(scope) ?? scope).Distinct()];
}
