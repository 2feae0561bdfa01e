namespace TenantIdP.Core.Apps;

/// <summary>How an app proves at the token endpoint, and wherever else it authenticates, that it is itself; by their names in OpenID Connect Core section 9.</summary>
public static class AppAuthMethods
{
    public const string ClientSecretBasic = "client_secret_basic";
    public const string ClientSecretPost = "client_secret_post";

    /// <summary>It doesn't: public apps only.</summary>
    public const string None = "none";

    /// <summary>A JWT that the app's own key signed (RFC 7523 section 2.2); there is no secret.</summary>
    public const string PrivateKeyJwt = "private_key_jwt";

    /// <summary>What such a JWT may be signed with: asymmetric only, because with HS256 a public key would be a secret that everybody has.</summary>
    public static readonly IReadOnlyList<string> AssertionAlgorithms = ["ES256", "PS256", "RS256"];

    private static readonly string[] WithSecret = [ClientSecretBasic, ClientSecretPost, PrivateKeyJwt];

    /// <summary>What an app of this kind may name. One that names none uses either form of its secret, or nothing when it is public.</summary>
    public static IReadOnlyList<string> Possible(AppKind kind) => kind == AppKind.Public ? [None] : WithSecret;

    internal static Kernel.Result Check(App app, Func<string, bool> isAddress)
    {
        if (app.TokenEndpointAuthMethod is { } method && !Possible(app.Kind).Contains(method)) return AppErrors.AuthMethodInvalid;
        var sources = (app.Jwks is null ? 0 : 1) + (app.JwksUri is null ? 0 : 1);
        if (sources != (app.TokenEndpointAuthMethod == PrivateKeyJwt ? 1 : 0)) return AppErrors.JwksRequired;
        if (app.JwksUri is { } address && !isAddress(address)) return AppErrors.JwksUriInvalid;
        return app.Jwks is { } set ? AppKeyRules.Check(set) : Kernel.Result.Ok;
    }
}
