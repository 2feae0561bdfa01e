namespace TenantIdP.Scim.Values;

internal static class PlainText
{
    /// <summary>Every pair of surrogates is whole and there is no NUL, which PostgreSQL can't store.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        if (text.Contains('\0')) return false;
        var at = text.IndexOfAnyInRange('\uD800', '\uDFFF');
        while (at >= 0 && at < text.Length)
        {
            if (!char.IsSurrogate(text[at]))
            {
                at++;
                continue;
            }

            if (at + 1 >= text.Length || !char.IsSurrogatePair(text[at], text[at + 1])) return false;
            at += 2;
        }

        return true;
    }
}
