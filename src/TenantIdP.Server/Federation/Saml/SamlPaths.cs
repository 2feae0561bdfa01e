namespace TenantIdP.Server.Federation.Saml;

/// <summary>The addresses of <see cref="SamlAddresses"/> as routes.</summary>
internal static class SamlPaths
{
    public const string Metadata = "/sso/saml/{connectionId}/metadata";
    public const string Acs = "/sso/saml/{connectionId}/acs";
    public const string Finish = "/sso/saml/{connectionId}/finish";

    private static readonly PathString Root = "/sso/saml";

    /// <summary>Where identity providers post to, from their own sites and without our cookies (DESIGN.md section 6.15).</summary>
    public static bool IsAcs(PathString path) =>
        path.StartsWithSegments(Root, StringComparison.OrdinalIgnoreCase, out var rest) && rest.Value is { Length: > 0 } tail && tail.EndsWith("/acs", StringComparison.OrdinalIgnoreCase);
}
