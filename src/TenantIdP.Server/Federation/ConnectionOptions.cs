using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Http.Outbound;
using TenantIdP.Server.Login;

namespace TenantIdP.Server.Federation;

/// <summary>
/// The handler's options of each connection in use, with its discovery document: at most <see cref="Capacity"/>, an hour after the last use, made anew when the
/// connection's version changes. The stock options cache never lets go.
/// </summary>
internal sealed class ConnectionOptions(
    IHttpMessageHandlerFactory handlers, IOptions<OutboundOptions> outbound, IDataProtectionProvider protection, SecretBox secrets, IssuerOptions issuer, TimeProvider clock)
    : IOptionsMonitor<OpenIdConnectOptions>
{
    public const int Capacity = 2_000;

    /// <summary>Between the upstream's clock and ours.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(120);

    private static readonly TimeSpan Unused = TimeSpan.FromHours(1);

    // Asymmetric only: with HS256 the upstream's public key would be a secret everybody has.
    private static readonly string[] Algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    private readonly BoundedCache<string, (int Version, OpenIdConnectOptions Options)> cache = new(Capacity, Unused, clock);

    public OpenIdConnectOptions CurrentValue => throw new NotSupportedException("Options belong to a connection.");

    public int Count => cache.Count;

    /// <summary>Makes the options of this version of the connection the ones that <see cref="Get"/> gives.</summary>
    public void Prepare(ConnectionSnapshot connection)
    {
        var name = connection.Id.ToString();
        if (cache.TryGet(name, out var known) && known.Version == connection.Version) return;
        cache.Put(name, (connection.Version, Make(name, connection)));
    }

    public OpenIdConnectOptions Get(string? name) =>
        name is not null && cache.TryGet(name, out var known) ? known.Options : throw new InvalidOperationException("The scheme of a connection is asked for before its options.");

    public IDisposable? OnChange(Action<OpenIdConnectOptions, string?> listener) => null;

    private OpenIdConnectOptions Make(string name, ConnectionSnapshot connection)
    {
        var allowHttp = issuer.IsDevelopmentLoopback;
        var backchannel = handlers.CreateOutboundClient(name);
        var options = new OpenIdConnectOptions
        {
            Authority = connection.Issuer,
            ClientId = connection.ClientId,
            ClientSecret = connection.ClientSecretSealed is { } sealedSecret ? secrets.OpenText(sealedSecret, connection.SecretPlace) : null,
            CallbackPath = FederationPaths.Callback(name),
            SignInScheme = "none", // never reached: the ticket is taken before the handler would sign anybody in
            EventsType = typeof(ConnectionEvents),
            ResponseType = OpenIdConnectResponseType.Code,
            ResponseMode = OpenIdConnectResponseMode.Query,
            UsePkce = true,
            MapInboundClaims = false,
            SaveTokens = false,
            DisableTelemetry = true,
            PushedAuthorizationBehavior = PushedAuthorizationBehavior.Disable,
            GetClaimsFromUserInfoEndpoint = true, // ConnectionHandler asks only when the id token has no email
            RequireHttpsMetadata = !allowHttp,
            Backchannel = backchannel,
            TimeProvider = clock,
            CorrelationCookie = Cookies.Build(issuer, "sso-flow."),
            NonceCookie = Cookies.Build(issuer, "sso-nonce."),
            TokenValidationParameters = Rules(connection),
            TokenHandler = new SignedTokensOnly { MapInboundClaims = false },
        };
        options.NonceCookie.Expiration = options.ProtocolValidator.NonceLifetime;
        options.Scope.Clear();
        foreach (var scope in connection.Scopes) options.Scope.Add(scope);
        options.ClaimActions.Clear();

        var address = connection.Issuer.TrimEnd('/') + "/.well-known/openid-configuration";
        options.ConfigurationManager = new UpstreamConfiguration(
            address, new UpstreamDocuments(backchannel, allowHttp), new UpstreamMetadataRules(connection, allowHttp), outbound.Value.RequestTimeout, clock)
        {
            AutomaticRefreshInterval = TimeSpan.FromHours(12),
            RefreshInterval = TimeSpan.FromMinutes(5), // an unknown key id asks again, at most this often
            LastKnownGoodLifetime = TimeSpan.FromHours(24),
        };
        new OpenIdConnectPostConfigureOptions(protection).PostConfigure(name, options);
        options.Validate(name);
        return options;
    }

    private TokenValidationParameters Rules(ConnectionSnapshot connection) => new()
    {
        ValidAudience = connection.ClientId,
        ValidAlgorithms = Algorithms,
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        RequireAudience = true,
        ClockSkew = ClockSkew,
        LifetimeValidator = (notBefore, expires, _, _) => IsAlive(notBefore, expires),
        IssuerValidatorUsingConfiguration = (actual, _, _, configuration) =>
            configuration is { Issuer: { } published } && actual == UpstreamMetadataRules.ExpectedIssuer(connection, published)
                ? actual
                : throw new SecurityTokenInvalidIssuerException("The id token is of another issuer."),
    };

    private bool IsAlive(DateTime? notBefore, DateTime? expires)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        // The skew is taken from now: a token without nbf comes as DateTime.MinValue when its signature failed, and nothing lies before that.
        return expires is { } end && now - ClockSkew < end && (notBefore is not { } start || now + ClockSkew >= start);
    }
}
