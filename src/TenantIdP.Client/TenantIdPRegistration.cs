using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using TenantIdP.Client.Logout;
using TenantIdP.Client.Permissions;
using TenantIdP.Client.Sessions;
using TenantIdP.Client.SignIn;

namespace TenantIdP.Client;

/// <summary>Adds TenantIdP to an application.</summary>
public static class TenantIdPRegistration
{
    private const string IssuerRule = "Issuer has to be an https address (http on a loopback address only).";

    /// <summary>
    /// A web application whose people sign in at the login host. Sessions are kept in the application's <c>IDistributedCache</c>, encrypted; without one of its own, in memory.
    /// On several nodes share the cache and the data-protection keys, and see <see cref="ISessionTurns"/>. The login host's logout tokens are received at
    /// <see cref="TenantIdPOptions.BackChannelLogoutPath"/>; whom they sign out, each node learns from the cache.
    /// </summary>
    public static IServiceCollection AddTenantIdP(this IServiceCollection services, Action<TenantIdPOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<TenantIdPOptions>().Configure(configure)
            .Validate(o => Address.IsAcceptable(o.Issuer), IssuerRule)
            .Validate(o => o is { ClientId.Length: > 0, ClientSecret.Length: > 0 }, "ClientId and ClientSecret are required.")
            .Validate(o => o.Api is null or { Length: > 0 }, "Api is an identifier, or null.")
            .Validate(o => o.CookieName.Length > 0 && o.CookieName.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'), "CookieName is letters, digits and _ - . only.")
            .Validate(o => o.SessionLifetime > TimeSpan.Zero, "SessionLifetime has to be longer than nothing.")
            .Validate(o => !o.AskWhenPermissionsOverflow || o.Api is not null, "AskWhenPermissionsOverflow needs an Api to ask about.")
            .ValidateOnStart();

        services.AddAuthentication(o => (o.DefaultScheme, o.DefaultChallengeScheme) = (TenantIdPSchemes.Session, TenantIdPSchemes.SignIn))
            .AddCookie(TenantIdPSchemes.Session)
            .AddOpenIdConnect(TenantIdPSchemes.SignIn, _ => { });
        services.AddSingleton<IConfigureOptions<CookieAuthenticationOptions>, SessionCookie>();
        services.AddSingleton<IConfigureOptions<OpenIdConnectOptions>, SignInHandler>();
        services.AddDistributedMemoryCache();
        services.AddDataProtection();
        services.TryAddSingleton<ISessionTurns, LocalTurns>();
        services.TryAddSingleton<EndedSessions>();
        services.TryAddSingleton<SessionStore>();
        services.TryAddSingleton<LogoutTokens>();
        services.AddSingleton<IStartupFilter, BackChannelLogout>();
        services.TryAddSingleton<TokenEndpoint>();
        services.TryAddSingleton<SessionRefresher>();
        services.TryAddSingleton(provider => new OrganizationSwitcher(provider.GetRequiredService<SessionRefresher>(), provider.GetRequiredService<TimeProvider>()));
        return services.AddPermissions();
    }

    /// <summary>An API that accepts access tokens: signed by the issuer (ES256 or RS256), of the type <c>at+jwt</c>, for this audience.</summary>
    public static IServiceCollection AddTenantIdPApi(this IServiceCollection services, Action<TenantIdPApiOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<TenantIdPApiOptions>().Configure(configure)
            .Validate(o => Address.IsAcceptable(o.Issuer), IssuerRule)
            .Validate(o => o.Api.Length > 0, "Api is required: it is the audience.")
            .Validate(o => o.ClientId is null == o.ClientSecret is null, "ClientId and ClientSecret belong together.")
            .ValidateOnStart();

        services.AddAuthentication(o => o.DefaultScheme ??= TenantIdPSchemes.Api).AddJwtBearer(TenantIdPSchemes.Api, _ => { });
        services.AddSingleton<IConfigureOptions<JwtBearerOptions>, ApiHandler>();
        return services.AddPermissions();
    }

    /// <summary>Signs out here and at the login host, then comes back to a path of this site.</summary>
    public static async Task SignOutOfTenantIdPAsync(this HttpContext context, string returnUrl = "/")
    {
        ArgumentNullException.ThrowIfNull(context);
        // Read before the session is gone: the login host is told by its id token whose session ends.
        await context.AuthenticateAsync(TenantIdPSchemes.Session);
        await context.SignOutAsync(TenantIdPSchemes.Session);
        await context.SignOutAsync(TenantIdPSchemes.SignIn, new AuthenticationProperties { RedirectUri = Address.Local(returnUrl) });
    }

    private static IServiceCollection AddPermissions(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddHttpClient(PermissionQuestions.HttpClientName, http => http.Timeout = TimeSpan.FromSeconds(10));
        services.TryAddSingleton<PermissionQuestions>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IAuthorizationHandler, PermissionHandler>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IAuthorizationHandler, OrganizationHandler>());
        services.AddAuthorization();
        return services.AddAnswer();
    }

    // Only one such handler is asked: ours stands before the application's own, or the framework's.
    private static IServiceCollection AddAnswer(this IServiceCollection services)
    {
        var usual = services.LastOrDefault(service => !service.IsKeyedService && service.ServiceType == typeof(IAuthorizationMiddlewareResultHandler));
        return services.AddTransient<IAuthorizationMiddlewareResultHandler>(provider => new ForeignOrganizationAnswer(Make(provider, usual)));
    }

    private static IAuthorizationMiddlewareResultHandler Make(IServiceProvider provider, ServiceDescriptor? usual) => usual switch
    {
        { ImplementationInstance: IAuthorizationMiddlewareResultHandler made } => made,
        { ImplementationFactory: { } factory } => (IAuthorizationMiddlewareResultHandler)factory(provider),
        { ImplementationType: { } type } => (IAuthorizationMiddlewareResultHandler)ActivatorUtilities.CreateInstance(provider, type),
        _ => new AuthorizationMiddlewareResultHandler(),
    };
}
