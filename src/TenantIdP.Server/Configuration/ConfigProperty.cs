using System.Text.Json.Nodes;

namespace TenantIdP.Server.Configuration;

/// <summary>How a property behaves besides its shape.</summary>
[Flags]
internal enum PropertyTraits
{
    None = 0,

    /// <summary>A new thing needs it.</summary>
    Required = 1,

    /// <summary>Set once: another value for what is there is refused.</summary>
    Fixed = 2,

    /// <summary>Told beside what changes (a reason, or which object is meant), and no change by itself.</summary>
    Told = 4,

    /// <summary>The file may say null.</summary>
    Nullable = 8,

    /// <summary>A reference in the file; the value is never written anywhere but into its use case.</summary>
    Secret = 16,
}

/// <summary>One property of one kind. It has the name that the management API gives it, which is how it is read from the answer and written into the request.</summary>
internal sealed record ConfigProperty(string Name, Shape Shape, PropertyTraits Traits = PropertyTraits.None)
{
    public bool Is(PropertyTraits trait) => (Traits & trait) != 0;

    public IEnumerable<string> Paths() => Shape.Members.SelectMany(m => m.Paths()).Select(path => $"{Name}.{path}").Prepend(Name);
}

/// <param name="Before">Null also when there was nothing.</param>
internal sealed record PropertyChange(string Path, JsonNode? Before, JsonNode? After, Shape Shape);

/// <summary>What is done with the properties of one object, whichever kind it is.</summary>
internal static class ConfigProperties
{
    /// <param name="allRequired">An object that is replaced as a whole has all of its members.</param>
    public static JsonObject? Read(YamlNode node, IReadOnlyList<ConfigProperty> properties, ConfigProblems problems, bool allRequired = false)
    {
        if (node is not YamlMap map)
        {
            problems.Add(node, "config_wrong_type", "This must be a map.");
            return null;
        }

        var read = new JsonObject();
        foreach (var (key, value) in map.Members)
        {
            if (properties.FirstOrDefault(p => p.Name == key.Text) is not { } property)
            {
                problems.Add(key, "config_unknown_key", $"There is no key {Terminal.Quote(key.Text)} here; there are {string.Join(", ", properties.Select(p => p.Name))}.");
                continue;
            }

            if (value is not YamlScalar { Kind: YamlScalarKind.Null }) read[property.Name] = property.Shape.Read(value, problems);
            else if (property.Is(PropertyTraits.Nullable)) read[property.Name] = null;
            else problems.Add(value, "config_wrong_type", $"{property.Name} can't be null; leave the key out to leave it as it is.");
        }

        foreach (var missing in properties.Where(p => allRequired && !p.Is(PropertyTraits.Nullable) && !read.ContainsKey(p.Name)))
            problems.Add(node, "config_missing_key", $"The key {missing.Name} is missing here.");
        return read;
    }

    /// <summary>Of what the store holds, what the document can say.</summary>
    public static JsonObject Canonical(JsonObject stored, IReadOnlyList<ConfigProperty> properties)
    {
        var canonical = new JsonObject();
        foreach (var property in properties)
        {
            if (stored.TryGetPropertyValue(property.Name, out var value)) canonical[property.Name] = property.Shape.Canonical(value);
        }

        return canonical;
    }

    /// <summary>Of what the file names, what is otherwise.</summary>
    public static IEnumerable<PropertyChange> Differences(string prefix, JsonObject before, JsonObject after, IReadOnlyList<ConfigProperty> properties) =>
        properties.Where(p => !p.Is(PropertyTraits.Told | PropertyTraits.Secret) && after.ContainsKey(p.Name)).SelectMany(p => p.Shape.Differences(prefix + p.Name, before[p.Name], after[p.Name]));

    public static JsonObject Patch(JsonObject before, JsonObject after, IReadOnlyList<ConfigProperty> properties)
    {
        var patch = new JsonObject();
        foreach (var property in properties.Where(p => !p.Is(PropertyTraits.Told | PropertyTraits.Secret) && after.ContainsKey(p.Name)))
        {
            if (property.Shape.Differences("", before[property.Name], after[property.Name]).Any()) patch[property.Name] = property.Shape.Patch(before[property.Name], after[property.Name]);
        }

        return patch;
    }
}
