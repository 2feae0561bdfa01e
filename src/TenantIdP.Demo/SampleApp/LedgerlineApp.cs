using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Diagnostics;
using TenantIdP.Client;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.SampleApp;

/// <summary>Ledgerline: an invoicing application that signs in, checks permissions and switches organizations with the client package.</summary>
public static class LedgerlineApp
{
    public const string CallbackPath = "/signin-oidc";
    public const string SignedOutPath = "/signout-callback-oidc";
    public const string LogoutPath = "/backchannel-logout";

    /// <summary>Built, not started; it answers at the address of its options.</summary>
    public static WebApplication Build(LedgerlineOptions options)
    {
        var builder = LoopbackSite.CreateBuilder(options.Url);
        builder.Services
            .AddSingleton(options)
            .AddSingleton<OrganizationsClient>()
            .AddSingleton<InvoiceBook>()
            .AddSingleton<LedgerlinePages>()
            .AddSingleton<WebhookInspector>();
        // Sessions live in memory, so that keys that outlive the process would protect nothing.
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddTenantIdP(o =>
        {
            o.Issuer = options.Issuer.GetLeftPart(UriPartial.Authority);
            o.ClientId = options.ClientId;
            o.ClientSecret = options.ClientSecret;
            o.Api = options.ApiIdentifier;
            o.CallbackPath = CallbackPath;
            o.SignedOutCallbackPath = SignedOutPath;
            o.BackChannelLogoutPath = LogoutPath;
            // Ports of 127.0.0.1 share their cookies: the name has to be our own.
            o.CookieName = "ledgerline";
            o.SignInFailed = ExplainAsync;
        });

        var app = builder.Build();
        app.UseLoopbackSite("Ledgerline");
        app.Use(SessionWatch.AllowAsync);
        app.UseStatusCodePages(RefuseAsync);
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapLedgerline();
        WebhookInspector.Map(app, options.WebhookSecret);
        app.MapSessionWatch();
        return app;
    }

    private static Task RefuseAsync(StatusCodeContext refused)
    {
        var context = refused.HttpContext;
        return context.Response.StatusCode == StatusCodes.Status403Forbidden && context.GetEndpoint()?.Metadata.GetMetadata<RequirePermissionAttribute>() is { } required
            ? context.RequestServices.GetRequiredService<LedgerlinePages>().Missing(new Visitor(context.User), required.Permission).ExecuteAsync(context)
            : Task.CompletedTask;
    }

    private static async Task ExplainAsync(HttpContext context, SignInFailure failure)
    {
        var sentence = failure.Error switch
        {
            "access_denied" => "The login host says that you may not enter this organization, or the sign-in was cancelled.",
            "interaction_required" or "login_required" => "The login host needs you to sign in there first.",
            string => "The login host refused the request.",
            _ => "The answer of the login host could not be accepted. It may be too old, or from another tab.",
        };
        var current = await context.AuthenticateAsync();
        var stillIn = current.Principal is { } person ? new Visitor(person).OrganizationName ?? "Ledgerline" : null;
        await LedgerlinePages.SignInFailed(sentence, stillIn).ExecuteAsync(context);
    }
}
