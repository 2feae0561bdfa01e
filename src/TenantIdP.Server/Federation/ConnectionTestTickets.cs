using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Federation;

/// <summary>The link that starts a test of one connection, for whoever can sign in at its identity provider: that need not be who may change the connection.</summary>
internal sealed class ConnectionTestTickets(IDataProtectionProvider protection, IssuerOptions issuer, TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <param name="actor">Who asked for the test, and may.</param>
    public (string Url, DateTimeOffset ExpiresAt) Issue(Id<Organization> organization, Id<Connection> connection, Actor actor)
    {
        var expiresAt = clock.GetUtcNow() + Lifetime;
        var ticket = Protector(connection).Protect(JsonSerializer.Serialize(new Ticket(new TestRun(organization, actor.Kind, actor.Id), expiresAt), JsonText.Options));
        return ($"{issuer.Issuer}{FederationPaths.Test(connection)}?ticket={Uri.EscapeDataString(ticket)}", expiresAt);
    }

    /// <summary>Null when it is not a ticket of ours for this connection, or has run out.</summary>
    public TestRun? Read(Id<Connection> connection, string? ticket)
    {
        if (string.IsNullOrEmpty(ticket)) return null;
        try
        {
            return JsonSerializer.Deserialize<Ticket>(Protector(connection).Unprotect(ticket), JsonText.Options) is { } read && clock.GetUtcNow() < read.ExpiresAt ? read.Run : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private IDataProtector Protector(Id<Connection> connection) => protection.CreateProtector("TenantIdP.ConnectionTest.v1", connection.ToString());

    private sealed record Ticket(TestRun Run, DateTimeOffset ExpiresAt);
}
