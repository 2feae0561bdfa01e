using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.SampleApp;

/// <summary>Ledgerline: an invoicing application that signs in with plain OpenID Connect and nothing of ours.</summary>
public static class LedgerlineApp
{
    public const string CallbackPath = "/signin-oidc";
    public const string SignedOutPath = "/signout-callback-oidc";

    internal const string OrganizationItem = "organization";
    internal const string WorkspaceItem = "workspace";

    /// <summary>Built, not started; it answers at the address of its options.</summary>
    public static WebApplication Build(LedgerlineOptions options)
    {
        var builder = LoopbackSite.CreateBuilder(options.Url);
        builder.Services
            .AddSingleton(options)
            .AddSingleton<SessionStore>()
            .AddSingleton<TokenValidator>()
            .AddSingleton<TokenClient>()
            .AddSingleton<OrganizationsClient>()
            .AddSingleton<InvoiceBook>()
            .AddSingleton<LedgerlinePages>();
        // Sessions live in memory, so that keys that outlive the process would protect nothing.
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
            .AddCookie(ConfigureCookie)
            .AddOpenIdConnect(oidc => ConfigureOidc(oidc, options));
        builder.Services.AddOptions<CookieAuthenticationOptions>(CookieAuthenticationDefaults.AuthenticationScheme)
            .Configure<SessionStore>((cookie, sessions) => cookie.SessionStore = sessions);

        var app = builder.Build();
        app.UseLoopbackSite("Ledgerline");
        app.UseAuthentication();
        app.MapLedgerline();
        return app;
    }

    private static void ConfigureCookie(CookieAuthenticationOptions cookie)
    {
        // Ports of 127.0.0.1 share their cookies: the name has to be our own.
        cookie.Cookie.Name = "ledgerline_session";
        cookie.Cookie.SameSite = SameSiteMode.Lax;
        cookie.ExpireTimeSpan = TimeSpan.FromHours(8);
        // A sliding renewal writes back the ticket that the request began with, over one that was refreshed meanwhile.
        cookie.SlidingExpiration = false;
    }

    private static void ConfigureOidc(OpenIdConnectOptions oidc, LedgerlineOptions options)
    {
        oidc.Authority = options.Issuer.GetLeftPart(UriPartial.Authority);
        oidc.ClientId = options.ClientId;
        oidc.ClientSecret = options.ClientSecret;
        oidc.ResponseType = OpenIdConnectResponseType.Code;
        oidc.ResponseMode = OpenIdConnectResponseMode.Query;
        oidc.RequireHttpsMetadata = !options.Issuer.IsLoopback;
        oidc.SaveTokens = true;
        oidc.MapInboundClaims = false;
        oidc.TokenValidationParameters.NameClaimType = "name";
        oidc.TokenValidationParameters.RoleClaimType = "roles";
        oidc.CallbackPath = CallbackPath;
        oidc.SignedOutCallbackPath = SignedOutPath;
        oidc.Scope.Clear();
        foreach (var scope in (string[])["openid", "profile", "email", "offline_access"])
            oidc.Scope.Add(scope);

        // The answer comes as a top-level GET, so that Lax is enough. The handler's default is None and Secure,
        // which programs never send over the http of the demo.
        (oidc.CorrelationCookie.Name, oidc.NonceCookie.Name) = ("ledgerline_correlation.", "ledgerline_nonce.");
        foreach (var cookie in (CookieBuilder[])[oidc.CorrelationCookie, oidc.NonceCookie])
            (cookie.SameSite, cookie.SecurePolicy) = (SameSiteMode.Lax, CookieSecurePolicy.SameAsRequest);

        oidc.Events.OnRedirectToIdentityProvider = AddOrganization;
        oidc.Events.OnMessageReceived = CheckIssuerAsync;
        oidc.Events.OnRemoteFailure = ExplainAsync;
    }

    private static Task AddOrganization(RedirectContext context)
    {
        context.ProtocolMessage.LoginHint = context.Properties.GetParameter<string>(OpenIdConnectParameterNames.LoginHint);
        if (context.Properties.GetString(OrganizationItem) is { } organization)
            context.ProtocolMessage.SetParameter(OrganizationItem, organization);
        if (context.Properties.GetString(WorkspaceItem) is { } workspace)
            context.ProtocolMessage.SetParameter(WorkspaceItem, workspace);
        return Task.CompletedTask;
    }

    // RFC 9207: an answer that names another issuer was meant for somebody else's request.
    private static async Task CheckIssuerAsync(MessageReceivedContext context)
    {
        var issuer = await context.Options.ConfigurationManager!.GetConfigurationAsync(context.HttpContext.RequestAborted); // the handler always sets one
        if (context.ProtocolMessage.Iss is { Length: > 0 } named && named != issuer.Issuer)
            context.Fail("The answer names another issuer.");
    }

    private static async Task ExplainAsync(RemoteFailureContext context)
    {
        context.HandleResponse();
        var sentence = context.Failure?.Data["error"] switch
        {
            "access_denied" => "The login host says that you may not enter this organization, or the sign-in was cancelled.",
            "interaction_required" or "login_required" => "The login host needs you to sign in there first.",
            string => "The login host refused the request.",
            _ => "The answer of the login host could not be accepted. It may be too old, or from another tab.",
        };
        var current = await context.HttpContext.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        var stillIn = current.Ticket is { } ticket ? new Visitor(ticket, access: null).OrganizationName ?? "Ledgerline" : null;
        await LedgerlinePages.SignInFailed(sentence, stillIn).ExecuteAsync(context.HttpContext);
    }
}
