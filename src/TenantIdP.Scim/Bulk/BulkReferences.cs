using System.Buffers;
using System.Text.Json;

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

    /// <summary>The same JSON with ids in place of references.</summary>
    public static ReadOnlyMemory<byte> Replace(JsonElement json, IReadOnlyDictionary<string, string> ids)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) Write(writer, json, ids);
        return buffer.WrittenMemory;
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
