using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Saml;
using TenantIdP.Saml.Bindings;
using TenantIdP.Saml.Logout;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>
/// The logout address of a connection (Profiles 4.4): ends what the identity provider's signed request names, whichever browser brings it and whether it has our cookies or
/// not; and takes the answers to our own requests.
/// </summary>
internal sealed class SamlLogoutReceiver(SamlRules rules, UpstreamSessions upstream, SamlLogoutMessages messages, SamlSender sender, SignInRefusals refusals, TraceRecorder trace)
{
    /// <summary>Longer than any message is accepted after its time.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(30);

    private const string Stage = "logout";

    /// <param name="parameter">Which of the two messages it should be.</param>
    /// <param name="relayState">Handed back with our answer; nothing else is done with it.</param>
    public async Task ReceiveAsync(HttpContext context, ConnectionSnapshot connection, SamlParameter parameter, SamlVerdict<LogoutMessage> message, string? relayState, CancellationToken ct)
    {
        if (!message.IsOk) await RefuseAsync(context, connection, parameter, message.Failure, ct);
        else if (parameter == SamlParameter.Request) await EndAsync(context, connection, message.Value, relayState, ct);
        else await GoOnAsync(context, connection, message.Value, ct);
    }

    private async Task EndAsync(HttpContext context, ConnectionSnapshot connection, LogoutMessage message, string? relayState, CancellationToken ct)
    {
        var accepted = rules.LogoutOf(connection);
        var verdict = LogoutValidator.ReadRequest(message, accepted);
        trace.AddChecks(verdict.Checks, Stage);
        if (!verdict.IsOk)
        {
            await RefuseAsync(context, connection, SamlParameter.Request, verdict.Failure, ct);
            return;
        }

        var request = verdict.Value;
        var ended = await upstream.EndAsync(connection.OrganizationId, connection.Id, request.Id, accepted.Now + Remembered, SamlIdentity.HashOf(request.NameId), request.SessionIndexes, ct);
        if (!ended.IsOk) FederationFinish.Show(context, FailureFacts.From(ended.Error));
        else await AnswerAsync(context, connection, request, relayState, ct);
    }

    private async Task AnswerAsync(HttpContext context, ConnectionSnapshot connection, LogoutRequest request, string? relayState, CancellationToken ct)
    {
        var settings = connection.Saml!; // a SAML connection has them
        if ((settings.SloResponseUrl ?? settings.SloUrl) is { } address && await sender.KeyAsync(connection, ct) is { } key)
            await sender.SendAsync(context, connection, new SamlEndpoint(address, settings.SloBinding), SamlParameter.Response, messages.Success(connection, request, address), relayState, key);
        else FederationFinish.SeeOther(context, InteractionPaths.SignOut);
    }

    /// <summary>Only the browser that sent the request has a round to go on with; in any other this is the page that says that one is signed out.</summary>
    private async Task GoOnAsync(HttpContext context, ConnectionSnapshot connection, LogoutMessage message, CancellationToken ct)
    {
        var verdict = LogoutValidator.ReadResponse(message, rules.LogoutOf(connection));
        trace.AddChecks(verdict.Checks, Stage);
        if (verdict.IsOk) FederationFinish.SeeOther(context, FederationPaths.SignOut(FlowHandle.Of(verdict.Value.InResponseTo)));
        else await RefuseAsync(context, connection, SamlParameter.Response, verdict.Failure, ct);
    }

    private async Task RefuseAsync(HttpContext context, ConnectionSnapshot connection, SamlParameter parameter, SamlCheck failure, CancellationToken ct)
    {
        if (!trace.Steps.Any(s => s.Verdict == TraceVerdict.Failed)) trace.AddChecks([failure], Stage);
        FederationFinish.Show(context, await refusals.OfLogoutAsync(connection, failure, parameter == SamlParameter.Request ? SamlErrors.LogoutRefused : SamlErrors.LogoutAnswerRefused, ct));
    }
}
