using System.Text.Json.Nodes;

namespace TenantIdP.Server.Configuration;

/// <summary>Compares what a file wants with what is there. Decides everything before anything is done.</summary>
internal static class ConfigPlanner
{
    /// <param name="hasSecret">Whether the secret of an object that is there is this one.</param>
    public static async Task<PlannedPart> PlanAsync(ConfigPart wanted, ConfigPart seen, IReadOnlyList<ConfigKind> kinds, bool prune, ConfigProblems problems, Func<ConfigKind, ConfigItem, string, Task<bool>> hasSecret)
    {
        var changes = new List<PlannedChange>();
        var isEnded = wanted.Self?.Values[OrganizationConfig.State]?.GetValue<string>() == OrganizationConfig.Deleted;
        if (wanted.Self is { } self && !(isEnded && seen.Self is null))
        {
            var only = isEnded ? self with { Values = new JsonObject { [OrganizationConfig.State] = OrganizationConfig.Deleted } } : self;
            if (Compare(wanted.Slug, OrganizationConfig.Kind, only, seen.Self, false, problems) is { } change) changes.Add(change);
        }

        // Of an organization that ends, nothing else counts.
        if (isEnded) return new PlannedPart(wanted, seen, changes);
        foreach (var kind in kinds)
        {
            if (!wanted.Sections.TryGetValue(kind.Schema.Section, out var section)) continue;
            foreach (var item in kind.InOrder([.. section.Values]))
            {
                var there = seen.Sections[kind.Schema.Section].GetValueOrDefault(item.Key);
                var setsSecret = item.Secret is { } secret && (there is null || !await hasSecret(kind, there, secret.Reveal()));
                if (Compare(wanted.Slug, kind.Schema, item, there, setsSecret, problems) is not { } change) continue;
                changes.Add(change);
                if (kind.Objection(item, change.Properties) is { } objection) Object(problems, item, "config_not_possible", objection);
            }
        }

        if (prune) changes.AddRange(kinds.Reverse().Where(k => wanted.Sections.ContainsKey(k.Schema.Section)).SelectMany(k => Unlisted(k, wanted, seen)));
        return new PlannedPart(wanted, seen, changes);
    }

    private static IEnumerable<PlannedChange> Unlisted(ConfigKind kind, ConfigPart wanted, ConfigPart seen) =>
        kind.InOrder([.. seen.Sections[kind.Schema.Section].Values]).Reverse().Where(there => !wanted.Sections[kind.Schema.Section].ContainsKey(there.Key))
            .Select(there => new PlannedChange(wanted.Slug, kind.Schema, there.Key, PlannedAction.Delete, [], null, there));

    private static PlannedChange? Compare(string? organization, ConfigSchema schema, ConfigItem wanted, ConfigItem? seen, bool setsSecret, ConfigProblems problems)
    {
        if (seen is null)
        {
            foreach (var missing in schema.Properties.Where(p => p.Is(PropertyTraits.Required) && !wanted.Values.ContainsKey(p.Name)))
                Object(problems, wanted, "config_missing_key", $"The {schema.Noun} {Terminal.Quote(wanted.Key)} is new and needs {missing.Name}.");
        }
        else
        {
            foreach (var other in schema.Properties.Where(p => p.Is(PropertyTraits.Fixed) && wanted.Values.ContainsKey(p.Name) && !Shape.Same(seen.Values[p.Name], wanted.Values[p.Name])))
                Object(problems, wanted, "config_fixed", $"{other.Name} of the {schema.Noun} {Terminal.Quote(wanted.Key)} never changes: it is {Shape.Show(seen.Values[other.Name])}.");
        }

        var properties = ConfigProperties.Differences("", seen?.Values ?? [], wanted.Values, schema.Properties).Where(c => seen is not null || c.After is not null).ToList();
        if (setsSecret) properties.Add(new PropertyChange(schema.Secret!.Name, seen?.Values[schema.Secret.Name]?.DeepClone(), wanted.Values[schema.Secret.Name]?.DeepClone(), schema.Secret.Shape)); // a secret is read by the property alone
        if (schema == OrganizationConfig.Kind && OrganizationConfig.Renaming(wanted, seen) is { } renaming) properties.Insert(0, renaming);
        if (seen is not null && properties.Count == 0) return null;
        var patch = seen is null ? wanted.Values.DeepClone().AsObject() : ConfigProperties.Patch(seen.Values, wanted.Values, schema.Properties);
        if (seen is null && schema.Secret is { } secret) patch.Remove(secret.Name);
        if (schema == OrganizationConfig.Kind && OrganizationConfig.Renaming(wanted, seen) is { } renamed) patch[renamed.Path] = renamed.After?.DeepClone();
        return new PlannedChange(organization, schema, wanted.Key, seen is null ? PlannedAction.Create : PlannedAction.Update, properties, new ConfigEdit(wanted, seen, patch, setsSecret), seen);
    }

    private static void Object(ConfigProblems problems, ConfigItem item, string code, string message) => problems.Add(new ConfigProblem(code, message, item.Place?.Line ?? 0, item.Place?.Column ?? 0));
}
