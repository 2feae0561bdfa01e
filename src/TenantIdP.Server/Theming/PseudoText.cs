using System.Text;

namespace TenantIdP.Server.Theming;

/// <summary>Makes of an English sentence one that can still be read, in letters that English doesn't have and two fifths longer: what stays plain on a page was never given to translators.</summary>
internal static class PseudoText
{
    public const char Begin = '⟦';
    public const char End = '⟧';

    private const string Plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string Accented = "áƀçđéƒĝĥíĵķĺɱñóþɋŕšťúṽŵẋýžÁƁÇĐÉƑĜĤÍĴĶĹṀÑÓÞɊŔŠŤÚṼŴẊÝŽ";

    public static string Of(string english)
    {
        var text = new StringBuilder(english.Length * 3 / 2).Append(Begin);
        foreach (var sign in english) text.Append(Plain.IndexOf(sign) is >= 0 and var at ? Accented[at] : sign);
        text.Append(' ');
        // Words, so that it wraps as a longer sentence would.
        for (var more = english.Length * 2 / 5; more > 0; more -= 5) text.Append("ẋẋẋẋ "[..Math.Min(more, 5)]);
        return text.Append(End).ToString();
    }
}
