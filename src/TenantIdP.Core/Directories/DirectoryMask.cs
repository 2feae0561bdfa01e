using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Directories;

/// <summary>
/// What the log of a directory shows of a request: its shape, the words of the protocol and our ids. Of everything else a first letter: an admin recognises a person whom they know,
/// nobody learns an address, a name or a password.
/// </summary>
public static partial class DirectoryMask
{
    /// <summary>Bytes of a body that are shown at all: a larger one is a group with all its members.</summary>
    private const int LongestBody = 32 * 1024;

    private const int LongestQuery = 4 * 1024;

    /// <summary>Characters of a text that are looked at.</summary>
    private const int LongestText = 1_000;

    private const string Password = "password";
    private const string Hidden = "…";

    /// <summary>Levels of JSON that are looked into; what is deeper is refused by whoever reads it.</summary>
    private const int MaxDepth = 32;

    /// <summary>Members whose values are words of the protocol, or ids that the identity provider gave.</summary>
    private static readonly HashSet<string> Shown = new(StringComparer.OrdinalIgnoreCase) { "schemas", "op", "type", "active", "primary", "method", "bulkId", "resourceType", "externalId", "id", "version", "failOnErrors" };

    private static readonly HashSet<string> Words = new(StringComparer.OrdinalIgnoreCase) { "true", "false", "work", "home", "mobile", "fax", "pager", "other", "user", "group", "direct", "indirect", "" };

    /// <param name="query">As in the address, with its question mark; null when there is none.</param>
    /// <param name="isGroup">Names of groups are shown.</param>
    /// <returns>Null when there is neither.</returns>
    public static string? Request(string? query, ReadOnlyMemory<byte> body, bool isGroup)
    {
        var text = new StringBuilder();
        if (query is { Length: > 1 } asked) text.Append('?').Append(Filter(Uri.UnescapeDataString((asked.Length > LongestQuery ? asked[..LongestQuery] : asked)[1..].Replace('+', ' '))));
        if (body.Length > 0) text.Append(text.Length > 0 ? " " : "").Append(Body(body, isGroup));
        return text.Length == 0 ? null : text.ToString();
    }

    /// <summary>A sentence of ours, which may quote what was sent.</summary>
    public static string Text(string sentence) => Address().Replace(sentence.Length > LongestText ? sentence[..LongestText] : sentence, match => One(match.Value));

    private static string Body(ReadOnlyMemory<byte> body, bool isGroup)
    {
        if (body.Length > LongestBody) return string.Create(CultureInfo.InvariantCulture, $"({body.Length:N0} bytes)");
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            var buffer = new ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) Write(json, document.RootElement, "", isGroup);
            return Encoding.UTF8.GetString(buffer.WrittenSpan);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or ArgumentException)
        {
            return string.Create(CultureInfo.InvariantCulture, $"({body.Length:N0} bytes that are no JSON)");
        }
    }

    /// <param name="name">Of the member whose value it is.</param>
    private static void Write(Utf8JsonWriter json, JsonElement value, string name, bool isGroup)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when Is(name, Password):
                json.WriteStringValue(Hidden);
                break;
            case JsonValueKind.Object:
                WriteObject(json, value, isGroup);
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var one in value.EnumerateArray()) Write(json, one, name, isGroup);
                json.WriteEndArray();
                break;
            case JsonValueKind.String:
                json.WriteStringValue(Shows(name, value.GetString()!, isGroup)); // a string is not null
                break;
            case JsonValueKind.Number when !Shown.Contains(name):
                json.WriteStringValue(Hidden);
                break;
            default:
                value.WriteTo(json);
                break;
        }
    }

    private static void WriteObject(Utf8JsonWriter json, JsonElement value, bool isGroup)
    {
        // The value of a patch is of the attribute that its path names.
        var path = PathOf(value);
        json.WriteStartObject();
        foreach (var member in value.EnumerateObject())
        {
            json.WritePropertyName(Filter(member.Name));
            Write(json, member.Value, path is not null && Is(member.Name, "value") ? path : LastName(member.Name), isGroup);
        }

        json.WriteEndObject();
    }

    /// <summary>Names are read without case, as whoever reads the request reads them. Of several paths one of a password decides.</summary>
    private static string? PathOf(JsonElement value)
    {
        string? path = null;
        foreach (var member in value.EnumerateObject())
        {
            if (!Is(member.Name, "path") || member.Value.ValueKind != JsonValueKind.String) continue;
            var named = member.Value.GetString()!; // a string is not null
            if (named.Contains(Password, StringComparison.OrdinalIgnoreCase)) return Password;
            path = LastName(named);
        }

        return path;
    }

    private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);

    private static string Shows(string name, string text, bool isGroup) => name switch
    {
        _ when Is(name, "path") => Filter(text),
        _ when Is(name, "schemas") => text,
        _ when Is(name, Password) => Hidden,
        _ when IsShown(text) => text,
        _ when Shown.Contains(name) || (isGroup && Is(name, "displayName")) => Text(text),
        _ => One(text),
    };

    /// <summary>Of a filter or a path: the attributes and operators, not what is compared with.</summary>
    private static string Filter(string text)
    {
        Func<string, string> one = text.Contains(Password, StringComparison.OrdinalIgnoreCase) ? _ => Hidden : One;
        var quoted = Quoted().Replace(text, match => IsShown(match.Groups[1].Value) ? match.Value : $"\"{one(match.Groups[1].Value)}\"");
        return Bare().Replace(quoted, match => IsShown(match.Groups[2].Value) ? match.Value : match.Groups[1].Value + one(match.Groups[2].Value));
    }

    private static bool IsShown(string value) => Words.Contains(value) || OurId().IsMatch(value);

    /// <summary>An address by its first letter and its domain, anything else by its first letter.</summary>
    private static string One(string text)
    {
        if (text.Length == 0) return text;
        var first = char.IsHighSurrogate(text[0]) && text.Length > 1 ? text[..2] : text[..1];
        var at = text.IndexOf('@', StringComparison.Ordinal);
        return at > 0 && at == text.LastIndexOf('@') && HostName.TryParse(text[(at + 1)..], out var host) ? $"{first}…@{host.Value}" : first + Hidden;
    }

    /// <summary><c>emails[type eq "work"].value</c> is <c>value</c>, and <c>urn:…:User:active</c> is <c>active</c>.</summary>
    private static string LastName(string path) => path[(path.LastIndexOfAny(['.', ':', ']']) + 1)..];

    [GeneratedRegex("^[a-z]{3}_[0-9a-z]{26}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex OurId();

    [GeneratedRegex("[^\\s\"'<>@()]{1,256}@[^\\s\"'<>@()]{1,256}", RegexOptions.CultureInvariant)]
    private static partial Regex Address();

    /// <summary>Some send text without quotes.</summary>
    [GeneratedRegex("(\\b(?:eq|ne|co|sw|ew|gt|ge|lt|le)\\s+)([^\\s\"()\\[\\]&]+)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Bare();

    [GeneratedRegex("\"((?:[^\"\\\\]|\\\\.)*)\"?", RegexOptions.CultureInvariant)]
    private static partial Regex Quoted();
}
