using System.Text.Encodings.Web;
using System.Text.Unicode;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.WebEncoders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Federation;
using TenantIdP.Server.Federation.Saml;
using TenantIdP.Server.Http;
using TenantIdP.Server.Login;
using TenantIdP.Server.Mail;
using TenantIdP.Server.Management;
using TenantIdP.Server.Scim;
using TenantIdP.Server.Theming;

namespace TenantIdP.Server.Composition;

/// <summary>The web host: limits, pages, cookies and the order of the middleware.</summary>
internal static class Web
{
    private const int MaxBodyBytes = 1024 * 1024;
    private const int MaxFieldBytes = 32 * 1024;

    public static void AddWeb(this WebApplicationBuilder builder, IssuerOptions issuer)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            // A return URL is an authorization request inside another URL.
            kestrel.Limits.MaxRequestLineSize = 32 * 1024;
            kestrel.Limits.MaxRequestHeadersTotalSize = 64 * 1024;
        });

        var services = builder.Services;
        services.Configure<FormOptions>(form => (form.ValueLengthLimit, form.KeyLengthLimit, form.ValueCountLimit, form.BufferBodyLengthLimit) = (MaxFieldBytes, 256, 100, RequestShape.MaxFormBytes));
        services.AddRazorPages(pages => pages.RootDirectory = "/Login");
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie = Cookies.Build(issuer, "form");
            antiforgery.FormFieldName = "form_token";
            antiforgery.SuppressXFrameOptionsHeader = true; // ours is stricter and on every answer
        });
        services.AddAuthentication();
        services.AddSingleton<IAuthenticationSchemeProvider, ConnectionSchemes>();
        services.AddAuthorization();

        // A page is UTF-8: what is no sign of HTML needs no escape, and a name of ten letters no sixty.
        services.Configure<WebEncoderOptions>(encoder => encoder.TextEncoderSettings = new TextEncoderSettings(UnicodeRanges.All));
        services.AddSingleton<ThemeFolder>();
        services.AddSingleton<Theme>();
        services.AddSingleton<Texts>();
        services.AddScoped<PageTexts>();
        services.AddHttpContextAccessor();
        services.AddSingleton<SessionCookie>();
        services.AddScoped<BrowserSession>();
        services.AddScoped<IBrowserSession>(provider => provider.GetRequiredService<BrowserSession>());
        services.AddScoped<SignInFlow>();
        services.AddScoped<OrganizationChoices>();
        services.AddScoped<DeviceGuesses>();
        services.AddSingleton<DeviceCookie>();
        services.AddSingleton<PendingLinkCookie>();
        services.AddSingleton<RealmCookie>();
        services.AddSingleton<SkippedJoinsCookie>();
        services.AddScoped<AfterSignIn>();
        services.AddScoped<PasswordTools>();
        services.AddScoped<LinkTools>();
        services.AddSingleton<InvitationCookie>();
        services.AddSingleton<CodeCookie>();
        services.AddScoped<CodeWays>();
        services.AddScoped<InvitationWays>();
        services.AddScoped<CredentialTools>();
    }

    public static void UseWeb(this WebApplication app)
    {
        app.UseProxy();
        app.UseMiddleware<SecurityHeaders>();
        app.UseMiddleware<EngineRoutes>();
        app.UseMiddleware<Failures>();
        app.UseMiddleware<NodeGate>();
        app.UseMiddleware<AliasAddresses>();
        app.UseMiddleware<PublicOrigin>();
        app.UseMiddleware<RequestShape>();
        app.UseMiddleware<FormOrigin>();
        app.Use(static (context, next) =>
        {
            context.RequestServices.GetRequiredService<ActorContext>().TraceId = RequestTrace.Of(context);
            return next(context);
        });
        // Anybody may ask for codes of a device or push a request, and each stores rows: counted by network, as anonymous calls of the API are.
        // By segments: the engine takes a path with a slash behind for the same.
        app.UseWhen(
            static context => HttpMethods.IsPost(context.Request.Method) && (context.Request.Path.StartsWithSegments("/connect/device") || context.Request.Path.StartsWithSegments("/connect/par")),
            static branch => branch.Use(static async (context, next) =>
            {
                if (await context.RequestServices.GetRequiredService<RateLimits>().AdmitAsync(context, null)) await next(context);
            }));
        app.UseRouting();
        app.UseEngine();
        app.UseAuthentication();
        app.UseAuthorization();
    }

    public static void MapServer(this WebApplication app)
    {
        app.MapHealth();
        app.MapAssets();
        app.MapFederation();
        app.MapSaml();
        app.MapEngine();
        app.MapManagement();
        app.MapScim();
        app.MapDocumentPage();
        app.MapInvitationLinks();
        app.MapDevMail();
        app.MapRazorPages();
    }
}
