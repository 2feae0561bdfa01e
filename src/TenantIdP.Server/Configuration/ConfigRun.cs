using System.Security.Cryptography;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Server.Composition;

namespace TenantIdP.Server.Configuration;

/// <summary>Why a part was not applied.</summary>
/// <param name="In">Null when nothing was begun.</param>
/// <param name="At">The change that was refused; null when it was none of them.</param>
internal sealed record ConfigRefusal(Error Error, PlannedPart? In = null, PlannedChange? At = null);

/// <summary>What an apply has done, and what not.</summary>
/// <param name="NotBegun">The parts that were not tried any more.</param>
internal sealed record ConfigOutcome(IReadOnlyList<PlannedPart> Applied, IReadOnlyList<ConfigRefusal> Refused, IReadOnlyList<PlannedPart> NotBegun);

/// <summary>Plans, applies and exports, one unit of work for each part.</summary>
internal sealed class ConfigRun(IServiceScopeFactory scopes)
{
    private const string Lease = "config-apply";

    /// <summary>A run that dies holds up the next for this long.</summary>
    private static readonly TimeSpan Hold = TimeSpan.FromMinutes(5);

    // No field: those are what the management API answers.
    private static Error Busy => new(ErrorKind.Conflict, "config_apply_runs", "Another apply is running on this instance: wait for its end.");

    /// <summary>Refuses a store of another version. One without tables is made ready when that is allowed.</summary>
    public async Task<ConfigProblem?> PrepareAsync(bool mayMigrate, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<StoreReadiness>().IsReadyAsync(mayMigrate, ct)
            ? null
            : new ConfigProblem("config_store_version", "The database is not of this version: start the server of this version once.");
    }

    public async Task<ConfigPlan> PlanAsync(ConfigDocument document, bool prune, CancellationToken ct)
    {
        var parts = new List<PlannedPart>();
        foreach (var wanted in document.Parts) parts.Add(await UseAsync(store => store.PlanAsync(wanted, prune, ct)));
        return new ConfigPlan(parts);
    }

    /// <summary>Part after part, each whole or not at all. An organization that is refused holds up no other; the instance's own part, on which the others rest, ends it.</summary>
    public async Task<ConfigOutcome> ApplyAsync(ConfigPlan plan, string by, CancellationToken ct)
    {
        var (holder, left) = (Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), new Queue<PlannedPart>(plan.Parts.Where(p => p.Changes.Count > 0)));
        var (applied, refused) = (new List<PlannedPart>(), new List<ConfigRefusal>());
        if (!await UseLeasesAsync(leases => leases.TryTakeAsync(Lease, holder, Hold, TimeSpan.Zero, ct))) return new ConfigOutcome(applied, [new ConfigRefusal(Busy)], [.. left]);
        try
        {
            while (left.TryDequeue(out var part))
            {
                if (!await UseLeasesAsync(leases => leases.RenewAsync(Lease, holder, Hold, ct))) return new ConfigOutcome(applied, [.. refused, new ConfigRefusal(Busy, part)], [.. left]);
                PlannedChange? at = null;
                var done = await UseAsync(store => store.ApplyAsync(part, by, change => at = change, ct));
                if (done.IsOk) applied.Add(part);
                else refused.Add(new ConfigRefusal(done.Error, part, at));
                if (!done.IsOk && part.IsInstance) break;
            }

            return new ConfigOutcome(applied, refused, [.. left]);
        }
        finally
        {
            await UseLeasesAsync(async leases =>
            {
                await leases.GiveBackAsync(Lease, holder, done: false, CancellationToken.None);
                return true;
            });
        }
    }

    /// <param name="named">Slugs or ids; empty for all and the instance itself.</param>
    /// <param name="withIds">Whether an organization without an external id is pinned by its id, which is of this instance alone.</param>
    /// <param name="problems">An organization that is not there, without which there is no text; or what the text leaves out.</param>
    /// <returns>Null with a problem added.</returns>
    public async Task<string?> ExportAsync(IReadOnlyList<string> named, bool withIds, ConfigProblems problems, CancellationToken ct)
    {
        var all = await UseAsync(store => store.OrganizationsAsync(ct));
        foreach (var name in named.Where(n => all.All(o => o.Slug.Value != n && o.Id.ToString() != n))) problems.Add(new ConfigProblem("organization_not_found", $"There is no organization {Terminal.Quote(name)}."));

        if (problems.Any) return null;

        // One that is being deleted is exported when it is asked for.
        var chosen = all.Where(o => named.Count == 0 ? o.Status != OrganizationStatus.Deleting : named.Contains(o.Slug.Value) || named.Contains(o.Id.ToString()));
        var parts = new List<ConfigPart>();
        if (named.Count == 0) parts.Add(await UseAsync(store => store.ReadAsync(null, null, Sections(ConfigDocument.OfInstance), ct)));
        foreach (var one in chosen) parts.Add(await UseAsync(store => store.ReadAsync(one.Slug.Value, OrganizationConfig.Of(one), Sections(ConfigDocument.OfOrganization), ct)));
        foreach (var ambiguous in parts.SelectMany(p => p.Ambiguous)) problems.Add(ambiguous);
        await using var scope = scopes.CreateAsyncScope();
        return ConfigExport.Write(parts, withIds, [.. scope.ServiceProvider.GetServices<ConfigKind>()]);
    }

    private static string[] Sections(IReadOnlyList<ConfigSchema> schemas) => [.. schemas.Select(s => s.Section)];

    private async Task<T> UseAsync<T>(Func<ConfigStore, Task<T>> use)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await use(scope.ServiceProvider.GetRequiredService<ConfigStore>());
    }

    private async Task<bool> UseLeasesAsync(Func<Leases, Task<bool>> use)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await use(scope.ServiceProvider.GetRequiredService<Leases>());
    }
}
