using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Tokens;
using TenantIdP.Engine.OpenIddict.Endpoints;
using TenantIdP.Engine.OpenIddict.Keys;
using TenantIdP.Engine.OpenIddict.Stores;
using TenantIdP.Engine.OpenIddict.Tokens;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace TenantIdP.Engine.OpenIddict;

/// <summary>Puts OpenIddict behind the ports of Core. Needs IdpDbContext (scoped), SecretBox, RootKeys, IssuerOptions, IBrowserSession, IAppKeyDocuments and data protection.</summary>
public static class OpenIddictEngine
{
    public static IServiceCollection AddOpenIddictEngine(this IServiceCollection services, IConfiguration configuration, IssuerOptions issuer)
    {
        var tokens = Settings.Read(TokenOptions.Section, () => configuration.GetSection(TokenOptions.Section).Get<TokenOptions>());
        services.AddSingleton(tokens);
        services.AddSingleton(Settings.Read(SigningKeyOptions.Section, () => configuration.GetSection(SigningKeyOptions.Section).Get<SigningKeyOptions>()));
        services.AddSingleton(Settings.Read(BootstrapOptions.Section, () => configuration.GetSection(BootstrapOptions.Section).Get<BootstrapOptions>()));

        services.AddPooledDbContextFactory<SqliteOidcDbContext>(o => o.UseSqlite(s => s.MigrationsHistoryTable(OidcDbContext.HistoryTable)));
        services.AddPooledDbContextFactory<PostgreSqlOidcDbContext>(o => o.UseNpgsql(s => s.MigrationsHistoryTable(OidcDbContext.HistoryTable)));
        services.AddScoped<OidcSession>();
        services.AddSingleton<AppCache>();
        services.AddSingleton<INodeCache>(p => p.GetRequiredService<AppCache>());
        services.AddSingleton<AppOrigins>();
        services.AddSingleton<INodeCache>(p => p.GetRequiredService<AppOrigins>());
        services.AddSingleton<ApiCatalog>();
        services.AddSingleton<INodeCache>(p => p.GetRequiredService<ApiCatalog>());
        services.AddScoped<IAppRegistry, AppRegistry>();
        services.AddScoped<IGrantRevoker, GrantRevoker>();
        services.AddSingleton<AppKeySets>();
        services.AddSingleton<VerifiedTokens>();
        services.AddScoped<IAccessTokens, AccessTokens>();
        services.AddSingleton<ILogoutTokens, LogoutTokens>();
        services.AddScoped<AuthorizationRequests>();
        services.AddScoped<IAuthorizationRequests>(p => p.GetRequiredService<AuthorizationRequests>());
        services.AddScoped<IDeviceRequests, DeviceRequests>();
        services.AddScoped<Audiences>();
        services.AddScoped<Tallies>();
        services.AddScoped<TokenEvents>();
        services.AddScoped<TokenRefusals>();
        services.AddScoped<TokenTransaction>();
        services.AddScoped<EngineSchema>();
        services.AddScoped<ISchemaMigration>(p => p.GetRequiredService<EngineSchema>());

        services.AddSingleton<KeyRing>();
        services.AddSingleton<IConfigureOptions<OpenIddictServerOptions>>(p => p.GetRequiredService<KeyRing>());
        services.AddSingleton<IOptionsChangeTokenSource<OpenIddictServerOptions>>(p => p.GetRequiredService<KeyRing>());
        services.AddSingleton<INodeCache>(p => p.GetRequiredService<KeyRing>());
        services.AddScoped<IEngineUpkeep, EngineUpkeep>();
        services.AddHostedService<KeyMaintenance>();
        services.AddScoped<SigningKeyAge>();
        services.AddSingleton(GaugeEntry.Of<SigningKeyAge>());

        services.AddOpenIddict()
            .AddCore(core =>
            {
                core.UseEntityFrameworkCore().ReplaceDefaultEntities<OidcApplication, OidcAuthorization, OidcScope, OidcToken, Guid>();
                core.ReplaceApplicationManager<OidcApplication, AppManager>();
                core.ReplaceTokenManager<OidcToken, TokenManager>();
                core.ReplaceTokenStore<OidcToken, LeanTokenStore>();
                core.ReplaceAuthorizationStore<OidcAuthorization, LeanAuthorizationStore>();
            })
            .AddServer(server => Configure(server, issuer, tokens));
        services.AddScoped<global::OpenIddict.EntityFrameworkCore.IOpenIddictEntityFrameworkCoreContext>(p => p.GetRequiredService<OidcSession>());
        return services;
    }

    /// <summary>Before authentication, which answers the engine's own endpoints.</summary>
    public static IApplicationBuilder UseOpenIddictEngine(this IApplicationBuilder app) => app.UseMiddleware<CrossOrigin>();

    public static IEndpointRouteBuilder MapOpenIddictEngine(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMethods(InteractionPaths.Authorize, ["GET", "POST"], AuthorizeEndpoint.AuthorizeAsync).DisableAntiforgery();
        endpoints.MapMethods(InteractionPaths.EndSession, ["GET", "POST"], AuthorizeEndpoint.EndSessionAsync).DisableAntiforgery();
        return endpoints;
    }

    private static void Configure(OpenIddictServerBuilder server, IssuerOptions issuer, TokenOptions tokens)
    {
        server.SetIssuer(new Uri(issuer.Issuer))
            .SetAuthorizationEndpointUris(InteractionPaths.Authorize)
            .SetTokenEndpointUris("/connect/token")
            .SetUserInfoEndpointUris("/connect/userinfo")
            .SetIntrospectionEndpointUris("/connect/introspect")
            .SetRevocationEndpointUris("/connect/revoke")
            .SetPushedAuthorizationEndpointUris("/connect/par")
            .SetEndSessionEndpointUris(InteractionPaths.EndSession)
            .SetDeviceAuthorizationEndpointUris("/connect/device")
            .SetEndUserVerificationEndpointUris(InteractionPaths.Device);
        server.AllowAuthorizationCodeFlow().AllowRefreshTokenFlow().AllowClientCredentialsFlow().AllowTokenExchangeFlow().AllowDeviceAuthorizationFlow();
        server.SetAuthorizationCodeLifetime(TimeSpan.FromSeconds(tokens.CodeSeconds))
            .SetAccessTokenLifetime(TimeSpan.FromSeconds(tokens.AccessTokenSeconds))
            .SetIdentityTokenLifetime(TimeSpan.FromSeconds(tokens.IdTokenSeconds))
            .SetRefreshTokenLifetime(TimeSpan.FromDays(tokens.RefreshTokenDays))
            .SetRefreshTokenReuseLeeway(null)
            .SetDeviceCodeLifetime(DeviceRequests.Lifetime)
            .SetUserCodeLifetime(DeviceRequests.Lifetime)
            .SetUserCodeCharset([.. DeviceRequests.Alphabet.Select(letter => letter.ToString())])
            .SetUserCodeLength(DeviceRequests.Length)
            .SetUserCodeDisplayFormat("{0}{1}{2}{3}-{4}{5}{6}{7}");
        server.DisableAccessTokenEncryption().UseReferenceRefreshTokens().DisableScopeValidation().DisableResourceValidation().DisableAudienceValidation().IgnoreResourcePermissions().IgnoreAudiencePermissions();
        server.RegisterScopes(["openid", "profile", "email", "offline_access", .. ManagementApi.Scopes]);
        server.RegisterClaims("sub", "sid", "auth_time", "amr", "acr", "org_id", "org_name", "org_display_name", "roles", "permissions", "connection_id", "act", "name", "given_name", "family_name", "email", "email_verified");
        server.Configure(options =>
        {
            options.CodeChallengeMethods.Remove(OpenIddictConstants.CodeChallengeMethods.Plain);

            // An access token for an access token, and the acting party is the client.
            options.SubjectTokenTypes.IntersectWith([OpenIddictConstants.TokenTypeIdentifiers.AccessToken]);
            options.RequestedTokenTypes.IntersectWith([OpenIddictConstants.TokenTypeIdentifiers.AccessToken]);
            options.ActorTokenTypes.Clear();

            // It must outlast the person's sign-in; AuthorizeEndpoint asks for the first use in time.
            options.RequestTokenLifetime = AuthorizationRequests.Lifetime;
        });

        var aspnet = server.UseAspNetCore()
            .EnableAuthorizationEndpointPassthrough()
            .EnableEndSessionEndpointPassthrough()
            .EnableEndUserVerificationEndpointPassthrough() // a page of ours; the engine only tells devices where it is
            .EnableStatusCodePagesIntegration()
            .SuppressJsonResponseIndentation();
        if (issuer.IsDevelopmentLoopback) aspnet.DisableTransportSecurityRequirement();

        server.AddEventHandler<ValidateTokenContext>(h => h.UseScopedHandler<ClientAssertionKeys>().SetOrder(OpenIddictServerHandlers.Protection.ResolveTokenValidationParameters.Descriptor.Order + 1));
        server.AddEventHandler<ProcessAuthenticationContext>(h => h.UseScopedHandler<ClientAuthentication>().SetOrder(OpenIddictServerHandlers.ValidateClientSecret.Descriptor.Order + 1));
        server.AddEventHandler<ApplyConfigurationResponseContext>(h => h.UseSingletonHandler<ClientAuthenticationMetadata>().SetOrder(int.MinValue + 50_001));
        server.AddEventHandler<HandleTokenRequestContext>(h => h.UseScopedHandler<TokenRequestHandler>().SetOrder(500_000));
        server.AddEventHandler<HandleTokenRequestContext>(h => h.UseScopedHandler<TokenExchangeHandler>().SetOrder(500_001));
        server.RemoveEventHandler(OpenIddictServerHandlers.Exchange.ValidateAuthorizedParty.Descriptor);
        server.AddEventHandler<ValidateTokenRequestContext>(h => h.UseSingletonHandler<AuthorizedParty>().SetOrder(OpenIddictServerHandlers.Exchange.ValidateAuthorizedParty.Descriptor.Order));
        server.AddEventHandler<HandleDeviceAuthorizationRequestContext>(h => h.UseScopedHandler<DeviceAuthorization>().SetOrder(500_000));
        server.AddEventHandler<ApplyTokenResponseContext>(h => h.UseSingletonHandler<DevicePolling>().SetOrder(int.MinValue + 45_000));
        server.AddEventHandler<ApplyDeviceAuthorizationResponseContext>(h => h.UseSingletonHandler<DevicePolling>().SetOrder(int.MinValue + 45_000));
        server.AddEventHandler<HandleUserInfoRequestContext>(h => h.UseScopedHandler<UserInfo>().SetOrder(500_000));
        server.AddEventHandler<HandleIntrospectionRequestContext>(h => h.UseScopedHandler<Introspection>().SetOrder(500_000));
        server.RemoveEventHandler(OpenIddictServerHandlers.Introspection.ValidateAuthorizedParty.Descriptor); // Introspection decides by the API the caller serves

        server.RemoveEventHandler(OpenIddictServerHandlers.RedeemTokenEntry.Descriptor);
        server.AddEventHandler<ProcessSignInContext>(h => h.UseScopedHandler<AtomicRedemption>().SetOrder(OpenIddictServerHandlers.RedeemTokenEntry.Descriptor.Order));
        server.AddEventHandler<HandleRevocationRequestContext>(h => h.UseScopedHandler<Revocation>().SetOrder(OpenIddictServerHandlers.Revocation.RevokeToken.Descriptor.Order - 1));
        server.AddEventHandler<ValidateTokenRequestContext>(h => h.UseScopedHandler<ForeignToken>().SetOrder(OpenIddictServerHandlers.Exchange.ValidateAuthorizedParty.Descriptor.Order - 1));
        server.AddEventHandler<ApplyPushedAuthorizationResponseContext>(h => h.UseSingletonHandler<PushedLifetime>().SetOrder(int.MinValue + 50_000));

        var credentials = OpenIddictServerHandlers.Protection.AttachSecurityCredentials.Descriptor.Order;
        server.AddEventHandler<GenerateTokenContext>(h => h.UseScopedHandler<TokenShape>().SetOrder(credentials + 1));
        server.AddEventHandler<GenerateTokenContext>(h => h.UseSingletonHandler<ExactIssuer>().SetOrder(OpenIddictServerHandlers.Protection.AttachTokenMetadata.Descriptor.Order + 1));
        server.AddEventHandler<ApplyConfigurationResponseContext>(h => h.UseSingletonHandler<ExactIssuer>().SetOrder(int.MinValue + 50_000));
        server.AddEventHandler<ApplyAuthorizationResponseContext>(h => h.UseSingletonHandler<ExactIssuer>().SetOrder(OpenIddictServerHandlers.Authentication.AttachIssuer.Descriptor.Order + 1));
        server.AddEventHandler<ApplyTokenResponseContext>(h => h.UseSingletonHandler<TokenErrors>().SetOrder(int.MinValue + 50_000));
        server.AddEventHandler<ApplyTokenResponseContext>(h => h.UseScopedHandler<TokenTransaction>().SetOrder(int.MinValue + 40_000));
        server.AddEventHandler<ApplyTokenResponseContext>(h => h.UseSingletonHandler<TokenCount>().SetOrder(int.MinValue + 60_000)); // after the commit
    }
}
