using System.Text.Json;
using System.Text.Json.Nodes;
using TenantIdP.Core.Kernel;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Configuration;

/// <summary>What a value of the document looks like: how it is read from YAML, how what the store holds is brought to the same form, what is sent for a change, how it is shown.</summary>
internal abstract class Shape
{
    public const string Secret = "(secret)";

    /// <summary>The largest text; what a property allows is decided by its use case.</summary>
    private const int MaxText = 20_000;

    /// <summary>Text as it is written.</summary>
    public static Shape Text { get; } = new TextShape();

    /// <summary>A name or a reason: stored trimmed and in Unicode's composed form, so compared in it.</summary>
    public static Shape Name { get; } = new NameShape();

    public static Shape Flag { get; } = new ScalarShape(YamlScalarKind.Flag, "true or false");

    public static Shape Number { get; } = new ScalarShape(YamlScalarKind.Number, "a number");

    /// <summary>Text entries whose order means nothing.</summary>
    public static Shape Set { get; } = new TextsShape(isSorted: true);

    /// <summary>Host names whose order means nothing, in the form in which they are stored.</summary>
    public static Shape Hosts { get; } = new TextsShape(isSorted: true, text => HostName.TryParse(text, out var host) ? host.Value : text);

    /// <summary>Text entries in their order.</summary>
    public static Shape List { get; } = new TextsShape(isSorted: false);

    /// <summary>An object of the application's own.</summary>
    public static Shape Json { get; } = new JsonShape();

    public static Shape Choice(params string[] values) => new ChoiceShape(values);

    /// <summary>An object that is replaced as a whole.</summary>
    public static Shape Whole(params ConfigProperty[] members) => new ObjectShape(members, isMerged: false);

    /// <summary>An object whose members are changed one by one.</summary>
    public static Shape Merged(params ConfigProperty[] members) => new ObjectShape(members, isMerged: true);

    /// <param name="unique">The member that no two entries share.</param>
    public static Shape ListOf(Shape entry, string? unique = null) => new EntriesShape(entry, unique);

    /// <summary>Of an object whose members are changed one by one.</summary>
    public virtual IReadOnlyList<ConfigProperty> Members => [];

    /// <returns>Null with a problem added. Called for what is not null in the file.</returns>
    public abstract JsonNode? Read(YamlNode node, ConfigProblems problems);

    /// <summary>What the store holds, in the form that <see cref="Read"/> gives.</summary>
    public virtual JsonNode? Canonical(JsonNode? stored) => stored?.DeepClone();

    /// <summary>What is sent so that <paramref name="before"/> becomes <paramref name="after"/>.</summary>
    public virtual JsonNode? Patch(JsonNode? before, JsonNode? after) => after?.DeepClone();

    /// <summary>The differences, by path.</summary>
    public virtual IEnumerable<PropertyChange> Differences(string path, JsonNode? before, JsonNode? after)
    {
        if (!Same(before, after)) yield return new PropertyChange(path, before?.DeepClone(), after?.DeepClone(), this);
    }

    public virtual string Show(JsonNode? before, JsonNode? after) => before is null ? Show(after) : $"{Show(before)} -> {Show(after)}";

    /// <summary>For machines; as the value unless it must not be seen.</summary>
    public virtual JsonNode? Visible(JsonNode? value) => value?.DeepClone();

    public static bool Same(JsonNode? a, JsonNode? b) =>
        a is null || b is null ? a is null && b is null : JsonElement.DeepEquals(JsonSerializer.SerializeToElement(a), JsonSerializer.SerializeToElement(b));

    public static string Show(JsonNode? value) => value is null ? "null" : value.GetValueKind() == JsonValueKind.String ? Terminal.Quote(value.GetValue<string>()) : Terminal.Escape(value.ToJsonString(Readable));

    private static readonly JsonSerializerOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static JsonNode? Wrong(YamlNode node, string wanted, ConfigProblems problems)
    {
        var hint = node is YamlScalar { IsPlain: true, Kind: not YamlScalarKind.Text } scalar ? $"; put {Terminal.Quote(scalar.Text)} in quotes if it is meant as text" : "";
        problems.Add(node, "config_wrong_type", $"This must be {wanted}{hint}.");
        return null;
    }

    private static string? ReadText(YamlNode node, string wanted, ConfigProblems problems)
    {
        if (node is not YamlScalar { Kind: YamlScalarKind.Text } scalar)
        {
            Wrong(node, wanted, problems);
            return null;
        }

        if (scalar.Text.Length <= MaxText && StorableText.Is(scalar.Text)) return scalar.Text;
        problems.Add(node, "config_text_invalid", $"Text has at most {MaxText} characters and no U+0000.");
        return null;
    }

    private sealed class TextShape : Shape
    {
        public override JsonNode? Read(YamlNode node, ConfigProblems problems) => ReadText(node, "text", problems) is { } text ? JsonValue.Create(text) : null;
    }

    private sealed class NameShape : Shape
    {
        public override JsonNode? Read(YamlNode node, ConfigProblems problems)
        {
            if (ReadText(node, "text", problems) is not { } text) return null;
            if (DisplayName.Clean(text) is { } name) return JsonValue.Create(name);
            problems.Add(node, "config_name_invalid", $"This must have 1 to {DisplayName.MaxLength} characters, none of them a control character.");
            return null;
        }
    }

    private sealed class ScalarShape(YamlScalarKind kind, string wanted) : Shape
    {
        public override JsonNode? Read(YamlNode node, ConfigProblems problems) =>
            node is YamlScalar scalar && scalar.Kind == kind ? JsonNode.Parse(scalar.Text.ToLowerInvariant()) : Wrong(node, wanted, problems);
    }

    private sealed class ChoiceShape(string[] values) : Shape
    {
        public override JsonNode? Read(YamlNode node, ConfigProblems problems) =>
            node is YamlScalar scalar && (scalar.Kind is YamlScalarKind.Text or YamlScalarKind.Flag) && values.Contains(scalar.Text, StringComparer.Ordinal)
                ? scalar.Kind == YamlScalarKind.Flag ? JsonNode.Parse(scalar.Text) : JsonValue.Create(scalar.Text)
                : Wrong(node, "one of " + string.Join(", ", values), problems);
    }

    private sealed class TextsShape(bool isSorted, Func<string, string>? normalize = null) : Shape
    {
        public override JsonNode? Read(YamlNode node, ConfigProblems problems)
        {
            if (node is not YamlList list) return Wrong(node, "a list of texts", problems);
            var texts = new List<string>();
            foreach (var item in list.Items)
            {
                if (ReadText(item, "text", problems) is not { } written) continue;
                var text = normalize?.Invoke(written) ?? written;
                if (texts.Contains(text, StringComparer.Ordinal)) problems.Add(item, "config_duplicate_entry", $"{Terminal.Quote(text)} stands in this list for the second time.");
                texts.Add(text);
            }

            return Of(texts);
        }

        public override JsonNode? Canonical(JsonNode? stored) => stored is JsonArray array ? Of(array.Select(e => e!.GetValue<string>())) : null; // the store's lists hold no null

        public override string Show(JsonNode? before, JsonNode? after)
        {
            var (was, becomes) = (Texts(before), Texts(after));
            var parts = becomes.Except(was).Select(t => "+" + Terminal.Escape(t)).Concat(was.Except(becomes).Select(t => "-" + Terminal.Escape(t))).ToList();
            return parts.Count > 0 ? string.Join(' ', parts) : becomes.Count == 0 ? "[]" : "in another order";
        }

        private static List<string> Texts(JsonNode? value) => value is JsonArray array ? [.. array.Select(e => e!.GetValue<string>())] : []; // as Canonical

        private JsonArray Of(IEnumerable<string> texts) => [.. (isSorted ? texts.Order(StringComparer.Ordinal) : texts).Select(t => JsonValue.Create(t))];
    }

    private sealed class EntriesShape(Shape entry, string? unique) : Shape
    {
        public override JsonNode? Read(YamlNode node, ConfigProblems problems)
        {
            if (node is not YamlList list) return Wrong(node, "a list", problems);
            var entries = new JsonArray();
            foreach (var item in list.Items)
            {
                if (entry.Read(item, problems) is not { } read) continue;
                if (entries.Any(e => unique is null ? Same(e, read) : Same(e?[unique], read[unique]))) problems.Add(item, "config_duplicate_entry", "This entry stands in the list for the second time.");
                entries.Add(read);
            }

            return entries;
        }

        public override JsonNode? Canonical(JsonNode? stored) => stored is JsonArray array ? new JsonArray([.. array.Select(entry.Canonical)]) : null;
    }

    private sealed class ObjectShape(ConfigProperty[] members, bool isMerged) : Shape
    {
        public override IReadOnlyList<ConfigProperty> Members => isMerged ? members : [];

        public override JsonNode? Read(YamlNode node, ConfigProblems problems) => ConfigProperties.Read(node, members, problems, allRequired: !isMerged);

        public override JsonNode? Canonical(JsonNode? stored) => stored is JsonObject found ? ConfigProperties.Canonical(found, members) : null;

        public override JsonNode? Patch(JsonNode? before, JsonNode? after)
        {
            if (!isMerged || before is not JsonObject was || after is not JsonObject becomes) return after?.DeepClone();
            return ConfigProperties.Patch(was, becomes, members);
        }

        public override IEnumerable<PropertyChange> Differences(string path, JsonNode? before, JsonNode? after) =>
            isMerged && before is JsonObject was && after is JsonObject becomes ? ConfigProperties.Differences(path + ".", was, becomes, members) : base.Differences(path, before, after);
    }

    private sealed class JsonShape : Shape
    {
        public override JsonNode? Read(YamlNode node, ConfigProblems problems) => node is YamlMap ? Value(node, problems) : Wrong(node, "a map", problems);

        /// <summary>A merge patch (RFC 7396), in which null takes a member away.</summary>
        public override JsonNode? Patch(JsonNode? before, JsonNode? after) => before is JsonObject was && after is JsonObject becomes ? Merge(was, becomes) : after?.DeepClone();

        private static JsonObject Merge(JsonObject before, JsonObject after)
        {
            var patch = new JsonObject();
            foreach (var (name, _) in before.Where(m => !after.ContainsKey(m.Key))) patch[name] = null;
            foreach (var (name, value) in after)
            {
                if (before.TryGetPropertyValue(name, out var was) && Same(was, value)) continue;
                patch[name] = was is JsonObject inner && value is JsonObject wanted ? Merge(inner, wanted) : value?.DeepClone();
            }

            return patch;
        }

        private static JsonNode? Value(YamlNode node, ConfigProblems problems)
        {
            switch (node)
            {
                case YamlMap map:
                    var made = new JsonObject();
                    foreach (var (key, value) in map.Members)
                    {
                        if (!StorableText.Is(key.Text)) problems.Add(key, "config_text_invalid", "A key has no U+0000.");
                        else if (value is YamlScalar { Kind: YamlScalarKind.Null }) problems.Add(value, "config_wrong_type", "Metadata keeps no null: leave the key out.");
                        else made[key.Text] = Value(value, problems);
                    }

                    return made;
                case YamlList list:
                    return new JsonArray([.. list.Items.Select(item => Value(item, problems))]);
                case YamlScalar { Kind: YamlScalarKind.Null }:
                    return null;
                case YamlScalar { Kind: YamlScalarKind.Flag or YamlScalarKind.Number } scalar:
                    return JsonNode.Parse(scalar.Kind == YamlScalarKind.Flag ? scalar.Text.ToLowerInvariant() : scalar.Text);
                default:
                    return ReadText(node, "text, a number, true or false", problems) is { } text ? JsonValue.Create(text) : null;
            }
        }
    }
}
