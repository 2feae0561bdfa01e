using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Workspaces;

public sealed record NewWorkspace(string DisplayName, string? Slug)
{
    public JsonElement? Metadata { get; init; }
    public bool IsDefault { get; init; }
}

/// <summary>A merge patch of a workspace.</summary>
public sealed record WorkspaceChanges
{
    public Patch<string> DisplayName { get; init; }
    public Patch<string> Slug { get; init; }

    /// <summary>A merge patch itself; null deletes all.</summary>
    public Patch<JsonElement> Metadata { get; init; }

    /// <summary>True takes it from the workspace that was the default before.</summary>
    public Patch<bool> IsDefault { get; init; }
}

/// <summary>The workspaces of the organization that was entered. Changes take the organization's lock, because at most one workspace is its default.</summary>
public sealed class WorkspaceService(IdpDbContext db, EventLog events, TimeProvider clock)
{
    private const int SlugTries = 3;

    private static readonly Dictionary<string, Error> Unique = new() { ["ux_workspaces_organization_id_slug"] = WorkspaceErrors.SlugTaken };

    public async Task<Result<Workspace>> CreateAsync(Id<Organization> organization, NewWorkspace wanted, CancellationToken ct)
    {
        Slug slug;
        if (wanted.Slug is null) slug = Slug.From(wanted.DisplayName);
        else if (!Slug.TryParse(wanted.Slug, out slug)) return OrganizationErrors.SlugInvalid;
        for (var attempt = 1; ; attempt++)
        {
            var created = await CreateOnceAsync(organization, wanted, slug, ct);
            if (wanted.Slug is not null || created.Error?.Code != WorkspaceErrors.SlugTaken.Code || attempt == SlugTries) return created;
            slug = slug.WithSuffix();
        }
    }

    public async Task<Result<Workspace>> FindAsync(Id<Organization> organization, Id<Workspace> id, CancellationToken ct) =>
        await db.Workspaces.AsNoTracking().SingleOrDefaultAsync(w => w.OrganizationId == organization && w.Id == id, ct) is { } found ? found : WorkspaceErrors.NotFound;

    /// <param name="status">Null: all of them.</param>
    public async Task<Result<Page<Workspace>>> ListAsync(Id<Organization> organization, WorkspaceStatus? status, PageRequest page, CancellationToken ct)
    {
        var workspaces = db.Workspaces.AsNoTracking().Where(w => w.OrganizationId == organization);
        if (status is { } only) workspaces = workspaces.Where(w => w.Status == only);
        return await workspaces.PageAsync(page, w => w.Id, ct);
    }

    public Task<Result<Workspace>> UpdateAsync(Id<Organization> organization, Id<Workspace> id, WorkspaceChanges changes, int? expectedVersion, CancellationToken ct) =>
        ChangeAsync(organization, id, expectedVersion, EventTypes.WorkspaceUpdated, workspace => ApplyAsync(workspace, changes, ct), ct);

    /// <summary>Nobody gets a token for it from now on; what was issued loses it at the next refresh.</summary>
    public Task<Result<Workspace>> ArchiveAsync(Id<Organization> organization, Id<Workspace> id, CancellationToken ct) =>
        ChangeAsync(organization, id, null, EventTypes.WorkspaceArchived, workspace => Task.FromResult(workspace.Archive(clock.GetUtcNow())), ct);

    public Task<Result<Workspace>> RestoreAsync(Id<Organization> organization, Id<Workspace> id, CancellationToken ct) =>
        ChangeAsync(organization, id, null, EventTypes.WorkspaceRestored, workspace => Task.FromResult(workspace.Restore(clock.GetUtcNow())), ct);

    /// <summary>With its members, for good. Only an archived one, so that one call too many loses nothing.</summary>
    public async Task<Result> DeleteAsync(Id<Organization> organization, Id<Workspace> id, int? expectedVersion, CancellationToken ct)
    {
        var deleted = await LockedAsync(
            organization, id, expectedVersion, workspace =>
            {
                if (workspace.Status != WorkspaceStatus.Archived) return Task.FromResult<Result>(WorkspaceErrors.NotArchived);
                db.Workspaces.Remove(workspace);
                events.Record(EventTypes.WorkspaceDeleted, organization, id.ToString(), Facts(workspace));
                return Task.FromResult(Result.Ok);
            }, ct);
        return deleted.IsOk ? Result.Ok : deleted.Error;
    }

    private Task<Result<Workspace>> CreateOnceAsync(Id<Organization> organization, NewWorkspace wanted, Slug slug, CancellationToken ct) =>
        db.InTransactionAsync<Workspace>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                db.EnterOrganization(organization);
                var now = clock.GetUtcNow();
                var made = Workspace.Create(organization, wanted.DisplayName, slug, now);
                if (!made.IsOk) return made.Error;
                var workspace = made.Value;
                if (wanted.Metadata is { } given)
                {
                    var metadata = Metadata.Empty.Merge(given);
                    if (!metadata.IsOk) return metadata.Error;
                    workspace.ChangeMetadata(metadata.Value, now);
                }

                // Asked under the lock: a refusal by the index would end a transaction that is somebody else's.
                if (await db.Workspaces.AnyAsync(w => w.OrganizationId == organization && w.Slug == slug, ct)) return WorkspaceErrors.SlugTaken;
                if (wanted.IsDefault && await MakeDefaultAsync(workspace, now, ct) is { IsOk: false, Error: { } refused }) return refused;
                db.Workspaces.Add(workspace);
                events.Record(EventTypes.WorkspaceCreated, organization, workspace.Id.ToString(), Facts(workspace));
                var saved = await db.TrySaveAsync(Unique, ct);
                return saved.IsOk ? workspace : saved.Error;
            }, ct);

    private Task<Result<Workspace>> ChangeAsync(Id<Organization> organization, Id<Workspace> id, int? expectedVersion, string type, Func<Workspace, Task<Result>> change, CancellationToken ct) =>
        LockedAsync(
            organization, id, expectedVersion, async workspace =>
            {
                var before = EventLog.FactsOf(Facts(workspace));
                var changed = await change(workspace);
                if (!changed.IsOk) return changed;
                if (JsonNode.DeepEquals(before, EventLog.FactsOf(Facts(workspace)))) db.Entry(workspace).State = EntityState.Unchanged;
                else events.RecordChange(type, organization, id.ToString(), before, Facts(workspace));
                return Result.Ok;
            }, ct);

    private Task<Result<Workspace>> LockedAsync(Id<Organization> organization, Id<Workspace> id, int? expectedVersion, Func<Workspace, Task<Result>> change, CancellationToken ct) =>
        db.InTransactionAsync<Workspace>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                db.EnterOrganization(organization);
                var workspace = await db.Workspaces.SingleOrDefaultAsync(w => w.OrganizationId == organization && w.Id == id, ct);
                if (workspace is null) return WorkspaceErrors.NotFound;
                var seen = VersionErrors.Check(workspace, expectedVersion);
                if (!seen.IsOk) return seen.Error;
                var changed = await change(workspace);
                if (!changed.IsOk) return changed.Error;
                var saved = await db.TrySaveAsync(Unique, ct);
                return saved.IsOk ? workspace : saved.Error;
            }, ct);

    // Metadata is the application's and may hold anything: an event says that it changed, not to what.
    private static object Facts(Workspace w) =>
        new { w.DisplayName, slug = w.Slug.Value, w.Status, w.IsDefault, metadata = w.Metadata == Metadata.Empty ? null : Fingerprint.Of(w.Metadata.Json) };

    private async Task<Result> ApplyAsync(Workspace workspace, WorkspaceChanges changes, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var isDefault = changes.IsDefault.Or(workspace.IsDefault);
        if (isDefault && !workspace.IsDefault && await MakeDefaultAsync(workspace, now, ct) is { IsOk: false, Error: { } refused }) return refused;
        if (!isDefault && workspace.IsDefault) workspace.EndDefault(now);
        if (changes.DisplayName.IsPresent && workspace.Rename(changes.DisplayName.Value ?? "", now) is { IsOk: false, Error: { } badName }) return badName;
        if (changes.Metadata.IsPresent)
        {
            var merged = workspace.Metadata.Merge(changes.Metadata.Value);
            if (!merged.IsOk) return merged.Error;
            if (merged.Value != workspace.Metadata) workspace.ChangeMetadata(merged.Value, now);
        }

        if (!changes.Slug.IsPresent) return Result.Ok;
        if (!Slug.TryParse(changes.Slug.Value, out var slug)) return OrganizationErrors.SlugInvalid;
        if (slug != workspace.Slug && await db.Workspaces.AnyAsync(w => w.OrganizationId == workspace.OrganizationId && w.Slug == slug, ct)) return WorkspaceErrors.SlugTaken;
        workspace.ChangeSlug(slug, now);
        return Result.Ok;
    }

    /// <summary>Before anything else of the workspace changes: the one that was the default is saved first, because the index allows one also between two statements.</summary>
    private async Task<Result> MakeDefaultAsync(Workspace workspace, DateTimeOffset now, CancellationToken ct)
    {
        if (workspace.Status != WorkspaceStatus.Active) return WorkspaceErrors.Archived;
        if (await db.Workspaces.SingleOrDefaultAsync(w => w.OrganizationId == workspace.OrganizationId && w.IsDefault, ct) is { } former)
        {
            var before = EventLog.FactsOf(Facts(former));
            former.EndDefault(now);
            events.RecordChange(EventTypes.WorkspaceUpdated, former.OrganizationId, former.Id.ToString(), before, Facts(former));
            var saved = await db.TrySaveAsync(ct);
            if (!saved.IsOk) return saved;
        }

        return workspace.MakeDefault(now);
    }
}
