using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Saml.Responses;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>
/// Where an accepted response waits for the browser that is to come for it on our own origin, and what remembers it afterwards. One row for both: its key is the assertion,
/// so of two nodes that receive it at once one accepts it.
/// </summary>
internal sealed class AssertionStore(IdpDbContext db, SecretBox box, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <returns>The one-time handle; null when the assertion was received before.</returns>
    public async Task<string?> ReceiveAsync(Id<Organization> organization, Id<Connection> connection, ValidatedResponse response, CancellationToken ct)
    {
        var handle = MachineSecret.New("");
        db.EnterOrganization(organization);
        var received = new ReceivedAssertion(organization, connection, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(response.AssertionId))), response.ReplayUntil);
        db.ReceivedAssertions.Add(received.WaitingUnder(handle, JsonSerializer.Serialize(response, JsonText.Options), box, clock.GetUtcNow() + Patience));
        try
        {
            await db.SaveChangesAsync(ct);
            return handle;
        }
        catch (DbUpdateException refused) when (db.UniqueViolation(refused) is not null)
        {
            db.DiscardChanges();
            return null;
        }
    }

    /// <summary>What waits under the handle, once: of two that come at the same time, one gets it.</summary>
    public async Task<ValidatedResponse?> TakeAsync(Id<Organization> organization, Id<Connection> connection, string handle, CancellationToken ct)
    {
        var hash = MachineSecret.Hash(handle);
        db.EnterOrganization(organization);
        var waiting = await db.ReceivedAssertions.AsNoTracking().SingleOrDefaultAsync(a => a.OrganizationId == organization && a.ConnectionId == connection && a.HandleHash == hash, ct);
        if (waiting is not { SealedResult: { } result } || waiting.ResultExpiresAt <= clock.GetUtcNow()) return null;
        var taken = await db.ReceivedAssertions.Where(a => a.OrganizationId == organization && a.ConnectionId == connection && a.HandleHash == hash)
            .ExecuteUpdateAsync(set => set.SetProperty(a => a.HandleHash, (string?)null).SetProperty(a => a.SealedResult, (string?)null), ct);
        return taken == 1 ? JsonSerializer.Deserialize<ValidatedResponse>(box.OpenText(result, ReceivedAssertion.PlaceOf(connection, waiting.AssertionHash)), JsonText.Options) : null;
    }
}
