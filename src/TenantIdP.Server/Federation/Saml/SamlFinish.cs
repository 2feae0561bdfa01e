using TenantIdP.Core.Connections;
using TenantIdP.Core.SignIn;
using TenantIdP.Saml;
using TenantIdP.Saml.Responses;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>The browser comes for its accepted response: once, and only the browser that sent the request which the response answers (SECURITY.md A3).</summary>
internal sealed class SamlFinish(SamlWaiting waiting, ReturnCookie returns, SamlRules rules, FederationFinish finish, SignInRefusals refusals, TraceRecorder trace)
{
    public async Task FinishAsync(HttpContext context, ConnectionSnapshot connection, string? handle, CancellationToken ct)
    {
        if (await waiting.TakeAsync(connection, handle, ct) is not { } received)
        {
            // A handle that was used, is old or was invented: anybody can send those, so nothing is written down.
            FederationFinish.Show(context, SignInRefusals.StateMismatch);
            return;
        }

        if (received.Response.InResponseTo is not { } request || !returns.TryTake(context, connection.Id.ToString(), FlowHandle.Of(request), out var started))
        {
            FederationFinish.Show(context, await refusals.OfStateAsync(connection.Id, ConnectionKind.Saml, ct));
            return;
        }

        trace.Begin([.. started.Steps, .. received.Steps]);
        // Only a test goes through a connection that is not active (SECURITY.md A9).
        if (started.Test is null && !connection.IsLive) FederationFinish.Show(context, FailureFacts.From(SignInErrors.ConnectionUnavailable, started.Back));
        else await SignInAsync(context, connection, started, received.Response, ct);
    }

    private async Task SignInAsync(HttpContext context, ConnectionSnapshot connection, StartedSignIn started, ValidatedResponse response, CancellationToken ct)
    {
        var matched = ResponseValidator.Match(response, rules.Of(connection, started));
        trace.AddChecks(matched.Checks);
        if (!matched.IsOk)
        {
            await FailAsync(context, connection, started, matched.Failure, ct);
            return;
        }

        var identity = SamlIdentity.Read(response, connection);
        trace.AddChecks(identity.Checks);
        if (identity.IsOk) await finish.SignInAsync(context, connection.Id, ConnectionKind.Saml, started, identity.Value, ct);
        else await FailAsync(context, connection, started, identity.Failure, ct);
    }

    private async Task FailAsync(HttpContext context, ConnectionSnapshot connection, StartedSignIn started, SamlCheck failure, CancellationToken ct) =>
        finish.Fail(context, connection.Id, started, await refusals.OfResponseAsync(connection, failure, started.Test, started.Back, ct));
}
