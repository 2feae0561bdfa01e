using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace TenantIdP.Server.Management;

/// <summary>Makes an example of each request and response from its schema, so that a new operation has one without anybody writing it.</summary>
internal static class SchemaExamples
{
    private const int Deepest = 8;

    private static readonly Dictionary<string, string> Texts = new(StringComparer.OrdinalIgnoreCase)
    {
        ["displayName"] = "Acme", ["name"] = "Ann Example", ["givenName"] = "Ann", ["familyName"] = "Example", ["slug"] = "acme", ["externalId"] = "customer-42", ["email"] = "ann@example.com",
        ["address"] = "ann@example.com", ["host"] = "example.com", ["key"] = "billing", ["roles"] = "member", ["permissions"] = "members:read", ["reason"] = "Named in the contract",
        ["identifier"] = "https://api.example.com", ["issuer"] = "https://idp.example.com", ["clientId"] = "client", ["code"] = "ok", ["summary"] = "Signed in.", ["eventTypes"] = "member.joined",
    };

    public static void AddTo(OpenApiDocument document)
    {
        var contents = document.Paths.Values.SelectMany(path => path.Operations?.Values ?? Enumerable.Empty<OpenApiOperation>())
            .SelectMany(operation => (operation.Responses ?? []).Values.Select(answer => answer.Content).Append(operation.RequestBody?.Content));
        foreach (var media in contents.Where(c => c is not null).SelectMany(c => c!.Values)) // filtered just now
        {
            if (media is { Example: null, Examples: null or { Count: 0 }, Schema: { } schema }) media.Example = Of(schema, "", 0);
        }
    }

    private static JsonNode? Of(IOpenApiSchema schema, string name, int depth)
    {
        if (depth > Deepest) return null;
        if (schema.Examples is [{ } given, ..]) return given.DeepClone();
        if (schema.Enum is { Count: > 0 } values) return values.FirstOrDefault(v => v is not null)?.DeepClone();
        if ((schema.OneOf ?? schema.AnyOf)?.FirstOrDefault(s => s.Type != JsonSchemaType.Null) is { } first) return Of(first, name, depth);
        var type = schema.Type & ~JsonSchemaType.Null;
        return type switch
        {
            JsonSchemaType.Boolean => false,
            JsonSchemaType.Integer or JsonSchemaType.Number or (JsonSchemaType.Integer | JsonSchemaType.String) or (JsonSchemaType.Number | JsonSchemaType.String) => 1,
            JsonSchemaType.Array => schema.Items is { } items ? new JsonArray(Of(items, name, depth + 1)) : [],
            JsonSchemaType.String => Text(schema, name),
            _ => Members(schema, depth),
        };
    }

    private static JsonObject Members(IOpenApiSchema schema, int depth)
    {
        var made = new JsonObject();
        foreach (var (name, member) in schema.Properties ?? new Dictionary<string, IOpenApiSchema>()) made[name] = Of(member, name, depth + 1);
        foreach (var part in schema.AllOf ?? [])
        {
            foreach (var (name, value) in Members(part, depth + 1)) made[name] = value?.DeepClone();
        }

        return made;
    }

    private static string Text(IOpenApiSchema schema, string name)
    {
        if (schema.Pattern is { } pattern && pattern.StartsWith('^') && pattern.IndexOf('_', StringComparison.Ordinal) is > 1 and < 8 and var end) return $"{pattern[1..end]}_01m85ggprjfjsbts0tghkhvg2w";
        return schema.Format switch
        {
            "date-time" => "2026-01-15T09:30:00+00:00",
            "uri" => "https://app.example.com/callback",
            _ => Texts.TryGetValue(name, out var text) ? text : IsAddress(name) ? "https://app.example.com/callback" : name.Length == 0 ? "text" : name,
        };
    }

    private static bool IsAddress(string name) => name.EndsWith("Url", StringComparison.OrdinalIgnoreCase) || name.EndsWith("Uri", StringComparison.OrdinalIgnoreCase) || name.EndsWith("Uris", StringComparison.OrdinalIgnoreCase);
}
