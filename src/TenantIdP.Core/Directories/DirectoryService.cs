using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Directories;

/// <summary>A directory as just made, with its first token for the only time.</summary>
public sealed record MadeDirectory(OrganizationDirectory Directory, MadeDirectoryToken Token);

/// <summary>A merge patch of a directory. Null puts back what a new one has.</summary>
public sealed record DirectoryChanges
{
    public Patch<string> DisplayName { get; init; }
    public Patch<DirectoryStatus?> Status { get; init; }
    public Patch<OutsideDomains?> OutsideDomains { get; init; }
    public Patch<CorrelateBy?> CorrelateBy { get; init; }
    public Patch<bool?> OwnsProfile { get; init; }
    public Patch<string> DefaultRole { get; init; }

    /// <summary>All of them: one that is left out is defined no more.</summary>
    public Patch<IReadOnlyList<DirectoryAttribute>> CustomAttributes { get; init; }
}

/// <summary>The directories of the organization that was entered.</summary>
public sealed class DirectoryService(IdpDbContext db, DirectoryTokens tokens, EventLog events, TimeProvider clock)
{
    /// <param name="tokenExpiresAt">Of the first token; null: never.</param>
    public Task<Result<MadeDirectory>> CreateAsync(Id<Organization> organization, DirectorySettings settings, DateTimeOffset? tokenExpiresAt, Granter granter, CancellationToken ct) =>
        db.InTransactionAsync<MadeDirectory>(
            async () =>
            {
                var made = await AddAsync(organization, settings, granter, ct);
                if (!made.IsOk) return made.Error;
                var token = tokens.Add(made.Value, tokenExpiresAt);
                if (!token.IsOk) return token.Error;
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? new MadeDirectory(made.Value, token.Value) : saved.Error;
            }, ct);

    /// <summary>Without a token: nobody is let in until one is made.</summary>
    public Task<Result<OrganizationDirectory>> CreateClosedAsync(Id<Organization> organization, DirectorySettings settings, Granter granter, CancellationToken ct) =>
        db.InTransactionAsync<OrganizationDirectory>(
            async () =>
            {
                var made = await AddAsync(organization, settings, granter, ct);
                if (!made.IsOk) return made;
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? made : saved.Error;
            }, ct);

    public async Task<Result<OrganizationDirectory>> FindAsync(Id<Organization> organization, Id<OrganizationDirectory> id, CancellationToken ct) =>
        await db.Directories.AsNoTracking().SingleOrDefaultAsync(d => d.OrganizationId == organization && d.Id == id, ct) is { } found ? found : DirectoryErrors.NotFound;

    public Task<Result<Page<OrganizationDirectory>>> ListAsync(Id<Organization> organization, PageRequest page, CancellationToken ct) =>
        db.Directories.AsNoTracking().Where(d => d.OrganizationId == organization).PageAsync(page, d => d.Id, ct);

    /// <summary>Counts from the directory's next request. Nobody who is a member already gains or loses anything by it.</summary>
    public Task<Result<OrganizationDirectory>> UpdateAsync(
        Id<Organization> organization, Id<OrganizationDirectory> id, DirectoryChanges changes, Granter granter, int? expectedVersion, CancellationToken ct) =>
        db.InTransactionAsync<OrganizationDirectory>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                if (await db.Directories.SingleOrDefaultAsync(d => d.OrganizationId == organization && d.Id == id, ct) is not { } directory) return DirectoryErrors.NotFound;
                var seen = VersionErrors.Check(directory, expectedVersion);
                if (!seen.IsOk) return seen.Error;
                var changed = await ChangeAsync(directory, changes, granter, ct);
                if (!changed.IsOk) return changed.Error;
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? directory : saved.Error;
            }, ct);

    private async Task<Result<OrganizationDirectory>> AddAsync(Id<Organization> organization, DirectorySettings settings, Granter granter, CancellationToken ct)
    {
        if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
        var role = await CheckRoleAsync(organization, settings.DefaultRole, granter, ct);
        if (!role.IsOk) return role.Error;
        if (await db.Directories.CountAsync(d => d.OrganizationId == organization, ct) >= OrganizationDirectory.Most) return DirectoryErrors.Limit;
        var made = OrganizationDirectory.Create(organization, settings, clock.GetUtcNow());
        if (!made.IsOk) return made;
        db.Directories.Add(made.Value);
        events.Record(EventTypes.DirectoryCreated, organization, made.Value.Id.ToString(), Facts(made.Value));
        return made;
    }

    private async Task<Result> ChangeAsync(OrganizationDirectory directory, DirectoryChanges changes, Granter granter, CancellationToken ct)
    {
        var (now, before, was, usual) = (clock.GetUtcNow(), EventLog.FactsOf(Facts(directory)), directory.Settings, DirectorySettings.Named(""));
        var settings = new DirectorySettings(
            changes.DisplayName.Or(was.DisplayName) ?? "", changes.OutsideDomains.Or(was.OutsideDomains) ?? usual.OutsideDomains, changes.CorrelateBy.Or(was.CorrelateBy) ?? usual.CorrelateBy,
            changes.OwnsProfile.Or(was.OwnsProfile) ?? usual.OwnsProfile, changes.DefaultRole.Or(was.DefaultRole) ?? usual.DefaultRole)
        {
            CustomAttributes = changes.CustomAttributes.Or(was.CustomAttributes) ?? usual.CustomAttributes,
        };
        if (settings.DefaultRole != was.DefaultRole && await CheckRoleAsync(directory.OrganizationId, settings.DefaultRole, granter, ct) is { IsOk: false } bad) return bad;
        if (settings != was && directory.Change(settings, now) is { IsOk: false } wrong) return wrong;
        if (settings != was) events.RecordChange(EventTypes.DirectoryUpdated, directory.OrganizationId, directory.Id.ToString(), before, Facts(directory));
        var status = changes.Status.Or(directory.Status) ?? DirectoryStatus.Active;
        if (status == directory.Status) return Result.Ok;
        directory.SetStatus(status, now);
        events.Record(status == DirectoryStatus.Active ? EventTypes.DirectoryEnabled : EventTypes.DirectoryDisabled, directory.OrganizationId, directory.Id.ToString(), Facts(directory));
        return Result.Ok;
    }

    /// <summary>Whoever sets the role gives it to everybody the directory brings: it is never a privileged one, and never more than they have (SECURITY.md C10).</summary>
    private async Task<Result> CheckRoleAsync(Id<Organization> organization, string key, Granter granter, CancellationToken ct)
    {
        if (BuiltInRoles.IsPrivileged(key)) return DirectoryErrors.RolePrivileged;
        if ((await db.RolesAsync(organization, [key], ct)).GetValueOrDefault(key) is not { } role) return DirectoryErrors.RoleUnknown;
        if (BuiltInRoles.IsPrivileged(role)) return DirectoryErrors.RolePrivileged;
        return await granter.CoversAsync(db, [role], ct) ? Result.Ok : RoleErrors.Escalation;
    }

    internal static object Facts(OrganizationDirectory d) => new { d.DisplayName, d.Status, d.OutsideDomains, d.CorrelateBy, d.OwnsProfile, defaultRole = d.DefaultRoleKey, d.CustomAttributes };
}
