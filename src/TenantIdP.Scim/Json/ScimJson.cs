using System.Text.Json;
using System.Text.Unicode;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Json;

/// <summary>
/// Reads the bytes of a request. What it lets through is UTF-8, no deeper than <see cref="ScimLimits.MaxDepth"/>, and has only text that can be stored, so that nothing behind it
/// has to expect an exception.
/// </summary>
public static class ScimJson
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = ScimLimits.MaxDepth };

    /// <param name="maxBytes">What is longer is 413, unread.</param>
    /// <returns>A document to dispose; it keeps <paramref name="utf8"/>.</returns>
    public static ScimResult<JsonDocument> Parse(ReadOnlyMemory<byte> utf8, int maxBytes)
    {
        if (utf8.Length > maxBytes) return ScimErrors.PayloadTooLarge(maxBytes);
        if (utf8.Span.StartsWith("\uFEFF"u8)) utf8 = utf8[3..];
        if (!Utf8.IsValid(utf8.Span)) return ScimErrors.InvalidSyntax("The body is not UTF-8.");
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(utf8, Options);
        }
        catch (JsonException malformed)
        {
            return ScimErrors.InvalidSyntax($"The body is not JSON (line {malformed.LineNumber + 1}, byte {malformed.BytePositionInLine + 1}), or deeper than {ScimLimits.MaxDepth} levels.");
        }

        // Only an escape can make text of what is none: half a pair of surrogates, or a NUL.
        if (utf8.Span.IndexOf("\\u"u8) < 0 || EscapesAreText(utf8.Span)) return document;
        document.Dispose();
        return ScimErrors.InvalidSyntax("The body has an escaped character that is none.");
    }

    /// <summary>The fields of an envelope by their names, whatever the case (clients write <c>op</c> and <c>Op</c>); others are not looked at.</summary>
    /// <param name="found">In the order of <paramref name="names"/>; <see cref="JsonValueKind.Undefined"/> where there is none.</param>
    internal static ScimError? Fields(JsonElement message, ReadOnlySpan<string> names, Span<JsonElement> found)
    {
        if (message.ValueKind != JsonValueKind.Object) return ScimErrors.InvalidSyntax("Here should be an object.");
        foreach (var property in message.EnumerateObject())
        {
            if (PropertyNames.IsTooLong(property) || IndexOf(names, property.Name) is not (>= 0 and var at)) continue;
            if (found[at].ValueKind != JsonValueKind.Undefined) return ScimErrors.InvalidSyntax($"{names[at]} is there twice.");
            found[at] = property.Value;
        }

        return null;
    }

    /// <summary>Whether <c>schemas</c> names <paramref name="urn"/>; the error says what is missing.</summary>
    internal static ScimError? RequireSchema(JsonElement schemas, string urn)
    {
        if (schemas.ValueKind == JsonValueKind.Undefined) return ScimErrors.InvalidSyntax($"schemas is missing; it must have {urn}.");
        if (schemas.ValueKind != JsonValueKind.Array) return ScimErrors.InvalidSyntax("schemas must be an array of text.");
        var named = false;
        foreach (var schema in schemas.EnumerateArray())
        {
            if (schema.ValueKind != JsonValueKind.String) return ScimErrors.InvalidSyntax("schemas must be an array of text.");
            named |= urn.Equals(schema.GetString(), StringComparison.OrdinalIgnoreCase);
        }

        return named ? null : ScimErrors.InvalidSyntax($"schemas must have {urn}.");
    }

    /// <summary>Null stands for nothing (RFC 7643 2.5).</summary>
    internal static bool IsAbsent(JsonElement value) => value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    private static int IndexOf(ReadOnlySpan<string> names, string name)
    {
        for (var i = 0; i < names.Length; i++)
        {
            if (names[i].Equals(name, StringComparison.OrdinalIgnoreCase)) return i;
        }

        return -1;
    }

    private static bool EscapesAreText(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = ScimLimits.MaxDepth });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped && !PlainText.IsWellFormed(reader.GetString())) return false;
            }
        }
        catch (InvalidOperationException)
        {
            return false; // what GetString throws for half a pair
        }

        return true;
    }
}
