using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Federation;

/// <summary>The addresses that upstream identity providers know. One per connection, so that an answer can't be taken for another's (RFC 9700 section 4.4.2).</summary>
internal static class FederationPaths
{
    public const string CallbackTemplate = "/sso/oidc/{connectionId}/callback";

    /// <summary>Where a test of a connection starts, and where its result is read. For people, not known to anybody upstream.</summary>
    public static string Test(Id<Connection> connection) => $"/sso/{connection}/test";

    public static string TestResult(Id<Connection> connection) => $"/sso/{connection}/test/result";

    /// <summary>Where a browser goes on to from the assertion consumer, bringing its cookies; the handle is good once.</summary>
    public static string SamlFinish(Id<Connection> connection, string handle) => $"/sso/saml/{connection}/finish?h={handle}";

    /// <summary>The next step of a sign-out that is told to identity providers.</summary>
    public const string SignOutTemplate = "/sso/signout";

    public static string SignOut(string handle) => $"{SignOutTemplate}?h={handle}";

    public static string Callback(string connection) => $"/sso/oidc/{connection}/callback";
}
