using System.Text.Json;
using System.Text.Json.Nodes;

namespace TenantIdP.Tests.Scim.Dialects;

/// <summary>
/// Is what is wanted in what came? An object has at least the wanted members, and none that is wanted as null; a list has as many elements as wanted, each of them once, in any
/// order; a text, number or boolean is the same. <c>"&lt;any&gt;"</c> is any text that is not empty.
/// </summary>
internal static class JsonShape
{
    private const string Any = "<any>";

    /// <returns>Where they differ; empty when all is there.</returns>
    public static IReadOnlyList<string> Missing(JsonNode? wanted, JsonNode? came, string at = "$") => (wanted, came) switch
    {
        (JsonObject w, JsonObject c) => [.. w.SelectMany(member => member.Value is null ? Absent(c, member.Key, at) : Missing(member.Value, c[member.Key], $"{at}.{member.Key}"))],
        (JsonArray w, JsonArray c) => Elements(w, c, at),
        (JsonValue w, JsonValue c) when w.GetValueKind() == JsonValueKind.String && (string?)w == Any => c.GetValueKind() == JsonValueKind.String && ((string?)c)!.Length > 0 ? [] : [$"{at} is {c.ToJsonString()}"], // a text
        (JsonValue w, JsonValue c) when JsonNode.DeepEquals(w, c) => [],
        _ => [$"{at} is {came?.ToJsonString() ?? "absent"} instead of {wanted?.ToJsonString()}"],
    };

    private static IReadOnlyList<string> Absent(JsonObject came, string name, string at) => came.ContainsKey(name) ? [$"{at}.{name} is {came[name]?.ToJsonString()} instead of absent"] : [];

    private static IReadOnlyList<string> Elements(JsonArray wanted, JsonArray came, string at)
    {
        if (wanted.Count != came.Count) return [$"{at} has {came.Count} elements instead of {wanted.Count}: {came.ToJsonString()}"];
        var left = came.ToList();
        foreach (var one in wanted)
        {
            var place = left.FindIndex(c => Missing(one, c).Count == 0);
            if (place < 0) return [$"{at} has no {one?.ToJsonString()}: {came.ToJsonString()}"];
            left.RemoveAt(place);
        }

        return [];
    }
}
