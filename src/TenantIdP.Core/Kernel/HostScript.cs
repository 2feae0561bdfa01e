using System.Globalization;
using System.Text;

namespace TenantIdP.Core.Kernel;

/// <summary>
/// Names in other scripts than ASCII (RFC 5890-5892, UTS 46). A process without the tables of languages (InvariantGlobalization, an image without ICU) can't fold characters
/// that look or mean the same. It then takes only those that need no folding: the same text is the same host in every process, or it is refused.
/// </summary>
public static class HostScript
{
    private const string Prefix = "xn--";

    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true, AllowUnassigned = false };

    /// <summary>Whether this process knows that <c>u</c> with a diaeresis after it is <c>ü</c>.</summary>
    public static bool KnowsLanguages { get; } = "u\u0308".Normalize(NormalizationForm.FormC).Length == 1;

    // Lower-case letters of one form each: nothing here decomposes, joins, has a compatible twin or is written from the right (Unicode 15.1, DerivedNormalizationProps).
    private static readonly (char First, char Last)[] Plain =
    [
        ('\u00DF', '\u00F6'), ('\u00F8', '\u012F'), ('\u0131', '\u0131'), ('\u0134', '\u013E'), ('\u0141', '\u0148'), ('\u014A', '\u017E'), ('\u0180', '\u01C3'), ('\u01CD', '\u01EF'), ('\u01F4', '\u024F'),
        ('\u03AC', '\u03CE'), ('\u0430', '\u045F'), ('\u048B', '\u04BF'), ('\u0561', '\u0586'), ('\u0E01', '\u0E32'),
        ('\u3041', '\u3096'), ('\u30A1', '\u30FA'), ('\u3400', '\u4DBF'), ('\u4E00', '\u9FFF'), ('\uAC00', '\uD7A3'),
    ];

    /// <summary>Lower case, A-labels. Does not judge labels of ASCII.</summary>
    public static bool TryToAscii(string text, out string ascii)
    {
        ascii = text;
        var isAscii = text.All(char.IsAscii);
        if (isAscii && !text.Contains(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            ascii = text.ToLowerInvariant();
            return true;
        }

        try
        {
            var folded = Fold(text);
            if (folded is null) return false;
            ascii = Idn.GetAscii(folded);
            // An A-label must be the one form of its U-label, and that one of ours: anything else is a second name for a host (RFC 5891 section 5.4).
            var shown = Idn.GetUnicode(ascii);
            return Fold(shown) == shown && Idn.GetAscii(shown) == ascii;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    public static string ToUnicode(string ascii)
    {
        if (!ascii.Contains(Prefix, StringComparison.Ordinal)) return ascii;
        try
        {
            return Idn.GetUnicode(ascii);
        }
        catch (ArgumentException)
        {
            return ascii;
        }
    }

    /// <summary>
    /// Whether a label mixes alphabets that look alike (Latin, Greek, Cyrillic), or is written in Cyrillic or Greek with Latin twins only: <c>аcme</c>, <c>раураl</c>. A warning to
    /// show, no judgement (UTS 39 section 5).
    /// </summary>
    public static bool LooksLikeAnother(HostName host) => host.Value.Contains(Prefix, StringComparison.Ordinal) && host.ToUnicode().Split('.').Any(IsAmbiguous);

    private static bool IsAmbiguous(string label)
    {
        var (latin, greek, cyrillic) = (label.Any(IsLatin), label.Any(IsGreek), label.Any(IsCyrillic));
        if ((latin ? 1 : 0) + (greek ? 1 : 0) + (cyrillic ? 1 : 0) > 1) return true;
        return (greek || cyrillic) && label.Where(char.IsLetter).All(c => "авсԁеһіјӏорԛѕтԝхузкмнɡαικνορτυχωѵѡ".Contains(c, StringComparison.Ordinal));
    }

    private static bool IsLatin(char c) => char.IsAsciiLetter(c) || c is (>= '\u00DF' and <= '\u024F') or (>= '\u1E00' and <= '\u1EFF');

    private static bool IsGreek(char c) => c is (>= '\u0370' and <= '\u03FF') or (>= '\u1F00' and <= '\u1FFF');

    private static bool IsCyrillic(char c) => c is >= '\u0400' and <= '\u052F';

    private static string? Fold(string text)
    {
        var lower = text.Replace('\u3002', '.').ToLowerInvariant();
        if (KnowsLanguages) return lower.Normalize(NormalizationForm.FormKC).ToLowerInvariant();
        return lower.All(c => char.IsAscii(c) || Plain.Any(range => c >= range.First && c <= range.Last)) ? lower : null;
    }
}
