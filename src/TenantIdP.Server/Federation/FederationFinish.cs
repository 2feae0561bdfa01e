using Microsoft.AspNetCore.Authentication;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Server.Http;
using TenantIdP.Server.Login;

namespace TenantIdP.Server.Federation;

/// <summary>From a validated upstream answer to a session in this browser and the way back to the app.</summary>
internal sealed class FederationFinish(SignInService signIn, SignInFlow flow, BrowserSession browser, ReturnCookie returns, PendingLinkCookie links, SignInRefusals refusals)
{
    /// <param name="connection">Of the scheme whose key opened the state: the path and the state name the same one or there would be no properties (SECURITY.md A3).</param>
    public async Task SignInAsync(HttpContext context, Id<Connection> connection, AuthenticationProperties? properties, CancellationToken ct)
    {
        if (properties is null || !TryTakeReturn(context, connection, properties, out var back) || context.Features.Get<UpstreamAnswer>() is not { } answer)
        {
            Show(context, await refusals.OfStateAsync(connection, ct));
            return;
        }

        if (await flow.FindAsync(back, ct) is not { } pending)
        {
            Show(context, FailureFacts.From(SignInErrors.StateMismatch));
            return;
        }

        var claims = answer.Claims;
        var external = new ExternalIdentity(answer.Issuer, claims.Subject ?? "", claims.Email, claims.EmailVerified, claims.Name, claims.Amr);
        var result = await signIn.FederateAsync(connection, external, await browser.ContextAsync(ct), ct);
        if (!result.IsOk)
        {
            Show(context, FailureFacts.From(result.Error, back));
        }
        else if (result.Value.SignedIn is { } signedIn)
        {
            browser.Keep(signedIn);
            SeeOther(context, flow.Next(pending, signedIn));
        }
        else if (result.Value.Pending is { } link)
        {
            links.Keep(context, new WaitingLink(link, back));
            SeeOther(context, "/signin/link");
        }
    }

    public bool TryTakeReturn(HttpContext context, Id<Connection> connection, AuthenticationProperties properties, out string? back)
    {
        back = null;
        return properties.Items.TryGetValue(ConnectionChallenge.HandleItem, out var handle) && handle is not null && returns.TryTake(context, connection.ToString(), handle, out back);
    }

    public static void Show(HttpContext context, FailureFacts facts)
    {
        context.Features.Set(facts);
        context.Response.StatusCode = facts.Status;
    }

    private static void SeeOther(HttpContext context, string url)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = url;
    }
}
