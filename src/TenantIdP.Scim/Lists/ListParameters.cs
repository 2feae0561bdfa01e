using System.Text.Json;
using TenantIdP.Scim.Json;

namespace TenantIdP.Scim.Lists;

/// <summary>What a client asks of a list, as it was sent: in the query (RFC 7644 3.4.2) or as a body of <c>/.search</c> (RFC 7644 3.4.3).</summary>
public sealed record ListParameters
{
    private static readonly string[] Names = ["schemas", "filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes", "excludedAttributes"];

    public string? Filter { get; init; }

    public string? SortBy { get; init; }

    public string? SortOrder { get; init; }

    public string? StartIndex { get; init; }

    public string? Count { get; init; }

    /// <summary>Empty for the first page by cursor; null when paged by index.</summary>
    public string? Cursor { get; init; }

    public IReadOnlyList<string> Attributes { get; init; } = [];

    public IReadOnlyList<string> ExcludedAttributes { get; init; } = [];

    /// <summary>Names are compared whatever their case, others are not looked at: Entra appends flags of its own to every address. One name twice is an error, because only one would count.</summary>
    public static ScimResult<ListParameters> FromQuery(IEnumerable<KeyValuePair<string, string?>> query)
    {
        var found = new string?[Names.Length];
        foreach (var (name, value) in query)
        {
            var at = Array.FindIndex(Names, n => n.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (at < 1) continue;
            if (found[at] is not null) return ScimErrors.InvalidValue(Names[at], "is there twice.");
            found[at] = value ?? "";
        }

        return new ListParameters
        {
            Filter = found[1], SortBy = found[2], SortOrder = found[3], StartIndex = found[4], Count = found[5], Cursor = found[6], Attributes = Split(found[7]), ExcludedAttributes = Split(found[8]),
        };
    }

    /// <param name="maxBytes">What is longer is 413, unread.</param>
    public static ScimResult<ListParameters> FromSearch(ReadOnlyMemory<byte> utf8, int maxBytes)
    {
        var parsed = ScimJson.Parse(utf8, maxBytes);
        if (!parsed.IsOk) return parsed.Error;
        using var document = parsed.Value;
        var found = new JsonElement[Names.Length];
        if ((ScimJson.Fields(document.RootElement, Names, found) ?? ScimJson.RequireSchema(found[0], ScimUrns.SearchRequest)) is { } wrong) return wrong;
        var texts = new string?[Names.Length];
        for (var i = 1; i <= 6; i++)
        {
            var number = i is 4 or 5;
            if (ScimJson.IsAbsent(found[i])) continue;
            if (found[i].ValueKind != (number ? JsonValueKind.Number : JsonValueKind.String)) return ScimErrors.InvalidValue(Names[i], number ? "must be a number." : "must be text.");
            texts[i] = number ? found[i].GetRawText() : found[i].GetString();
        }

        if (Texts(found[7], Names[7], out var attributes) is { } noNames) return noNames;
        if (Texts(found[8], Names[8], out var excluded) is { } noExcluded) return noExcluded;
        return new ListParameters
        {
            Filter = texts[1], SortBy = texts[2], SortOrder = texts[3], StartIndex = texts[4], Count = texts[5], Cursor = texts[6], Attributes = attributes, ExcludedAttributes = excluded,
        };
    }

    private static ScimError? Texts(JsonElement json, string name, out IReadOnlyList<string> texts)
    {
        texts = [];
        if (ScimJson.IsAbsent(json)) return null;
        if (json.ValueKind == JsonValueKind.String)
        {
            texts = Split(json.GetString());
            return null;
        }

        if (json.ValueKind != JsonValueKind.Array || json.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.String)) return ScimErrors.InvalidValue(name, "must be an array of text.");
        texts = [.. json.EnumerateArray().Take(ScimLimits.MaxProjectedNames + 1).Select(e => e.GetString()!)]; // strings are never null
        return null;
    }

    private static IReadOnlyList<string> Split(string? names) =>
        string.IsNullOrWhiteSpace(names) ? [] : names.Split(',', ScimLimits.MaxProjectedNames + 1, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
