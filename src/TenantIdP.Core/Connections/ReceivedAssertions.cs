using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Connections;

/// <summary>Which assertions were accepted, and what they said until the browser came for it; one memory for all nodes.</summary>
public sealed class ReceivedAssertions(IdpDbContext db, SecretBox box, TimeProvider clock)
{
    /// <summary>From the form to the browser's next request.</summary>
    public static readonly TimeSpan Waiting = TimeSpan.FromMinutes(5);

    private static readonly Dictionary<string, Error> Unique = new() { ["pk_received_assertions"] = SamlErrors.AssertionReplayed };

    /// <summary>Remembers the assertion in one insert, so that of two at once one is refused, wherever they arrive.</summary>
    /// <param name="until">Until when it would be accepted again.</param>
    /// <returns>The handle under which the result waits, once.</returns>
    public async Task<Result<string>> KeepAsync(Id<Organization> organization, Id<Connection> connection, string assertionId, DateTimeOffset until, string result, CancellationToken ct)
    {
        db.EnterOrganization(organization);
        var (handle, waits) = (MachineSecret.New(""), clock.GetUtcNow() + Waiting);
        db.ReceivedAssertions.Add(new ReceivedAssertion(organization, connection, Fingerprint.Of(assertionId), until > waits ? until : waits).WaitingUnder(handle, result, box, waits));
        var saved = await db.TrySaveAsync(Unique, ct);
        return saved.IsOk ? handle : saved.Error;
    }

    /// <summary>Remembers a message that asks for nothing to be kept, such as a logout request, in the caller's transaction and scope.</summary>
    public async Task<Result> RememberAsync(Id<Organization> organization, Id<Connection> connection, string messageId, DateTimeOffset until, CancellationToken ct)
    {
        db.ReceivedAssertions.Add(new ReceivedAssertion(organization, connection, Fingerprint.Of("message:" + messageId), until));
        var saved = await db.TrySaveAsync(Unique, ct);
        return saved.IsOk ? saved : SamlErrors.LogoutReplayed;
    }

    /// <summary>The result, to the first who asks in time; null otherwise.</summary>
    public async Task<string?> TakeAsync(Id<Organization> organization, Id<Connection> connection, string handle, CancellationToken ct)
    {
        db.EnterOrganization(organization);
        var (hash, now) = (MachineSecret.Hash(handle), clock.GetUtcNow());
        var waiting = db.ReceivedAssertions.Where(a => a.OrganizationId == organization && a.ConnectionId == connection && a.HandleHash == hash && a.ResultExpiresAt > now);
        var found = await waiting.Select(a => new { a.AssertionHash, a.SealedResult }).SingleOrDefaultAsync(ct);
        if (found?.SealedResult is not { } sealedResult) return null;
        var taken = await waiting.ExecuteUpdateAsync(
            set => set.SetProperty(a => a.HandleHash, (string?)null).SetProperty(a => a.SealedResult, (string?)null).SetProperty(a => a.ResultExpiresAt, (DateTimeOffset?)null), ct);
        return taken == 1 ? box.OpenText(sealedResult, ReceivedAssertion.PlaceOf(connection, found.AssertionHash)) : null;
    }
}
