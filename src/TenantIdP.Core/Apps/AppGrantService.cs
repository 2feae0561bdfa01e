using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Apps;

/// <summary>Which apps may act in the organization that was entered, and how far. Deleting a grant ends the app's access: our own API reads it with every request.</summary>
public sealed class AppGrantService(IdpDbContext db, IAppRegistry registry, EventLog events, TimeProvider clock)
{
    public async Task<Result<AppGrant>> FindAsync(Id<Organization> organization, Id<App> app, CancellationToken ct) =>
        await db.AppGrants.AsNoTracking().SingleOrDefaultAsync(g => g.OrganizationId == organization && g.AppId == app, ct) is { } found ? found : AppErrors.NotGranted;

    public async Task<Result<Page<AppGrant>>> ListAsync(Id<Organization> organization, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<App>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        var grants = db.AppGrants.AsNoTracking().Where(g => g.OrganizationId == organization);
        if (after is { } id) grants = grants.Where(g => g.AppId > id);
        return await grants.OrderBy(g => g.AppId).TakePageAsync(page, g => g.AppId.ToString(), ct);
    }

    /// <summary>Grants or changes. Nobody gives an app more than they have.</summary>
    public Task<Result<AppGrant>> GrantAsync(Id<Organization> organization, Id<App> app, IReadOnlyList<string> permissions, Granter granter, int? expectedVersion, CancellationToken ct) =>
        db.InTransactionAsync<AppGrant>(
            async () =>
            {
                // Of two at once the second finds what the first granted.
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                if (await registry.FindAsync(app, ct) is not { } found || !CanBeGranted(found)) return AppErrors.NotFound;
                var grant = await db.AppGrants.SingleOrDefaultAsync(g => g.OrganizationId == organization && g.AppId == app, ct);
                if (grant is null && expectedVersion is not null) return VersionErrors.Mismatch;
                if (grant is not null && VersionErrors.Check(grant, expectedVersion) is { IsOk: false } stale) return stale.Error;
                var (made, before) = (grant is null, grant is null ? null : EventLog.FactsOf(Facts(grant)));
                grant ??= AppGrant.To(app, organization, clock.GetUtcNow());
                var permitted = grant.Permit(permissions, clock.GetUtcNow());
                if (!permitted.IsOk) return permitted.Error;
                if (!await granter.CoversAsync(db, grant.Permissions, ct)) return RoleErrors.Escalation;
                if (before is null) events.Record(EventTypes.AppAccessGranted, organization, app.ToString(), Facts(grant));
                else events.RecordChange(EventTypes.AppAccessChanged, organization, app.ToString(), before, Facts(grant));
                if (made) db.AppGrants.Add(grant);
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? grant : saved.Error;
            }, ct);

    public async Task<Result> RevokeAsync(Id<Organization> organization, Id<App> app, CancellationToken ct)
    {
        if (await db.AppGrants.SingleOrDefaultAsync(g => g.OrganizationId == organization && g.AppId == app, ct) is not { } grant) return AppErrors.NotGranted;
        db.AppGrants.Remove(grant);
        events.Record(EventTypes.AppAccessRevoked, organization, app.ToString(), Facts(grant));
        return await db.TrySaveAsync(ct);
    }

    /// <summary>
    /// Only an app that asks for tokens of its own; to everybody else it is not there, so that an organization does not learn which apps there are. The one made at start has
    /// another client id and manages the whole instance anyway.
    /// </summary>
    private static bool CanBeGranted(App app) => app.GrantTypes.Contains(AppGrantTypes.ClientCredentials) && app.ClientId == app.Id.ToString();

    private static object Facts(AppGrant g) => new { g.Permissions };
}
