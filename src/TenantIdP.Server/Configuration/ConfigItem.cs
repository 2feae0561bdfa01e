using System.Text.Json.Nodes;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Server.Configuration;

/// <summary>One object, as a file wants it or as the store has it.</summary>
/// <param name="Key">Its natural key within its section.</param>
/// <param name="Values">By the names of the management API.</param>
internal sealed record ConfigItem(string Key, JsonObject Values)
{
    /// <summary>Where it stands in the file; null when it is the store's.</summary>
    public YamlNode? Place { get; init; }

    /// <summary>Of the store's.</summary>
    public string Id { get; init; } = "";

    /// <summary>Of the store's; null for kinds without.</summary>
    public int? Version { get; init; }

    /// <summary>The secret that the file's reference leads to. Never printed: records print their members.</summary>
    public SecretText? Secret { get; set; }
}

/// <summary>A secret in memory, which prints as none.</summary>
internal sealed class SecretText(string value)
{
    public string Reveal() => value;

    public override string ToString() => Shape.Secret;
}

/// <summary>What is applied as one: the instance, or one organization with what is in it.</summary>
/// <param name="Slug">Null for the instance.</param>
internal sealed record ConfigPart(string? Slug)
{
    /// <summary>The organization itself; null for the instance, and for an organization that is not there.</summary>
    public ConfigItem? Self { get; init; }

    /// <summary>By section. A section that a file doesn't name is left alone, pruning or not.</summary>
    public Dictionary<string, SortedDictionary<string, ConfigItem>> Sections { get; } = [];

    /// <summary>What a file can't name, because there are two of the name. It is in no section.</summary>
    public List<ConfigProblem> Ambiguous { get; } = [];

    public Id<Organization> Owner => Self is null ? Organization.Instance : Id<Organization>.Parse(Self.Id, null);

    /// <summary>Changes with anything that is in it.</summary>
    public string Fingerprint() =>
        new JsonArray([.. Sections.OrderBy(s => s.Key, StringComparer.Ordinal).SelectMany(s => s.Value.Values).Prepend(Self).OfType<ConfigItem>().Select(i => new JsonArray(i.Id, i.Version, i.Key, i.Version is null ? i.Values.DeepClone() : null))]).ToJsonString();
}
