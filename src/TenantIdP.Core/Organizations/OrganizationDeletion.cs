using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Organizations;

/// <summary>How organizations end.</summary>
public sealed record DeletionOptions
{
    public const string Section = "TenantIdP:Deletion";

    /// <summary>Days between the deletion of an organization and its end for good; until then it can be restored.</summary>
    [Range(1, 365)]
    public int KeepDays { get; init; } = 30;

    public TimeSpan Kept => TimeSpan.FromDays(KeepDays);
}

/// <summary>
/// Deletes organizations in two phases (FEATURES.md row 3). The first lets nobody in and loses nothing; the second leaves the events, without personal data, and frees
/// names and domains. Crosses organizations to find whose time has come and whose only organization it was.
/// </summary>
public sealed class OrganizationDeletion(IdpDbContext db, EventLog events, IGrantRevoker grants, DeletionOptions options, TimeProvider clock)
{
    /// <summary>Ends every grant at once; sign-ins, refreshes and mints read the status.</summary>
    public Task<Result<Organization>> DeleteAsync(Id<Organization> id, int? expectedVersion, CancellationToken ct) => ChangeAsync(
        id, expectedVersion, EventTypes.OrganizationDeleting, async organization =>
        {
            var deleted = organization.Delete(options.Kept, clock.GetUtcNow());
            if (deleted.IsOk) await grants.EndOrganizationAsync(id, ct);
            return deleted;
        }, ct);

    /// <summary>Back to what it was. The grants stay ended: people sign in again.</summary>
    public Task<Result<Organization>> RestoreAsync(Id<Organization> id, CancellationToken ct) =>
        ChangeAsync(id, null, EventTypes.OrganizationRestored, organization => Task.FromResult(organization.Restore(clock.GetUtcNow())), ct);

    /// <summary>The end for good, before its time.</summary>
    /// <param name="confirm">The slug.</param>
    public Task<Result> PurgeAsync(Id<Organization> id, string confirm, CancellationToken ct) => PurgeAsync(id, organization => organization.Slug.Value == confirm ? Result.Ok : OrganizationErrors.PurgeNotConfirmed, ct);

    /// <summary>Purges all whose time has come, each by itself.</summary>
    public async Task PurgeDueAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var broken = new List<Exception>();
        foreach (var id in await db.Organizations.Where(o => o.PurgeAfter <= now).OrderBy(o => o.Id).Select(o => o.Id).ToListAsync(ct))
        {
            try
            {
                // Restored in this moment, perhaps.
                await PurgeAsync(id, organization => organization.PurgeAfter <= now ? Result.Ok : OrganizationErrors.NotDeleting, ct);
            }
            catch (DbUpdateException e)
            {
                broken.Add(e); // one that can't end keeps no other from it
            }

            db.ChangeTracker.Clear();
        }

        if (broken.Count > 0) throw new AggregateException(broken);
    }

    private async Task<Result> PurgeAsync(Id<Organization> id, Func<Organization, Result> may, CancellationToken ct)
    {
        var purged = await db.InTransactionAsync<bool>(
            async () =>
            {
                if (!await db.LockAsync(id, ct)) return OrganizationErrors.NotFound;
                var organization = await db.Organizations.AsNoTracking().SingleAsync(o => o.Id == id, ct);
                if (organization.Status != OrganizationStatus.Deleting) return OrganizationErrors.NotDeleting;
                var allowed = may(organization);
                if (!allowed.IsOk) return allowed.Error;
                db.EnterOrganization(id);
                await grants.EndOrganizationAsync(id, ct);
                var users = await EndUsersAsync(id, ct);
                await EmptyAsync(id, ct);
                events.RecordForInstance(EventTypes.OrganizationPurged, id.ToString(), new { slug = organization.Slug.Value, users });
                await db.SaveChangesAsync(ct);
                return true;
            }, ct);
        return purged.IsOk ? Result.Ok : purged.Error;
    }

    /// <summary>
    /// People whom this organization's own sign-in or directory made, who are in no other one and have no other way in, go with it. Everybody else is a person of the instance and stays.
    /// </summary>
    private async Task<int> EndUsersAsync(Id<Organization> id, CancellationToken ct)
    {
        var memberships = db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]);
        var own = db.Users.Where(u => !u.IsOperator && u.CreatedByOrganization == id
            && memberships.Any(m => m.UserId == u.Id && m.OrganizationId == id) && !memberships.Any(m => m.UserId == u.Id && m.OrganizationId != id)
            && (db.UserIdentities.Any(i => i.UserId == u.Id && i.OrganizationId == id) || db.DirectoryUsers.Any(d => d.OrganizationId == id && d.UserId == u.Id)) && !db.UserIdentities.Any(i => i.UserId == u.Id && i.OrganizationId != id)
            && !db.LocalCredentials.Any(c => c.UserId == u.Id));
        var users = await own.Select(u => u.Id).ToListAsync(ct);
        var ended = 0;
        foreach (var some in users.Chunk(500))
        {
            await grants.EndUsersAsync(some, ct);
            // Asked again in the statement that deletes: whoever has joined another one meanwhile stays.
            ended += await own.Where(u => some.Contains(u.Id)).ExecuteDeleteAsync(ct);
            await db.PersonalEventData.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
                .Where(p => p.UserId != null && some.Contains(p.UserId.Value) && !db.Users.Any(u => u.Id == p.UserId)).ExecuteDeleteAsync(ct);
        }

        return ended;
    }

    private async Task EmptyAsync(Id<Organization> id, CancellationToken ct)
    {
        // Roles can't go before those who hold them; what hangs on a connection or a membership goes with it.
        await db.PersonalEventData.Where(p => p.OrganizationId == id).ExecuteDeleteAsync(ct);
        await db.ApiKeys.Where(k => k.OrganizationId == id).ExecuteDeleteAsync(ct);
        await db.Directories.Where(d => d.OrganizationId == id).ExecuteDeleteAsync(ct); // with their tokens and logs
        await db.Memberships.Where(m => m.OrganizationId == id).ExecuteDeleteAsync(ct);
        await db.Invitations.Where(i => i.OrganizationId == id).ExecuteDeleteAsync(ct);
        await db.Workspaces.Where(w => w.OrganizationId == id).ExecuteDeleteAsync(ct);
        await db.Connections.Where(c => c.OrganizationId == id).ExecuteDeleteAsync(ct);
        await db.JoinRequests.Where(r => r.OrganizationId == id).ExecuteDeleteAsync(ct);
        await db.RememberHolderAsync(id, await db.Domains.Where(d => d.OrganizationId == id && d.VerifiedAt != null).Select(d => d.Host).ToListAsync(ct), ct);
        await db.Domains.Where(d => d.OrganizationId == id).ExecuteDeleteAsync(ct);
        await db.SignInTraces.Where(t => t.OrganizationId == id).ExecuteDeleteAsync(ct);
        await db.AppGrants.Where(g => g.OrganizationId == id).ExecuteDeleteAsync(ct);
        await db.OutboxMessages.Where(m => m.OrganizationId == id && m.State != Outbox.OutboxState.Pending).ExecuteDeleteAsync(ct); // what is still to be told is told
        await db.WebhookEndpoints.Where(w => w.OrganizationId == id).ExecuteDeleteAsync(ct); // with their deliveries
        await db.ServiceProviderKeys.Where(k => k.OrganizationId == id).ExecuteDeleteAsync(ct);
        await db.Roles.Where(r => r.OrganizationId == id).ExecuteDeleteAsync(ct);
        await db.Organizations.Where(o => o.Id == id).ExecuteDeleteAsync(ct);
    }

    private Task<Result<Organization>> ChangeAsync(Id<Organization> id, int? expectedVersion, string type, Func<Organization, Task<Result>> change, CancellationToken ct) =>
        db.ChangeAsync(
            id, expectedVersion, Saving.NoIndex, async organization =>
            {
                var changed = await change(organization);
                if (changed.IsOk) events.Record(type, id, id.ToString(), new { organization.Status, organization.PurgeAfter });
                return changed;
            }, ct);
}
