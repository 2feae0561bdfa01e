using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Http;

/// <summary>Who reads the answer: a person in a browser or a program. Decides the shape of errors, not of anything that succeeds.</summary>
internal static class RequestKind
{
    private static readonly string[] SamlMessages = ["/acs", "/slo"];
    private static readonly PathString[] ForPrograms = ["/connect", "/api", "/scim", "/openapi", "/.well-known", "/health", "/assets"];

    public static bool IsOAuth(PathString path) => path.StartsWithSegments("/connect");

    /// <summary>Errors there are messages of that protocol (RFC 7644 section 3.12), whatever refuses.</summary>
    public static bool IsScim(PathString path) => path.StartsWithSegments("/scim");

    /// <summary>Where identity providers have browsers post their messages: from other sites, and larger than any form of ours.</summary>
    public static bool IsSamlMessage(PathString path) => path.StartsWithSegments("/sso/saml") && SamlMessages.Any(end => path.Value!.EndsWith(end, StringComparison.OrdinalIgnoreCase)); // it starts with something

    /// <summary>The two protocol endpoints that browsers visit belong to people.</summary>
    public static bool IsForPeople(PathString path) =>
        path.StartsWithSegments(InteractionPaths.Authorize) || path.StartsWithSegments(InteractionPaths.EndSession) || !Array.Exists(ForPrograms, prefix => path.StartsWithSegments(prefix));
}
