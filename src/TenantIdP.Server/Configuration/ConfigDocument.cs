using System.Text.Json.Nodes;

namespace TenantIdP.Server.Configuration;

/// <summary>A file, read and judged as far as that goes without the store.</summary>
internal sealed record ConfigDocument(IReadOnlyList<ConfigPart> Parts)
{
    public const int Version = 1;

    private const string VersionKey = "version";

    /// <summary>In the order in which they are applied: what others name comes first.</summary>
    public static IReadOnlyList<ConfigSchema> OfInstance { get; } = [ApiConfig.Kind, RoleConfig.Kind, AppConfig.Kind];

    public static IReadOnlyList<ConfigSchema> OfOrganization { get; } = [RoleConfig.Kind, ConnectionConfig.Kind, DomainConfig.Kind, DirectoryConfig.Kind];

    /// <returns>Null with a problem added.</returns>
    public static ConfigDocument? Read(ReadOnlySpan<byte> bytes, SecretSource secrets, ConfigProblems problems)
    {
        if (YamlReader.Read(bytes, problems) is not { } root) return null;
        if (root is not YamlMap map)
        {
            problems.Add(root, "config_wrong_type", "A configuration file is a map that begins with version: 1.");
            return null;
        }

        CheckVersion(map, problems);
        var instance = new ConfigPart((string?)null);
        ReadSections(map, OfInstance, instance, [VersionKey, OrganizationConfig.Kind.Section], problems);
        var parts = new List<ConfigPart> { instance };
        if (map.Members.FirstOrDefault(m => m.Key.Text == OrganizationConfig.Kind.Section).Value is { } organizations)
        {
            foreach (var (slug, place, body) in ReadKeys(organizations, OrganizationConfig.Kind, problems)) parts.Add(ReadOrganization(slug, place, body, problems));
        }

        foreach (var schema in OfInstance.Concat(OfOrganization).Where(s => s.Secret is not null))
        {
            foreach (var item in parts.Where(p => p.Sections.ContainsKey(schema.Section)).SelectMany(p => p.Sections[schema.Section].Values)) Resolve(item, schema.Secret!.Name, secrets, problems); // filtered
        }

        return problems.Any ? null : new ConfigDocument(parts);
    }

    private static ConfigPart ReadOrganization(string slug, YamlScalar place, YamlMap body, ConfigProblems problems)
    {
        var sections = OfOrganization.Select(s => s.Section).ToArray();
        var own = body with { Members = [.. body.Members.Where(m => !sections.Contains(m.Key.Text))] };
        var values = ConfigProperties.Read(own, OrganizationConfig.Kind.Properties, problems) ?? [];
        var part = new ConfigPart(slug) { Self = new ConfigItem(slug, values) { Place = place } };
        ReadSections(body, OfOrganization, part, null, problems);
        return part;
    }

    /// <param name="others">Further keys that are known; null when somebody else judges what is no section.</param>
    private static void ReadSections(YamlMap map, IReadOnlyList<ConfigSchema> schemas, ConfigPart part, string[]? others, ConfigProblems problems)
    {
        foreach (var (key, value) in map.Members)
        {
            if (schemas.FirstOrDefault(s => s.Section == key.Text) is not { } schema)
            {
                if (others?.Contains(key.Text) == false) problems.Add(key, "config_unknown_key", $"There is no key {Terminal.Quote(key.Text)} here; there are {string.Join(", ", others.Concat(schemas.Select(s => s.Section)))}.");
                continue;
            }

            var section = part.Sections[schema.Section] = new SortedDictionary<string, ConfigItem>(StringComparer.Ordinal);
            foreach (var (name, place, body) in ReadKeys(value, schema, problems))
            {
                if (ConfigProperties.Read(body, schema.Properties, problems) is { } values) section[name] = new ConfigItem(name, values) { Place = place };
            }
        }
    }

    private static IEnumerable<(string Key, YamlScalar Place, YamlMap Body)> ReadKeys(YamlNode node, ConfigSchema schema, ConfigProblems problems)
    {
        if (node is not YamlMap map)
        {
            problems.Add(node, "config_wrong_type", $"{schema.Section} is a map; {{}} when there are none.");
            yield break;
        }

        var seen = new Dictionary<string, YamlScalar>(StringComparer.Ordinal);
        foreach (var (key, value) in map.Members)
        {
            if (key.Kind != YamlScalarKind.Text) problems.Add(key, "config_wrong_type", $"A key is text; put {Terminal.Quote(key.Text)} in quotes.");
            else if (schema.ToKey(key.Text) is not { } canonical) problems.Add(key, "config_key_invalid", $"{Terminal.Quote(key.Text)} can't be the key of a {schema.Noun} in a file.");
            else if (seen.TryGetValue(canonical, out var first)) problems.Add(key, "config_duplicate_key", $"{Terminal.Quote(key.Text)} is the same {schema.Noun} as {Terminal.Quote(first.Text)} in line {first.Line}.");
            else if (value is not YamlMap && value is not YamlScalar { Kind: YamlScalarKind.Null }) problems.Add(value, "config_wrong_type", "This must be a map.");
            else
            {
                seen.Add(canonical, key);
                yield return (canonical, key, value as YamlMap ?? new YamlMap([], value.Line, value.Column));
            }
        }
    }

    private static void CheckVersion(YamlMap map, ConfigProblems problems)
    {
        var (_, version) = map.Members.FirstOrDefault(m => m.Key.Text == VersionKey);
        if (version is not YamlScalar { Kind: YamlScalarKind.Number, Text: "1" }) problems.Add(version ?? map, "config_version_unsupported", $"Say which format this is: version: {Version}.");
    }

    private static void Resolve(ConfigItem item, string property, SecretSource secrets, ConfigProblems problems)
    {
        if (item.Values[property] is not JsonObject reference) return;
        if (secrets.Find(reference, out var missing) is { } secret) item.Secret = new SecretText(secret);
        else problems.Add(new ConfigProblem("config_secret_missing", missing, item.Place?.Line ?? 0, item.Place?.Column ?? 0));
    }
}
