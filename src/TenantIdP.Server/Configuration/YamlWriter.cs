using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TenantIdP.Server.Configuration;

/// <summary>Writes YAML that every version of its readers takes for the same: block style, one line each, quotes around all that is no plain word.</summary>
internal sealed class YamlWriter
{
    /// <summary>A longer key is none that may stand before its colon (YAML 1.2.2 section 8.2.2: 1024 characters).</summary>
    private const int LongestKey = 500;

    private readonly StringBuilder text = new();

    public override string ToString() => text.ToString();

    public YamlWriter Comment(string line)
    {
        text.Append("# ").Append(line).Append('\n');
        return this;
    }

    public YamlWriter Write(JsonObject root)
    {
        WriteMembers(root, 0);
        return this;
    }

    /// <param name="isBegun">The first line stands behind the dash of a list already.</param>
    private void WriteMembers(JsonObject map, int depth, bool isBegun = false)
    {
        foreach (var (name, value) in map)
        {
            if (!isBegun && name == "clientSecret" && value is JsonObject { Count: 1 }) Indent(depth).Append("# set this variable before plan or apply, or name another\n");
            if (!isBegun) Indent(depth);
            isBegun = false;
            var key = Scalar(name);
            if (key.Length <= LongestKey) text.Append(key).Append(':');
            else
            {
                text.Append("? ").Append(key).Append('\n');
                Indent(depth).Append(':');
            }

            WriteValue(value, depth);
        }
    }

    private void WriteValue(JsonNode? value, int depth)
    {
        switch (value)
        {
            case JsonObject { Count: 0 }:
                text.Append(" {}\n");
                break;
            case JsonObject map:
                text.Append('\n');
                WriteMembers(map, depth + 1);
                break;
            case JsonArray { Count: 0 }:
                text.Append(" []\n");
                break;
            case JsonArray list:
                text.Append('\n');
                WriteItems(list, depth + 1);
                break;
            default:
                text.Append(' ').Append(Scalar(value)).Append('\n');
                break;
        }
    }

    private void WriteItems(JsonArray list, int depth)
    {
        foreach (var item in list)
        {
            Indent(depth).Append('-');
            if (item is JsonObject { Count: > 0 } map)
            {
                text.Append(' ');
                WriteMembers(map, depth + 1, isBegun: true);
            }
            else WriteValue(item, depth);
        }
    }

    private StringBuilder Indent(int depth) => text.Append(' ', depth * 2);

    private static string Scalar(JsonNode? value) => value is null ? "null" : value.GetValueKind() == JsonValueKind.String ? Scalar(value.GetValue<string>()) : value.ToJsonString();

    private static string Scalar(string value)
    {
        if (YamlScalars.IsPlainText(value)) return value;
        var quoted = new StringBuilder("\"");
        foreach (var rune in value.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                _ when IsVisible(rune) => quoted.Append(rune.ToString()),
                <= 0xFFFF => quoted.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}"),
                _ => quoted.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:X8}"),
            };
        }

        return quoted.Append('"').ToString();
    }

    // What an editor can't show, or what turns the line around, is written as an escape.
    private static bool IsVisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate)
        && (rune.Value == ' ' || !Rune.IsWhiteSpace(rune));
}
