using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Federation;

/// <summary>Authentication schemes that exist when they are asked for: the name of a connection's scheme is its id. Nothing is registered per connection.</summary>
internal sealed class ConnectionSchemes(IOptions<AuthenticationOptions> options, ConnectionDirectory connections, ConnectionOptions connectionOptions) : AuthenticationSchemeProvider(options)
{
    public override async Task<AuthenticationScheme?> GetSchemeAsync(string name)
    {
        if (!Id<Connection>.TryParse(name, out var id)) return await base.GetSchemeAsync(name);
        // Whether people may sign in through it is the challenge's and the callback's question: a test goes through a draft.
        if (await connections.FindAnyAsync(id, CancellationToken.None) is not { Kind: ConnectionKind.Oidc, OrganizationIsActive: true } connection) return null;
        connectionOptions.Prepare(connection);
        return new AuthenticationScheme(name, displayName: null, typeof(ConnectionHandler));
    }
}
