using System.Text.Json;
using System.Text.RegularExpressions;

namespace TenantIdP.Testing.Contracts;

/// <summary>Checks JSON against the part of JSON Schema that our OpenAPI document uses. A keyword that it does not know is a failure and no free pass.</summary>
public sealed class JsonSchema(JsonElement document)
{
    private static readonly HashSet<string> Annotations = ["title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly"];

    /// <returns>What is wrong, each with its place; empty when nothing is.</returns>
    public IReadOnlyList<string> Check(JsonElement schema, JsonElement value)
    {
        var wrong = new List<string>();
        Check(schema, value, "$", closed: true, wrong);
        return wrong;
    }

    public JsonElement Resolve(JsonElement schema)
    {
        while (schema.TryGetProperty("$ref", out var reference))
        {
            var found = document;
            foreach (var part in reference.GetString()!.TrimStart('#', '/').Split('/')) found = found.GetProperty(part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)); // a reference is a text
            schema = found;
        }

        return schema;
    }

    /// <param name="closed">A member that the schema does not name is wrong.</param>
    private void Check(JsonElement reference, JsonElement value, string at, bool closed, List<string> wrong)
    {
        var schema = Resolve(reference);
        foreach (var keyword in schema.EnumerateObject())
        {
            if (Annotations.Contains(keyword.Name) || keyword.Name.StartsWith("x-", StringComparison.Ordinal)) continue;
            var limit = keyword.Value;
            switch (keyword.Name)
            {
                case "type":
                    if (!(limit.ValueKind == JsonValueKind.Array ? limit.EnumerateArray() : Enumerable.Repeat(limit, 1)).Any(type => Is(value, type.GetString()))) wrong.Add($"{at} is {value.ValueKind}, not {limit}");
                    break;
                case "enum":
                    if (!limit.EnumerateArray().Any(allowed => JsonElement.DeepEquals(allowed, value))) wrong.Add($"{at} is {value}, which is none of {limit}");
                    break;
                case "pattern" when value.ValueKind == JsonValueKind.String:
                    if (!Regex.IsMatch(value.GetString()!, limit.GetString()!, RegexOptions.CultureInvariant)) wrong.Add($"{at} '{value}' does not match {limit}"); // texts, by their kind
                    break;
                case "format" when value.ValueKind == JsonValueKind.String && limit.GetString() == "date-time":
                    if (!value.TryGetDateTimeOffset(out _)) wrong.Add($"{at} '{value}' is no time");
                    break;
                case "minLength" when value.ValueKind == JsonValueKind.String:
                    if (value.GetString()!.Length < limit.GetInt32()) wrong.Add($"{at} is shorter than {limit}"); // a text, by its kind
                    break;
                case "maxLength" when value.ValueKind == JsonValueKind.String:
                    if (value.GetString()!.Length > limit.GetInt32()) wrong.Add($"{at} is longer than {limit}"); // a text, by its kind
                    break;
                case "maxItems" when value.ValueKind == JsonValueKind.Array:
                    if (value.GetArrayLength() > limit.GetInt32()) wrong.Add($"{at} has more than {limit} items");
                    break;
                case "minimum" when value.ValueKind == JsonValueKind.Number:
                    if (value.GetDouble() < limit.GetDouble()) wrong.Add($"{at} is below {limit}");
                    break;
                case "maximum" when value.ValueKind == JsonValueKind.Number:
                    if (value.GetDouble() > limit.GetDouble()) wrong.Add($"{at} is above {limit}");
                    break;
                case "items" when value.ValueKind == JsonValueKind.Array:
                    foreach (var (index, item) in value.EnumerateArray().Index()) Check(limit, item, $"{at}[{index}]", closed, wrong);
                    break;
                case "required" when value.ValueKind == JsonValueKind.Object:
                    wrong.AddRange(limit.EnumerateArray().Where(name => !value.TryGetProperty(name.GetString()!, out _)).Select(name => $"{at} lacks {name}")); // names are texts
                    break;
                case "properties" when value.ValueKind == JsonValueKind.Object:
                    foreach (var member in value.EnumerateObject())
                    {
                        if (limit.TryGetProperty(member.Name, out var known)) Check(known, member.Value, $"{at}.{member.Name}", closed, wrong);
                        else if (closed && !schema.TryGetProperty("additionalProperties", out _)) wrong.Add($"{at}.{member.Name} is not in the document");
                    }

                    break;
                case "additionalProperties" when value.ValueKind == JsonValueKind.Object && limit.ValueKind == JsonValueKind.Object:
                    foreach (var member in value.EnumerateObject().Where(m => !schema.TryGetProperty("properties", out var named) || !named.TryGetProperty(m.Name, out _))) Check(limit, member.Value, $"{at}.{member.Name}", closed, wrong);
                    break;
                case "allOf":
                    foreach (var part in limit.EnumerateArray()) Check(part, value, at, closed: false, wrong);
                    break;
                case "oneOf" or "anyOf":
                    CheckAny(limit, value, at, closed, wrong);
                    break;
                case "format" or "pattern" or "minLength" or "maxLength" or "minItems" or "maxItems" or "minimum" or "maximum" or "items" or "required" or "properties" or "additionalProperties":
                    break; // of another kind of value
                default:
                    wrong.Add($"{at}: the keyword {keyword.Name} is not understood by this check");
                    break;
            }
        }
    }

    private void CheckAny(JsonElement schemas, JsonElement value, string at, bool closed, List<string> wrong)
    {
        var tries = schemas.EnumerateArray().Select(schema =>
        {
            var found = new List<string>();
            Check(schema, value, at, closed, found);
            return found;
        }).ToList();
        if (tries.All(found => found.Count > 0)) wrong.AddRange(tries.MaxBy(found => found.Count)!); // there is one at least
    }

    private static bool Is(JsonElement value, string? type) => type switch
    {
        "null" => value.ValueKind == JsonValueKind.Null,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "number" => value.ValueKind == JsonValueKind.Number,
        "string" => value.ValueKind == JsonValueKind.String,
        "array" => value.ValueKind == JsonValueKind.Array,
        "object" => value.ValueKind == JsonValueKind.Object,
        _ => false,
    };
}
