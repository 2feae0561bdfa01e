using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Server.Management;

namespace TenantIdP.Server.Configuration;

/// <summary>One part of the configuration in the store, in one unit of work: read, compared, and changed whole or not at all.</summary>
internal sealed class ConfigStore(IdpDbContext db, IEnumerable<ConfigKind> kinds, OrganizationConfig organizations, ManagementCaller caller, ActorContext actor)
{
    public async Task<IReadOnlyList<Organization>> OrganizationsAsync(CancellationToken ct) => await organizations.ListAsync(ct);

    /// <param name="self">The organization; null for the instance, and for one that is not there.</param>
    /// <param name="sections">Which are read.</param>
    public async Task<ConfigPart> ReadAsync(string? slug, ConfigItem? self, IReadOnlyCollection<string> sections, CancellationToken ct)
    {
        var part = new ConfigPart(slug) { Self = self };
        if (part.Self is not null) db.EnterOrganization(part.Owner);
        foreach (var kind in Kinds(slug).Where(k => sections.Contains(k.Schema.Section)))
        {
            var section = part.Sections[kind.Schema.Section] = new SortedDictionary<string, ConfigItem>(StringComparer.Ordinal);
            if (slug is not null && part.Self is null) continue;
            foreach (var named in (await kind.ReadAsync(part.Owner, ct)).GroupBy(i => i.Key, StringComparer.Ordinal))
            {
                if (named.Count() == 1) section.Add(named.Key, named.Single());
                else part.Ambiguous.Add(Ambiguity(slug, kind.Schema, [.. named]));
            }
        }

        return part;
    }

    public async Task<PlannedPart> PlanAsync(ConfigPart wanted, bool prune, CancellationToken ct)
    {
        var problems = new ConfigProblems();
        var seen = await FindAsync(wanted, problems, ct);
        foreach (var ambiguous in seen.Ambiguous) problems.Add(ambiguous);
        if (problems.Any) return new PlannedPart(wanted, seen, []) { Problems = problems.Found };
        var planned = await ConfigPlanner.PlanAsync(wanted, seen, Kinds(wanted.Slug), prune, problems, (kind, there, secret) => kind.HasSecretAsync(seen.Owner, there, secret, ct));
        if (planned.Changes.Count > 0 && wanted.Self is { } self && seen.Self is { } there && !OrganizationConfig.IsPinned(self))
        {
            problems.Add(new ConfigProblem("config_organization_unpinned",
                $"The organization {Terminal.Quote(self.Key)} is there, and its slug is its owner's to change: say which one you mean before it is changed, by id: {there.Id} or its externalId.", self.Place?.Line ?? 0, self.Place?.Column ?? 0));
        }

        // What is refused is not done in part.
        return problems.Any ? planned with { Changes = [], Problems = problems.Found } : planned;
    }

    /// <param name="by">The name of the file.</param>
    /// <param name="failing">Told before each change, so that the caller can say which was refused.</param>
    public async Task<Result> ApplyAsync(PlannedPart planned, string by, Action<PlannedChange> failing, CancellationToken ct)
    {
        caller.IsApp();
        actor.Actor = new Actor(ActorKind.Config, by);
        try
        {
            return (await db.InTransactionAsync(() => ApplyAsync(planned, failing, ct), ct)).WithoutValue();
        }
        catch (DbUpdateException)
        {
            // Somebody took or used a row between the look and the change: the database has refused.
            return VersionErrors.ChangedMeanwhile;
        }
    }

    private async Task<Result<bool>> ApplyAsync(PlannedPart planned, Action<PlannedChange> failing, CancellationToken ct)
    {
        // Not every kind has a version, and what a plan would delete or leave out has changed as well.
        var problems = new ConfigProblems();
        var now = await FindAsync(planned.Wanted, problems, ct);
        if (problems.Any || now.Ambiguous.Count > 0 || now.Fingerprint() != planned.Seen.Fingerprint()) return VersionErrors.Mismatch;

        var self = now.Self;
        var change = planned.Changes.FirstOrDefault(c => c.Schema == OrganizationConfig.Kind);
        var edit = change?.Edit;
        if (change is not null && edit is not null)
        {
            failing(change);
            if (self is null)
            {
                var made = await organizations.CreateAsync(edit.Wanted, ct);
                if (!made.IsOk) return made.Error;
                self = made.Value;
                edit = edit with { Patch = ConfigProperties.Patch(self.Values, edit.Wanted.Values, OrganizationConfig.Kind.Properties) };
            }

            var begun = await organizations.BeginAsync(self, edit.Patch, ct);
            if (!begun.IsOk) return begun.Error;
            self = begun.Value;
        }

        var owner = (now with { Self = self }).Owner;
        foreach (var step in planned.Changes.Where(c => c != change))
        {
            failing(step);
            var done = await DoAsync(kinds.Single(k => k.Schema == step.Schema), owner, step, ct);
            if (!done.IsOk) return done.Error;
        }

        if (change is null || edit is null || self is null) return true;
        failing(change);
        var ended = await organizations.EndAsync(self, edit.Patch, ct);
        return ended.IsOk ? true : ended.Error;
    }

    private static Task<Result> DoAsync(ConfigKind kind, Id<Organization> owner, PlannedChange step, CancellationToken ct) => step switch
    {
        { Edit: { } edit, Seen: { } seen } => kind.UpdateAsync(owner, seen, edit, ct),
        { Edit: { } edit } => kind.CreateAsync(owner, edit, ct),
        { Seen: { } seen } => kind.DeleteAsync(owner, seen, ct),
        _ => throw new InvalidOperationException("A planned change has neither."),
    };

    private async Task<ConfigPart> FindAsync(ConfigPart wanted, ConfigProblems problems, CancellationToken ct)
    {
        var self = wanted.Self is { } organization ? await organizations.FindAsync(organization, problems, ct) : null;
        return problems.Any ? new ConfigPart(wanted.Slug) : await ReadAsync(wanted.Slug, self, wanted.Sections.Keys, ct);
    }

    private static ConfigProblem Ambiguity(string? slug, ConfigSchema schema, IReadOnlyList<ConfigItem> named) => new("config_name_ambiguous",
        $"There are two of the {schema.Section}{(slug is null ? "" : $" of {slug}")} with the name {Terminal.Quote(named[0].Key)}: {string.Join(" and ", named.Select(i => i.Id))}. Rename one of them.");

    private List<ConfigKind> Kinds(string? slug)
    {
        var schemas = slug is null ? ConfigDocument.OfInstance : ConfigDocument.OfOrganization;
        return [.. kinds.Where(k => schemas.Contains(k.Schema))];
    }
}
