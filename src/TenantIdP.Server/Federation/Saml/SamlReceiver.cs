using TenantIdP.Core.SignIn;
using TenantIdP.Saml;
using TenantIdP.Saml.Responses;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>
/// The assertion consumer (Profiles 4.1.4): judges what an identity provider has a browser post. The post comes from another site, so without our cookies; here nobody is
/// signed in. What is accepted is remembered and waits for the browser's next request, which brings them.
/// </summary>
internal sealed class SamlReceiver(SamlRules rules, SamlWaiting waiting, SignInRefusals refusals, TraceRecorder trace)
{
    private static readonly SamlRule Replayed = new("assertion_replayed", "Profiles 4.1.4.5", "This answer was used before. Start the sign-in again; if it happens again, look who sends answers twice: a proxy, or the person's back button.");

    public async Task ReceiveAsync(HttpContext context, ConnectionSnapshot connection, string encoded, CancellationToken ct)
    {
        var verdict = ResponseValidator.Validate(encoded, await rules.OfAsync(connection, ct));
        trace.AddChecks(verdict.Checks);
        if (!verdict.IsOk)
        {
            FederationFinish.Show(context, await refusals.OfResponseAsync(connection, verdict.Failure, null, null, ct));
            return;
        }

        if (await waiting.KeepAsync(connection, verdict.Value, trace.Steps, ct) is { } handle)
        {
            FederationFinish.SeeOther(context, FederationPaths.SamlFinish(connection.Id, handle));
            return;
        }

        var replay = new SamlCheck(Replayed, SamlOutcome.Failed, "The assertion's ID is known.", "an assertion that is new");
        trace.AddChecks([replay]);
        FederationFinish.Show(context, await refusals.OfResponseAsync(connection, replay, null, null, ct));
    }
}
