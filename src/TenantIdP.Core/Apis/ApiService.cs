using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Core.Apis;

public sealed record NewApi(string Identifier, string DisplayName)
{
    public IReadOnlyList<string> Scopes { get; init; } = [];
    public IReadOnlyList<ApiPermission> Permissions { get; init; } = [];
    public int? AccessTokenSeconds { get; init; }
    public string SigningAlgorithm { get; init; } = "ES256";
}

/// <summary>A merge patch of an API.</summary>
public sealed record ApiChanges
{
    public Patch<string> DisplayName { get; init; }
    public Patch<IReadOnlyList<string>> Scopes { get; init; }
    public Patch<IReadOnlyList<ApiPermission>> Permissions { get; init; }
    public Patch<int?> AccessTokenSeconds { get; init; }
    public Patch<string> SigningAlgorithm { get; init; }
}

/// <summary>The resource servers of the instance.</summary>
public sealed class ApiService(IdpDbContext db, EventLog events, ApiCatalog catalog, IssuerOptions issuer, TimeProvider clock)
{
    private static readonly Dictionary<string, Error> Unique = new() { ["ux_apis_identifier"] = ApiErrors.IdentifierTaken };

    public async Task<Result<Api>> CreateAsync(NewApi wanted, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var made = Api.Create(wanted.Identifier, wanted.DisplayName, now);
        if (!made.IsOk) return made.Error;
        var configured = made.Value.Change(wanted.DisplayName, wanted.Scopes, wanted.Permissions, wanted.AccessTokenSeconds, wanted.SigningAlgorithm, now);
        if (!configured.IsOk) return configured.Error;
        db.Apis.Add(made.Value);
        events.RecordForInstance(EventTypes.ApiCreated, made.Value.Id.ToString(), Facts(made.Value));
        var saved = await SaveAsync(ct);
        return saved.IsOk ? made.Value : saved.Error;
    }

    public async Task<Result<Api>> FindAsync(Id<Api> id, CancellationToken ct) =>
        await db.Apis.AsNoTracking().SingleOrDefaultAsync(a => a.Id == id, ct) is { } found ? found : ApiErrors.NotFound;

    public async Task<Result<Page<Api>>> ListAsync(PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<Api>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        var apis = db.Apis.AsNoTracking();
        if (after is { } id) apis = apis.Where(a => a.Id > id);
        return await apis.OrderBy(a => a.Id).TakePageAsync(page, a => a.Id.ToString(), ct);
    }

    public async Task<Result<Api>> UpdateAsync(Id<Api> id, ApiChanges changes, int? expectedVersion, CancellationToken ct)
    {
        var api = await db.Apis.SingleOrDefaultAsync(a => a.Id == id, ct);
        if (api is null) return ApiErrors.NotFound;
        var seen = VersionErrors.Check(api, expectedVersion);
        if (!seen.IsOk) return seen.Error;
        var before = EventLog.FactsOf(Facts(api));
        var changed = api.Change(
            changes.DisplayName.Or(api.DisplayName) ?? "", changes.Scopes.Or(api.Scopes) ?? [], changes.Permissions.Or(api.Permissions) ?? [],
            changes.AccessTokenSeconds.Or(api.AccessTokenSeconds), changes.SigningAlgorithm.Or(api.SigningAlgorithm) ?? "", clock.GetUtcNow());
        if (!changed.IsOk) return changed.Error;
        events.RecordChange(EventTypes.ApiUpdated, Organization.Instance, id.ToString(), before, Facts(api));
        var saved = await SaveAsync(ct);
        return saved.IsOk ? api : saved.Error;
    }

    public async Task<Result> DeleteAsync(Id<Api> id, CancellationToken ct)
    {
        var api = await db.Apis.SingleOrDefaultAsync(a => a.Id == id, ct);
        if (api is null) return ApiErrors.NotFound;
        if (api.Identifier == issuer.ManagementApi) return ApiErrors.IsManagement;
        db.Apis.Remove(api);
        events.RecordForInstance(EventTypes.ApiDeleted, id.ToString(), new { api.Identifier });
        return await SaveAsync(ct);
    }

    private async Task<Result> SaveAsync(CancellationToken ct)
    {
        var saved = await db.TrySaveAsync(Unique, ct);
        catalog.Evict();
        return saved;
    }

    private static object Facts(Api a) => new { a.Identifier, a.DisplayName, a.Scopes, a.Permissions, a.AccessTokenSeconds, a.SigningAlgorithm };
}
