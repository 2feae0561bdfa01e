namespace TenantIdP.Server.Federation;

/// <summary>The addresses that upstream identity providers know. One per connection, so that an answer can't be taken for another's (RFC 9700 section 4.4.2).</summary>
internal static class FederationPaths
{
    public const string CallbackTemplate = "/sso/oidc/{connectionId}/callback";

    public static string Callback(string connection) => $"/sso/oidc/{connection}/callback";
}
