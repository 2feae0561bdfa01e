using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace TenantIdP.Server.Configuration;

/// <summary>
/// Reads one YAML document strictly: no anchors, aliases, tags or directives, no key twice, bounded in size and depth. The library's events only: nothing is bound to types, so
/// a file can't make any.
/// </summary>
internal static class YamlReader
{
    public const int MaxBytes = 5 * 1024 * 1024;
    public const int MaxDepth = 48;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <returns>Null with a problem added.</returns>
    public static YamlNode? Read(ReadOnlySpan<byte> bytes, ConfigProblems problems)
    {
        if (bytes.Length > MaxBytes) return Refuse(problems, new ConfigProblem("config_too_large", $"A configuration file has at most {MaxBytes / 1024 / 1024} MB."));
        if (bytes.StartsWith(Encoding.UTF8.Preamble)) bytes = bytes[Encoding.UTF8.Preamble.Length..];
        string text;
        try
        {
            text = Strict.GetString(bytes);
        }
        catch (DecoderFallbackException broken)
        {
            var line = 1 + bytes[..Math.Clamp(broken.Index, 0, bytes.Length)].Count((byte)'\n');
            return Refuse(problems, new ConfigProblem("config_not_utf8", "A configuration file is UTF-8.", line, 1));
        }

        if (FindControl(text) is { } control) return Refuse(problems, control);
        try
        {
            return ReadDocument(new Parser(new StringReader(text)), problems);
        }
        catch (YamlException broken)
        {
            var place = PlaceOfTab(broken, text) ?? ((int)broken.End.Line, (int)broken.End.Column);
            return Refuse(problems, new ConfigProblem("config_not_yaml", "This is no YAML: " + Terminal.Escape(broken.Message), place.Line, place.Column));
        }
    }

    private static YamlNode? ReadDocument(Parser parser, ConfigProblems problems)
    {
        if (!Next<StreamStart>(parser) || !Next<DocumentStart>(parser)) return Refuse(problems, new ConfigProblem("config_empty", "The file is empty.", 1, 1));
        if (parser.Current is DocumentStart start && HasDirective(start))
            return Refuse(problems, At(parser.Current, "config_directive_refused", "Directives (lines that start with %) are not accepted."));
        parser.MoveNext();
        var root = ReadNode(parser, 1, problems);
        if (root is null) return null;
        while (parser.MoveNext())
        {
            if (parser.Current is DocumentStart second) return Refuse(problems, At(second, "config_several_documents", "A file holds one document."));
        }

        return root;
    }

    private static bool HasDirective(DocumentStart start) => start.Version is not null || start.Tags?.Any(t => t.Handle is not ("!" or "!!")) == true;

    /// <summary>From the current event to the end of the node. Recursion is bounded by <see cref="MaxDepth"/>.</summary>
    private static YamlNode? ReadNode(Parser parser, int depth, ConfigProblems problems)
    {
        var current = parser.Current!; // the parser throws at an unexpected end
        if (depth > MaxDepth) return Refuse(problems, At(current, "config_too_deep", $"Nothing is nested more than {MaxDepth} deep."));
        if (current is AnchorAlias || current is NodeEvent { Anchor.IsEmpty: false }) return Refuse(problems, At(current, "config_alias_refused", "Anchors and aliases are not accepted: write it twice."));
        if (current is NodeEvent { Tag.IsEmpty: false }) return Refuse(problems, At(current, "config_tag_refused", "Tags are not accepted: quote what is text."));
        return current switch
        {
            Scalar scalar => Of(scalar),
            SequenceStart => ReadList(parser, depth, problems),
            MappingStart => ReadMap(parser, depth, problems),
            _ => Refuse(problems, At(current, "config_not_yaml", "This is no YAML.")),
        };
    }

    private static YamlList? ReadList(Parser parser, int depth, ConfigProblems problems)
    {
        var (start, items) = (parser.Current!, new List<YamlNode>());
        while (parser.MoveNext() && parser.Current is not SequenceEnd)
        {
            if (ReadNode(parser, depth + 1, problems) is not { } item) return null;
            items.Add(item);
        }

        return new YamlList(items, (int)start.Start.Line, (int)start.Start.Column);
    }

    private static YamlMap? ReadMap(Parser parser, int depth, ConfigProblems problems)
    {
        var (start, members, seen) = (parser.Current!, new List<(YamlScalar, YamlNode)>(), new HashSet<string>(StringComparer.Ordinal));
        while (parser.MoveNext() && parser.Current is not MappingEnd)
        {
            if (ReadNode(parser, depth + 1, problems) is not { } node) return null;
            if (node is not YamlScalar key) return Refuse<YamlMap>(problems, ConfigProblem.At(node, "config_wrong_type", "A key is text."));
            if (key is { IsPlain: true, Text: "<<" }) return Refuse<YamlMap>(problems, ConfigProblem.At(node, "config_alias_refused", "Merge keys are not accepted: write it twice."));
            if (!seen.Add(key.Text)) return Refuse<YamlMap>(problems, ConfigProblem.At(node, "config_duplicate_key", $"The key {Terminal.Quote(key.Text)} stands here for the second time."));
            parser.MoveNext();
            if (ReadNode(parser, depth + 1, problems) is not { } value) return null;
            members.Add((key, value));
        }

        return new YamlMap(members, (int)start.Start.Line, (int)start.Start.Column);
    }

    private static YamlScalar Of(Scalar scalar) => new(scalar.Value, scalar.Style == ScalarStyle.Plain, (int)scalar.Start.Line, (int)scalar.Start.Column);

    /// <summary>The library says that there is a tab, and where the map begins that it is in.</summary>
    private static (int Line, int Column)? PlaceOfTab(YamlException broken, string text)
    {
        if (!broken.Message.Contains("tab as indentation", StringComparison.Ordinal)) return null;
        var lines = text.Split('\n');
        var line = Array.FindIndex(lines, l => l.AsSpan()[..(l.Length - l.AsSpan().TrimStart(" \t").Length)].Contains('\t'));
        return line < 0 ? null : (line + 1, lines[line].IndexOf('\t', StringComparison.Ordinal) + 1);
    }

    // YAML 1.2.2 section 5.1: what is not printable stands in a file as an escape only.
    private static ConfigProblem? FindControl(string text)
    {
        var at = text.AsSpan().IndexOfAnyExcept(Printable);
        if (at < 0) return null;
        var before = text.AsSpan(0, at);
        return new ConfigProblem("config_control_character", $"There is a control character (U+{(int)text[at]:X4}) here.", 1 + before.Count('\n'), at - before.LastIndexOf('\n'));
    }

    private static readonly System.Buffers.SearchValues<char> Printable =
        System.Buffers.SearchValues.Create([.. Enumerable.Range(0, 0x10000).Select(c => (char)c).Where(c => c is '\t' or '\n' or '\r' or '\u0085' || (!char.IsControl(c) && c is not ('\uFEFF' or '\uFFFE' or '\uFFFF')))]);

    private static bool Next<T>(Parser parser) where T : ParsingEvent => parser.MoveNext() && parser.Current is T;

    private static ConfigProblem At(ParsingEvent place, string code, string message) => new(code, message, (int)place.Start.Line, (int)place.Start.Column);

    private static YamlNode? Refuse(ConfigProblems problems, ConfigProblem problem) => Refuse<YamlNode>(problems, problem);

    private static T? Refuse<T>(ConfigProblems problems, ConfigProblem problem) where T : YamlNode
    {
        problems.Add(problem);
        return null;
    }
}
