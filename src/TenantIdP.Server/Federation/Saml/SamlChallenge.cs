using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Saml.Bindings;
using TenantIdP.Saml.Requests;
using TenantIdP.Server.Login;
using TenantIdP.Server.Theming;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>Sends a browser to a SAML identity provider with a request that only this browser can have answered.</summary>
internal sealed class SamlChallenge(SignInStart starts, ServiceProviderKeyCache keys, TraceRecorder trace, IssuerOptions issuer, Theme theme, TimeProvider clock)
{
    public async Task StartAsync(HttpContext context, ConnectionSnapshot connection, SamlSettings settings, PendingSignIn pending, EmailAddress? email, TestRun? test, CancellationToken ct)
    {
        var (name, id) = (connection.Id.ToString(), RequestIds.New());
        var addresses = SamlAddresses.Of(issuer.Issuer, connection.Id);
        trace.Add("request", "authn_request", TraceVerdict.Noted, $"{settings.SsoBinding} binding{(settings.SignRequests ? ", signed" : "")}, to {settings.SsoUrl}");
        var started = starts.Keep(context, name, HandleOf(id), pending, id, test);
        var request = new AuthnRequest
        {
            Id = id,
            Issuer = addresses.EntityId(settings),
            Destination = settings.SsoUrl,
            AcsUrl = addresses.Acs,
            IssueInstant = clock.GetUtcNow(),
            ForceAuthn = started.Fresh,
            NameIdFormat = settings.NameIdFormat,
            RequestedContexts = settings.RequestedContexts,
            LoginHint = settings.SendLoginHint ? email?.Value : null,
        };
        var key = settings.SignRequests ? (await keys.FindAsync(connection.OrganizationId, connection.Id, ct)).Signing : null;
        // Means nothing: identity providers send it back, and whatever comes back is not looked at.
        var relayState = ReturnCookie.NewHandle();
        var xml = AuthnRequestWriter.Write(request);
        if (settings.SsoBinding == SamlBinding.Redirect)
            FederationFinish.SeeOther(context, RedirectBinding.Encode(settings.SsoUrl, SamlParameter.Request, xml, relayState, key));
        else
            await WriteFormAsync(context, connection, PostBinding.Encode(settings.SsoUrl, SamlParameter.Request, xml, relayState, key), ct);
    }

    /// <summary>By which the browser's cookie is found when an answer names the request. The ID itself is no part of a cookie's name: it is what makes the answer this browser's.</summary>
    public static string HandleOf(string requestId) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(requestId)).AsSpan(0, 16));

    /// <summary>A page with one button: the request is too large for an address, or the identity provider takes it in a form only. No script, so a press is needed.</summary>
    private async Task WriteFormAsync(HttpContext context, ConnectionSnapshot connection, PostForm form, CancellationToken ct)
    {
        var html = HtmlEncoder.Default;
        var fields = string.Concat(form.Fields.Select(f => $"<input type=\"hidden\" name=\"{html.Encode(f.Key)}\" value=\"{html.Encode(f.Value)}\">"));
        context.Response.ContentType = "text/html; charset=utf-8";
        await context.Response.WriteAsync(
            $"""
            <!DOCTYPE html>
            <html lang="en">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>Continue</title><link rel="stylesheet" href="{html.Encode(theme.CssPath)}"></head>
            <body><div class="sheet"><main id="main"><h1>Continue to {html.Encode(connection.OrganizationName)}’s sign-in</h1>
            <form method="post" action="{html.Encode(form.Destination)}">{fields}<button class="primary" type="submit">Continue</button></form></main></div></body>
            </html>
            """,
            ct);
    }
}
