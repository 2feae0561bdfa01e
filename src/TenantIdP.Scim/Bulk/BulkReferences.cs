using System.Text.Json;
using TenantIdP.Scim.Responses;
using TenantIdP.Scim.Schemas;

namespace TenantIdP.Scim.Bulk;

/// <summary>References to resources that the same request makes: a whole text <c>bulkId:x</c> (RFC 7644 3.7.2).</summary>
internal static class BulkReferences
{
    private const string Prefix = "bulkId:";

    public static bool Is(string text, out string bulkId)
    {
        var found = text.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);
        bulkId = found ? text[Prefix.Length..] : "";
        return found;
    }

    /// <summary>JSON is at most <see cref="ScimLimits.MaxDepth"/> levels deep, so recursion ends.</summary>
    public static void Collect(JsonElement json, ISet<string> into)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String when Is(json, out var bulkId):
                into.Add(bulkId);
                break;
            case JsonValueKind.Array:
                foreach (var element in json.EnumerateArray()) Collect(element, into);
                break;
            case JsonValueKind.Object:
                foreach (var property in json.EnumerateObject()) Collect(property.Value, into);
                break;
        }
    }

    /// <summary>What the members of a resource refer to and nothing else of it does.</summary>
    public static HashSet<string> OfMembersOnly(JsonElement data)
    {
        var (members, others) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        if (data.ValueKind != JsonValueKind.Object) return members;
        foreach (var property in data.EnumerateObject()) Collect(property.Value, IsMembers(property) ? members : others);
        members.ExceptWith(others);
        return members;
    }

    /// <summary>The same JSON with ids in place of references, without the members that refer to what is left out.</summary>
    public static ReadOnlyMemory<byte> Replace(JsonElement data, IReadOnlyDictionary<string, string> ids, IReadOnlySet<string> without) => ScimMessages.ToBytes(json =>
    {
        json.WriteStartObject();
        foreach (var property in data.EnumerateObject())
        {
            json.WritePropertyName(property.Name);
            if (without.Count > 0 && IsMembers(property)) WriteMembers(json, property.Value, ids, without, leftOut: false);
            else Write(json, property.Value, ids);
        }

        json.WriteEndObject();
    });

    /// <summary>A PATCH that adds the members that were left out.</summary>
    public static ReadOnlyMemory<byte> AddMembers(JsonElement data, IReadOnlyDictionary<string, string> ids, IReadOnlySet<string> leftOut) => ScimMessages.ToBytes(json =>
    {
        json.WriteStartObject();
        ScimMessages.WriteSchemas(json, ScimUrns.PatchOp);
        json.WriteStartArray("Operations");
        foreach (var property in data.EnumerateObject().Where(IsMembers))
        {
            json.WriteStartObject();
            json.WriteString("op", "add");
            json.WriteString("path", GroupSchema.Members.Name);
            json.WritePropertyName("value");
            WriteMembers(json, property.Value, ids, leftOut, leftOut: true);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static bool IsMembers(JsonProperty property) => property.Value.ValueKind == JsonValueKind.Array && property.Name.Equals(GroupSchema.Members.Name, StringComparison.OrdinalIgnoreCase);

    /// <param name="leftOut">Whether those that refer to <paramref name="chosen"/> are written, or the others.</param>
    private static void WriteMembers(Utf8JsonWriter json, JsonElement members, IReadOnlyDictionary<string, string> ids, IReadOnlySet<string> chosen, bool leftOut)
    {
        json.WriteStartArray();
        foreach (var member in members.EnumerateArray())
        {
            var references = new HashSet<string>(StringComparer.Ordinal);
            Collect(member, references);
            if (references.Overlaps(chosen) == leftOut) Write(json, member, ids);
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, JsonElement json, IReadOnlyDictionary<string, string> ids)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String when Is(json, out var bulkId):
                writer.WriteStringValue(ids[bulkId]);
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var element in json.EnumerateArray()) Write(writer, element, ids);
                writer.WriteEndArray();
                break;
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in json.EnumerateObject())
                {
                    writer.WritePropertyName(property.Name);
                    Write(writer, property.Value, ids);
                }

                writer.WriteEndObject();
                break;
            default:
                json.WriteTo(writer);
                break;
        }
    }

    private static bool Is(JsonElement json, out string bulkId) => Is(json.GetString()!, out bulkId); // the caller saw a string
}
