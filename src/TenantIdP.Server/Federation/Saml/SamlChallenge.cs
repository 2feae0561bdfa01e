using TenantIdP.Core.Connections;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Saml.Bindings;
using TenantIdP.Saml.Requests;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>The request to a SAML identity provider (Profiles 4.1.3), in an address or in a form.</summary>
internal sealed class SamlChallenge(ReturnCookie returns, SamlSender sender, IssuerOptions issuer, TraceRecorder trace, TimeProvider clock)
{
    public async Task StartAsync(HttpContext context, ConnectionSnapshot connection, Asked asked, CancellationToken ct)
    {
        var (settings, now, addresses) = (connection.Saml!, clock.GetUtcNow(), SamlAddresses.Of(issuer.Issuer, connection.Id)); // a SAML connection has them
        var request = new AuthnRequest
        {
            Id = RequestIds.New(), Issuer = addresses.EntityId(settings), Destination = settings.SsoUrl, AcsUrl = addresses.Acs, IssueInstant = now, ForceAuthn = asked.Fresh,
            NameIdFormat = settings.NameIdFormat, RequestedContexts = settings.RequestedContexts, LoginHint = settings.SendLoginHint ? asked.Hint?.Value : null,
        };
        var key = settings.SignRequests ? await sender.KeyAsync(connection, ct) : null;
        trace.Add("request", "request_sent", TraceVerdict.Noted, $"{settings.SsoBinding} binding, {(key is null ? "not signed" : "signed")}{(asked.Fresh ? ", a proof anew" : "")}");
        // What the answer must name is the ID itself, which the cookie keeps sealed; its name tells nobody.
        returns.Keep(context, connection.Id.ToString(), FlowHandle.Of(request.Id), new StartedSignIn(asked.Back, now, asked.Fresh, request.Id, asked.Test, trace.Steps));
        await sender.SendAsync(context, connection, new SamlEndpoint(settings.SsoUrl, settings.SsoBinding), SamlParameter.Request, AuthnRequestWriter.Write(request), FlowHandle.New(), key);
    }
}
