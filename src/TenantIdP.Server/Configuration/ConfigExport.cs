using System.Text.Json.Nodes;

namespace TenantIdP.Server.Configuration;

/// <summary>The configuration of an instance as a file: the same text for the same configuration, wherever it is.</summary>
internal static class ConfigExport
{
    public static string Write(IReadOnlyList<ConfigPart> parts, bool withIds, IReadOnlyList<ConfigKind> kinds)
    {
        var (root, organizations) = (new JsonObject { ["version"] = ConfigDocument.Version }, new JsonObject());
        foreach (var part in parts.OrderBy(p => p.Slug, StringComparer.Ordinal))
        {
            if (part.Self is not { } self)
            {
                AddSections(root, part, ConfigDocument.OfInstance, kinds);
                continue;
            }

            var organization = self.Values.DeepClone().AsObject();
            // An operator's external id pins it wherever the file goes; its own id does so here.
            if (!withIds || organization["externalId"] is not null) organization.Remove(OrganizationConfig.Pin);
            organization["metadata"] = Sorted(organization["metadata"]);
            AddSections(organization, part, ConfigDocument.OfOrganization, kinds);
            organizations[self.Key] = organization;
        }

        if (organizations.Count > 0) root[OrganizationConfig.Kind.Section] = organizations;
        var writer = new YamlWriter().Comment("TenantIdP configuration. What is not in this file is left alone.");
        foreach (var ambiguous in parts.SelectMany(p => p.Ambiguous)) writer.Comment($"Left out: {ambiguous.Message}");
        return writer.Write(root).ToString();
    }

    private static void AddSections(JsonObject map, ConfigPart part, IReadOnlyList<ConfigSchema> schemas, IReadOnlyList<ConfigKind> kinds)
    {
        foreach (var schema in schemas.Where(s => part.Sections.ContainsKey(s.Section)))
        {
            var kind = kinds.Single(k => k.Schema == schema);
            map[schema.Section] = new JsonObject(part.Sections[schema.Section].Values.Select(i => KeyValuePair.Create(i.Key, (JsonNode?)Ordered(kind.ToExport(part.Slug ?? "instance", i), schema))));
        }
    }

    private static JsonObject Ordered(JsonObject values, ConfigSchema schema) =>
        new(schema.Properties.Where(p => values.ContainsKey(p.Name)).Select(p => KeyValuePair.Create(p.Name, values[p.Name]?.DeepClone())));

    // A merge keeps the order of what was there, which is no part of the configuration.
    private static JsonNode? Sorted(JsonNode? value) => value switch
    {
        JsonObject map => new JsonObject(map.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, Sorted(m.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => value?.DeepClone(),
    };
}
