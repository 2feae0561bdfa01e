using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace TenantIdP.Server.Http;

/// <summary>Makes text of anybody fit for one line of a log (SECURITY.md F7).</summary>
public static partial class LogText
{
    public static bool NeedsCare(string text, int most) => text.Length > most || text.Any(IsUnsafe);

    /// <summary>Cut to <paramref name="most"/> characters; controls, line separators, what turns the direction of text and what is not in the basic plane, half pairs included, are written as <c>\uXXXX</c>.</summary>
    public static string Clean(string text, int most)
    {
        if (!NeedsCare(text, most)) return text;
        var clean = new StringBuilder(Math.Min(text.Length, most) + 16);
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, most)))
        {
            if (IsUnsafe(c)) clean.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else clean.Append(c);
        }

        if (text.Length > most) clean.Append(CultureInfo.InvariantCulture, $"… ({text.Length} characters)");
        return clean.ToString();
    }

    /// <summary>What others wrote, without what looks like an address of a person or a token: for failures that quote an upstream.</summary>
    public static string Redact(string text) => Token().Replace(Address().Replace(text, "…@…"), "…");

    [GeneratedRegex(@"[^\s@""'<>(){},;:=]+(@|%40)[^\s@""'<>(){},;:=&]+")]
    private static partial Regex Address();

    // With a digit: names of types are as long.
    [GeneratedRegex("(?=[A-Za-z_+=-]*[0-9])[A-Za-z0-9_+=-]{40,}")]
    private static partial Regex Token();

    private static bool IsUnsafe(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
