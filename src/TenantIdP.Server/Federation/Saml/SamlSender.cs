using TenantIdP.Core.Connections;
using TenantIdP.Saml.Bindings;
using TenantIdP.Saml.Keys;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>Has the browser take a message of ours to an identity provider, in an address or in a form.</summary>
internal sealed class SamlSender(ServiceProviderKeyCache keys, SelfSubmittingPage page)
{
    /// <summary>Null when there is none that may sign yet.</summary>
    public async Task<SamlKeyPair?> KeyAsync(ConnectionSnapshot connection, CancellationToken ct) => (await keys.FindAsync(connection.OrganizationId, connection.Id, ct)).Signing;

    /// <param name="relayState">Given back as it came, or one of ours: some identity providers insist on one, and it means nothing here.</param>
    /// <param name="key">Null leaves the message unsigned.</param>
    public Task SendAsync(HttpContext context, ConnectionSnapshot to, SamlEndpoint endpoint, SamlParameter parameter, string xml, string? relayState, SamlKeyPair? key)
    {
        if (endpoint.Binding == SamlBinding.Post) return page.WriteAsync(context, PostBinding.Encode(endpoint.Url, parameter, xml, relayState, key), to.OrganizationName);
        context.Response.Redirect(RedirectBinding.Encode(endpoint.Url, parameter, xml, relayState, key));
        return Task.CompletedTask;
    }
}
