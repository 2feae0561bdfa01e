using System.Security.Cryptography;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Server.Composition;

namespace TenantIdP.Server.Configuration;

/// <summary>What was done before an apply ended, and why it ended before its end.</summary>
/// <param name="At">The change that was refused; null when it was none of them.</param>
internal sealed record ConfigOutcome(IReadOnlyList<PlannedPart> Applied, Error? Refused = null, PlannedPart? In = null, PlannedChange? At = null);

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

    public async Task<ConfigPlan> PlanAsync(ConfigDocument document, bool prune, ConfigProblems problems, CancellationToken ct)
    {
        var parts = new List<PlannedPart>();
        foreach (var wanted in document.Parts) parts.Add(await UseAsync(store => store.PlanAsync(wanted, prune, problems, ct)));
        return new ConfigPlan(parts);
    }

    /// <summary>Part after part, each whole or not at all; ends at the first that is refused.</summary>
    public async Task<ConfigOutcome> ApplyAsync(ConfigPlan plan, string by, CancellationToken ct)
    {
        var (holder, applied) = (Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), new List<PlannedPart>());
        if (!await UseLeasesAsync(leases => leases.TryTakeAsync(Lease, holder, Hold, TimeSpan.Zero, ct))) return new ConfigOutcome(applied, Busy);
        try
        {
            foreach (var part in plan.Parts.Where(p => p.Changes.Count > 0))
            {
                if (!await UseLeasesAsync(leases => leases.RenewAsync(Lease, holder, Hold, ct))) return new ConfigOutcome(applied, Busy, part);
                PlannedChange? at = null;
                var done = await UseAsync(store => store.ApplyAsync(part, by, change => at = change, ct));
                if (!done.IsOk) return new ConfigOutcome(applied, done.Error, part, at);
                applied.Add(part);
            }

            return new ConfigOutcome(applied);
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
    public async Task<string> ExportAsync(IReadOnlyList<string> named, ConfigProblems problems, CancellationToken ct)
    {
        var all = await UseAsync(store => store.OrganizationsAsync(ct));
        foreach (var name in named.Where(n => all.All(o => o.Slug != n && o.Id != n))) problems.Add(new ConfigProblem("organization_not_found", $"There is no organization {Terminal.Quote(name)}."));

        // One that is being deleted is exported when it is asked for.
        var chosen = all.Where(o => named.Count == 0 ? !o.IsDeleted : named.Contains(o.Slug) || named.Contains(o.Id)).Select(o => o.Slug).Distinct();
        var parts = new List<ConfigPart>();
        if (named.Count == 0) parts.Add(await UseAsync(store => store.ReadAsync(null, Sections(ConfigDocument.OfInstance), problems, ct)));
        foreach (var slug in chosen) parts.Add(await UseAsync(store => store.ReadAsync(slug, Sections(ConfigDocument.OfOrganization), problems, ct)));
        await using var scope = scopes.CreateAsyncScope();
        return ConfigExport.Write(parts, [.. scope.ServiceProvider.GetServices<ConfigKind>()]);
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
