using System.Text.Json;
using System.Text.RegularExpressions;
using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Theming;

/// <summary>
/// The sentences of all pages in all languages, read once at start from <c>themes/&lt;name&gt;/texts/&lt;language&gt;.json</c>, or several
/// <c>&lt;part&gt;.&lt;language&gt;.json</c>. The English sentence is the key; an <c>en.json</c> says it differently.
/// In Development there are two more languages, which nobody speaks: one makes long and accented texts, the other is written from right to left.
/// </summary>
internal sealed partial class Texts
{
    public const string Source = "en";
    public const string Pseudo = "qps-ploc";
    public const string PseudoMirrored = "qps-plocm";

    private const int MaxFileBytes = 512 * 1024;

    // Arabic, Hebrew, Persian, Urdu, Yiddish and their like, by their own script.
    private static readonly HashSet<string> RightToLeft = new(["ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi", PseudoMirrored], StringComparer.Ordinal);

    private readonly Dictionary<string, Dictionary<string, string>> languages = new(StringComparer.Ordinal) { [Source] = new(StringComparer.Ordinal) };
    private readonly bool makesPseudo;

    /// <exception cref="StartupException">A file is no such file; the message names it and the text.</exception>
    public Texts(ThemeFolder theme, IWebHostEnvironment environment)
    {
        makesPseudo = environment.IsDevelopment();
        foreach (var file in theme.List("texts", ".json", MaxFileBytes))
        {
            if (FileName().Match(file.FileName) is not { Success: true } parts) throw new StartupException($"{file.Name} must be called after a language, such as de.json, pt-br.json or account.de.json.");
            var language = parts.Groups["language"].Value;
            if (!languages.TryGetValue(language, out var texts)) languages[language] = texts = new(StringComparer.Ordinal);
            foreach (var (english, text) in Read(file)) texts[english] = text;
        }
    }

    /// <summary>The languages that have a file, and English.</summary>
    public IEnumerable<string> Languages => languages.Keys;

    /// <summary>The nearest language there is: <c>de-CH</c>, then <c>de</c>; null when it is none of ours.</summary>
    public string? Nearest(string tag)
    {
        if (tag.Length > 35) return null; // the longest that BCP 47 asks everybody to take
        var wanted = tag.ToLowerInvariant().Replace('_', '-');
        while (wanted.Length > 0)
        {
            if (languages.ContainsKey(wanted) || (makesPseudo && wanted is Pseudo or PseudoMirrored)) return wanted;
            wanted = wanted.LastIndexOf('-') is > 0 and var at ? wanted[..at] : "";
        }

        return null;
    }

    /// <summary>The sentence in that language, in English when it has none.</summary>
    public string Find(string language, string english)
    {
        if (languages.TryGetValue(language, out var texts) && texts.TryGetValue(english, out var text)) return text;
        return makesPseudo && language is Pseudo or PseudoMirrored ? PseudoText.Of(english) : english;
    }

    public static bool IsRightToLeft(string language) => RightToLeft.Contains(language) || RightToLeft.Contains(language.Split('-')[0]);

    /// <summary>The numbers of a sentence's placeholders, each once.</summary>
    public static IEnumerable<string> PlaceholdersOf(string text) => Placeholder().Matches(text).Select(m => m.Value).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    private static Dictionary<string, string> Read(ThemeFile file)
    {
        Dictionary<string, string>? texts;
        try
        {
            texts = JsonSerializer.Deserialize<Dictionary<string, string>>(file.Content);
        }
        catch (JsonException wrong)
        {
            throw new StartupException($"{file.Name} must be one JSON object of English sentences and their translations: {wrong.Message}", wrong);
        }

        foreach (var (english, text) in texts ?? throw new StartupException($"{file.Name} is empty."))
        {
            if (string.IsNullOrWhiteSpace(text)) throw new StartupException($"{file.Name}: \"{english}\" has no translation. Leave it out to show it in English.");
            if (!PlaceholdersOf(english).SequenceEqual(PlaceholdersOf(text))) throw new StartupException($"{file.Name}: the translation of \"{english}\" must have the same placeholders.");
        }

        return texts;
    }

    [GeneratedRegex(@"\{[0-9]\}")]
    internal static partial Regex Placeholder();

    [GeneratedRegex("^([a-z][a-z0-9-]*[.])?(?<language>[a-z]{2,3}(-[a-z0-9]{2,8})*)[.]json$")]
    private static partial Regex FileName();
}
