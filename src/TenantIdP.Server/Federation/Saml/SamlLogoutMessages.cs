using System.Text.Json;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Saml;
using TenantIdP.Saml.Logout;
using TenantIdP.Saml.Requests;
using TenantIdP.Saml.Responses;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>The logout messages that we send (Core 3.7); the sender signs them.</summary>
internal sealed class SamlLogoutMessages(IssuerOptions issuer, TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <returns>The ID that the answer will name, and the message; null when the name that the session has there can't be read any more.</returns>
    public (string Id, string Xml)? Request(ConnectionSnapshot connection, UpstreamLogout logout)
    {
        if (JsonSerializer.Deserialize<SamlNameId>(logout.NameId, JsonText.Options) is not { } name || connection.Saml is not { SloUrl: { } destination } settings) return null;
        var (id, now) = (RequestIds.New(), clock.GetUtcNow());
        var request = new LogoutRequest
        {
            Id = id, Issuer = SamlAddresses.Of(issuer.Issuer, connection.Id).EntityId(settings), Destination = destination, IssueInstant = now, NotOnOrAfter = now + Lifetime, NameId = name,
            SessionIndexes = logout.SessionIndex is { } index ? [index] : [],
        };
        return (id, LogoutWriter.Write(request));
    }

    public string Success(ConnectionSnapshot connection, LogoutRequest answered, string destination) => LogoutWriter.Write(new LogoutResponse
    {
        Id = RequestIds.New(), InResponseTo = answered.Id, Issuer = SamlAddresses.Of(issuer.Issuer, connection.Id).EntityId(connection.Saml!), Destination = destination, // a SAML connection has settings
        Status = SamlNames.SuccessStatus, IssueInstant = clock.GetUtcNow(),
    });
}
