using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace TenantIdP.Scim.Responses;

/// <summary>The envelope of a list (RFC 7644 3.4.2, RFC 9865 2).</summary>
/// <param name="TotalResults">How many there are on all pages.</param>
/// <param name="ItemsPerPage">How many are on this one.</param>
/// <param name="StartIndex">From 1; null when paged by a cursor.</param>
/// <param name="NextCursor">Null on the last page, and when paged by index.</param>
public sealed record ListEnvelope(long TotalResults, int ItemsPerPage, long? StartIndex = null, string? NextCursor = null);

/// <summary>Messages around resources.</summary>
public static class ScimMessages
{
    /// <summary>Of every answer.</summary>
    public const string ContentType = "application/scim+json";

    /// <param name="resources">Writes <see cref="ListEnvelope.ItemsPerPage"/> objects. The array is there when it is empty, too: Okta reads it.</param>
    public static void WriteList(Utf8JsonWriter json, ListEnvelope list, Action<Utf8JsonWriter> resources)
    {
        json.WriteStartObject();
        WriteSchemas(json, ScimUrns.ListResponse);
        json.WriteNumber("totalResults", list.TotalResults);
        json.WriteNumber("itemsPerPage", list.ItemsPerPage);
        if (list.StartIndex is { } start) json.WriteNumber("startIndex", start);
        if (list.NextCursor is { } next) json.WriteString("nextCursor", next);
        json.WriteStartArray("Resources");
        resources(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>RFC 7644 3.12; the status is text there.</summary>
    public static void WriteError(Utf8JsonWriter json, ScimError error)
    {
        json.WriteStartObject();
        WriteSchemas(json, ScimUrns.Error);
        if (error.ScimType is { } type) json.WriteString("scimType", type);
        json.WriteString("detail", error.Detail);
        json.WriteString("status", error.Status.ToString(CultureInfo.InvariantCulture));
        json.WriteEndObject();
    }

    /// <summary>What <paramref name="write"/> writes, as bytes.</summary>
    public static ReadOnlyMemory<byte> ToBytes(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer)) write(json);
        return buffer.WrittenMemory;
    }

    internal static void WriteSchemas(Utf8JsonWriter json, string urn)
    {
        json.WriteStartArray("schemas");
        json.WriteStringValue(urn);
        json.WriteEndArray();
    }
}
