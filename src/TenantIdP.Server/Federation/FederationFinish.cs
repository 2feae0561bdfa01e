using TenantIdP.Core.Connections;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Server.Http;
using TenantIdP.Server.Login;

namespace TenantIdP.Server.Federation;

/// <summary>From a validated upstream answer to a session in this browser and the way back to the app.</summary>
internal sealed class FederationFinish(SignInService signIn, AfterSignIn after, BrowserSession browser, PendingLinkCookie links, ConnectionTestFinish tests, Telemetry telemetry)
{
    /// <param name="started">Found in this browser's own cookie under this connection: the answer belongs to both (SECURITY.md A3).</param>
    public async Task SignInAsync(HttpContext context, Id<Connection> connection, ConnectionKind kind, StartedSignIn started, ExternalIdentity external, CancellationToken ct)
    {
        // Before anything else: what a test asked for never signs anybody in.
        if (started.Test is { } test)
        {
            await tests.AnswerAsync(context, connection, test, external, ct);
            return;
        }

        var back = started.Back;
        if (await after.FindAsync(back, ct) is not { } pending)
        {
            Show(context, FailureFacts.From(SignInErrors.StateMismatch));
            return;
        }

        var result = await signIn.FederateAsync(connection, external, await browser.ContextAsync(ct), ct);
        var outcome = !result.IsOk ? SignInOutcome.Refused : result.Value.SignedIn is null ? SignInOutcome.ProofRequired : SignInOutcome.Succeeded;
        telemetry.SignIn(MethodOf(kind), outcome, result.Error?.Code, connection.ToString());
        if (!result.IsOk)
        {
            Show(context, FailureFacts.From(result.Error, back) with { Advice = SignInAdvice.For(result.Error) });
        }
        else if (result.Value.SignedIn is { } signedIn)
        {
            browser.Keep(signedIn);
            SeeOther(context, await after.NextAsync(context, pending, signedIn, ct));
        }
        else if (result.Value.Pending is { } link)
        {
            links.Keep(context, new WaitingLink(link, back));
            SeeOther(context, "/signin/link");
        }
    }

    /// <summary>The upstream did not answer, or wrongly.</summary>
    public void Fail(HttpContext context, Id<Connection> connection, StartedSignIn started, FailureFacts facts)
    {
        if (started.Test is { } test) tests.Fail(context, connection, test, facts);
        else Show(context, facts);
    }

    /// <summary>The word of metrics for it.</summary>
    public static string MethodOf(ConnectionKind kind) => kind == ConnectionKind.Saml ? "saml" : "oidc";

    public static void Show(HttpContext context, FailureFacts facts)
    {
        context.Features.Set(facts);
        context.Response.StatusCode = facts.Status;
    }

    public static void SeeOther(HttpContext context, string url)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = url;
    }
}
