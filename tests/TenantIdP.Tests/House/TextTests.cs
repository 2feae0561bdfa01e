using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Joining;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using Xunit;

namespace TenantIdP.Tests.House;

/// <summary>The pages speak German wherever they speak English. A sentence of a page is a <c>T["…"]</c> there, or one that its model chooses, or the message of an error.</summary>
public sealed partial class TextTests
{
    // Folders whose C# chooses sentences for pages.
    private static readonly string[] PageFolders = ["src/TenantIdP.Server/Login/", "src/TenantIdP.Server/Account/"];

    private static readonly Type[] ErrorsForPeople = [typeof(SignInErrors)];

    private static readonly Error[] MoreErrorsForPeople = [JoinErrors.Unavailable, InvitationErrors.AskLimit, UserErrors.PasswordTooShort];

    // What is no text of ours: for operators, for developers, or an attribute.
    private static readonly HashSet<string> NotForPeople = new(StringComparer.Ordinal);

    [Fact]
    public void Every_sentence_of_a_page_has_a_German_one()
    {
        var german = German();

        var missing = Pages().Concat(ModelSentences()).Concat(ErrorMessages()).Where(sentence => !german.ContainsKey(sentence) && !NotForPeople.Contains(sentence)).Distinct().Order(StringComparer.Ordinal);

        Assert.True(Pages().Count() > 100); // it read the pages
        Assert.Empty(missing);
    }

    [Fact]
    public void No_German_sentence_is_left_behind()
    {
        var sources = Sources().Select(f => f.Text).ToList();

        var left = German().Keys.Where(english => !sources.Any(text => text.Contains($"\"{english.Replace("\"", "\\\"", StringComparison.Ordinal)}\"", StringComparison.Ordinal)));
        Assert.Empty(left);
    }

    [Fact]
    public void A_translation_has_the_placeholders_of_its_sentence() =>
        Assert.All(German(), pair => Assert.Equal(PlaceholdersOf(pair.Key), PlaceholdersOf(pair.Value)));

    /// <summary>What stands in a page outside of <c>T</c> is seen by nobody who reads another language.</summary>
    [Fact]
    public void No_page_has_words_of_its_own()
    {
        var words = from page in Sources().Where(f => f.Path.EndsWith(".cshtml", StringComparison.Ordinal) && !f.Path.EndsWith("/DevMail.cshtml", StringComparison.Ordinal))
                    from Match match in Words().Matches(page.Text)
                    select $"{page.Path}: {match.Groups[1].Value.Trim()}";

        Assert.Empty(words);
    }

    private static IEnumerable<string> Pages() =>
        from file in Sources().Where(f => f.Path.StartsWith("src/TenantIdP.Server/", StringComparison.Ordinal) && !f.Path.Contains("/Theming/", StringComparison.Ordinal))
        from Match call in Call().Matches(file.Text)
        from literal in Literals(FirstArgument(file.Text, call.Index + call.Length))
        select literal;

    private static IEnumerable<string> ModelSentences() =>
        from file in Sources().Where(f => f.Path.EndsWith(".cs", StringComparison.Ordinal) && PageFolders.Any(p => f.Path.StartsWith(p, StringComparison.Ordinal)))
        from line in file.Text.Split('\n').Where(l => !l.TrimStart().StartsWith("//", StringComparison.Ordinal) && !l.Contains("Exception(", StringComparison.Ordinal) && !l.Contains("Message = \"", StringComparison.Ordinal))
        from literal in Literals(line)
        where SentenceLike().IsMatch(literal)
        select literal;

    private static IEnumerable<string> ErrorMessages() =>
        ErrorsForPeople.SelectMany(t => t.GetFields(BindingFlags.Public | BindingFlags.Static)).Select(f => f.GetValue(null)).OfType<Error>().Concat(MoreErrorsForPeople).Select(e => e.Message);

    private static Dictionary<string, string> German()
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "themes", "default", "texts"), "*.json").Where(f => Path.GetFileName(f) is "de.json" || f.EndsWith(".de.json", StringComparison.Ordinal)))
        {
            foreach (var (english, german) in JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(file))!) Assert.True(all.TryAdd(english, german), $"{Path.GetFileName(file)} says again: {english}"); // an object
        }

        return all;
    }

    private static IEnumerable<(string Path, string Text)> Sources() => SourceTree.SourceFiles().Concat(
        from file in Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "src", "TenantIdP.Server"), "*.cshtml", SearchOption.AllDirectories)
        let path = Path.GetRelativePath(SourceTree.Root, file).Replace('\\', '/')
        where !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal)
        select (path, File.ReadAllText(file)));

    /// <summary>From behind the opening bracket to its end, or to the comma before what fills the placeholders.</summary>
    private static string FirstArgument(string text, int from)
    {
        var depth = 0;
        for (var at = from; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                for (at++; text[at] != '"'; at++) at += text[at] == '\\' ? 1 : 0;
                continue;
            }

            if (text[at] is '(' or '[' or '{') depth++;
            if (text[at] is ')' or ']' or '}' && depth-- == 0) return text[from..at];
            if (text[at] == ',' && depth == 0) return text[from..at];
        }

        return text[from..];
    }

    private static IEnumerable<string> Literals(string text) => Literal().Matches(text).Select(m => Regex.Unescape(m.Groups[1].Value));

    private static IEnumerable<string> PlaceholdersOf(string text) => Placeholder().Matches(text).Select(m => m.Value).Distinct().Order(StringComparer.Ordinal);

    [GeneratedRegex(@"\bT(\[|\.Text\()")]
    private static partial Regex Call();

    [GeneratedRegex("""(?<![$@"\\])"((?:[^"\\\n]|\\["\\nrt])*)"(?!")""")]
    private static partial Regex Literal();

    // Two words or more, the first with a capital: a sentence or a heading.
    [GeneratedRegex(@"^\p{Lu}[\p{L}’']*,? [^{}<>=/]*\p{L}[^{}<>=/]*$")]
    private static partial Regex SentenceLike();

    [GeneratedRegex(@"\{[0-9]\}")]
    private static partial Regex Placeholder();

    // Between a tag and a tag, text that no expression makes.
    [GeneratedRegex(@"<(?:h[1-6]|p|a|li|label|button|span|dt|dd|strong|th|td|legend|summary|option|title)\b(?:[^<>@""]|""[^""]*""|@\([^)]*\))*>\s*(\p{L}[^<@{}]*)<")]
    private static partial Regex Words();
}
