using TenantIdP.Core.SignIn;
using TenantIdP.Saml;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>
/// The assertion consumer (Profiles 4.1.4): judges what an identity provider has a browser post. The post comes from another site, so without our cookies; here nobody is
/// signed in. What is accepted is remembered and waits for the browser's next request, which brings them.
/// </summary>
internal sealed class SamlReceiver(SamlJudge judge, SamlWaiting waiting, SamlUnsolicited unsolicited, SignInRefusals refusals, TraceRecorder trace)
{
    private static readonly SamlRule Replayed = new("assertion_replayed", "Profiles 4.1.4.5", "This answer was used before. Start the sign-in again; if it happens again, look who sends answers twice: a proxy, or the person's back button.");

    private static readonly SamlRule Start = new("idp_initiated_app", "ours", "The app that sign-ins from the identity provider start at is gone or has no initiateLoginUri. Set one, or another app in saml.idpInitiatedApp.");

    public async Task ReceiveAsync(HttpContext context, ConnectionSnapshot connection, string encoded, CancellationToken ct)
    {
        var verdict = await judge.ValidateAsync(connection, encoded, ct);
        if (!verdict.IsOk) await RefuseAsync(context, connection, verdict.Failure, ct);
        else if (await waiting.KeepAsync(connection, verdict.Value, trace.Steps, ct) is not { } handle) await FailAsync(context, connection, Replayed, "The assertion's ID is known.", "an assertion that is new", ct);
        else if (verdict.Value.InResponseTo is not null) FederationFinish.SeeOther(context, FederationPaths.SamlFinish(connection.Id, handle));
        else if (!connection.IsLive) FederationFinish.Show(context, FailureFacts.From(SignInErrors.ConnectionUnavailable));
        else if (await unsolicited.StartAsync(connection, verdict.Value, ct) is { } start) FederationFinish.SeeOther(context, start);
        else await FailAsync(context, connection, Start, "No address to start at.", "an app with initiateLoginUri", ct);
    }

    private Task FailAsync(HttpContext context, ConnectionSnapshot connection, SamlRule rule, string seen, string expected, CancellationToken ct)
    {
        var failure = new SamlCheck(rule, SamlOutcome.Failed, seen, expected);
        trace.AddChecks([failure]);
        return RefuseAsync(context, connection, failure, ct);
    }

    private async Task RefuseAsync(HttpContext context, ConnectionSnapshot connection, SamlCheck failure, CancellationToken ct) =>
        FederationFinish.Show(context, await refusals.OfPostedAsync(connection, failure, ct));
}
