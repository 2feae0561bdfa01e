using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Keys;

/// <summary>A key as just made, with its secret for the only time.</summary>
public sealed record MadeKey(ApiKey Key, string Secret);

/// <summary>A merge patch of a key.</summary>
public sealed record KeyChanges
{
    public Patch<string> DisplayName { get; init; }
    public Patch<IReadOnlyList<string>> Permissions { get; init; }

    /// <summary>Null: never.</summary>
    public Patch<DateTimeOffset?> ExpiresAt { get; init; }
}

/// <summary>The keys of the organization that was entered. Nobody gives a key more than they have.</summary>
public sealed class KeyService(IdpDbContext db, EventLog events, TimeProvider clock)
{
    /// <param name="by">The member who makes it; null for an operator's app.</param>
    public Task<Result<MadeKey>> CreateAsync(Id<Organization> organization, KeySettings settings, Id<User>? by, Granter granter, CancellationToken ct) =>
        db.InTransactionAsync<MadeKey>(
            async () =>
            {
                if (by is null && !granter.IsInstance) return KeyErrors.PersonRequired;
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                var made = ApiKey.Create(organization, settings, by, clock.GetUtcNow());
                if (!made.IsOk) return made.Error;
                var (key, secret) = made.Value;
                if (!await granter.CoversAsync(db, key.Permissions, ct)) return RoleErrors.Escalation;
                if (await db.ApiKeys.CountAsync(k => k.OrganizationId == organization, ct) >= ApiKey.Most) return KeyErrors.Limit;
                db.ApiKeys.Add(key);
                events.Record(EventTypes.KeyCreated, organization, key.Id.ToString(), Facts(key));
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? new MadeKey(key, secret) : saved.Error;
            }, ct);

    public async Task<Result<ApiKey>> FindAsync(Id<Organization> organization, Id<ApiKey> id, CancellationToken ct) =>
        await db.ApiKeys.AsNoTracking().SingleOrDefaultAsync(k => k.OrganizationId == organization && k.Id == id, ct) is { } found ? found : KeyErrors.NotFound;

    /// <param name="createdBy">Null: whoever made them.</param>
    public Task<Result<Page<ApiKey>>> ListAsync(Id<Organization> organization, Id<User>? createdBy, PageRequest page, CancellationToken ct)
    {
        var keys = db.ApiKeys.AsNoTracking().Where(k => k.OrganizationId == organization);
        if (createdBy is { } by) keys = keys.Where(k => k.CreatedBy == by);
        return keys.PageAsync(page, k => k.Id, ct);
    }

    /// <summary>
    /// Counts from the key's next request. The caller must hold what it permitted before and what it permits after. One that stands alone is the instance's to change: what a
    /// member adds to it would outlive them.
    /// </summary>
    public async Task<Result<ApiKey>> UpdateAsync(Id<Organization> organization, Id<ApiKey> id, KeyChanges changes, Id<User>? by, Granter granter, int? expectedVersion, CancellationToken ct)
    {
        if (by is null && !granter.IsInstance) return KeyErrors.PersonRequired;
        if (await db.ApiKeys.SingleOrDefaultAsync(k => k.OrganizationId == organization && k.Id == id, ct) is not { } key) return KeyErrors.NotFound;
        if (key.CreatedBy is null && !granter.IsInstance) return KeyErrors.OperatorsOwn;
        var seen = VersionErrors.Check(key, expectedVersion);
        if (!seen.IsOk) return seen.Error;
        var settings = new KeySettings(changes.DisplayName.Or(key.DisplayName) ?? "", changes.Permissions.Or(key.Permissions) ?? [], changes.ExpiresAt.Or(key.ExpiresAt));
        if (!await granter.CoversAsync(db, key.Permissions.Union(settings.Permissions), ct)) return RoleErrors.Escalation;
        var before = EventLog.FactsOf(Facts(key));
        var changed = key.Change(settings, clock.GetUtcNow());
        if (!changed.IsOk) return changed.Error;
        events.RecordChange(EventTypes.KeyUpdated, organization, id.ToString(), before, Facts(key));
        var saved = await db.TrySaveAsync(ct);
        return saved.IsOk ? key : saved.Error;
    }

    /// <summary>Its next request is refused.</summary>
    public async Task<Result> RevokeAsync(Id<Organization> organization, Id<ApiKey> id, CancellationToken ct)
    {
        if (await db.ApiKeys.SingleOrDefaultAsync(k => k.OrganizationId == organization && k.Id == id, ct) is not { } key) return KeyErrors.NotFound;
        db.Revoke(key, events);
        return await db.TrySaveAsync(ct);
    }

    internal static object Facts(ApiKey k) => new { k.DisplayName, k.Prefix, k.Permissions, k.ExpiresAt, k.CreatedBy };
}
