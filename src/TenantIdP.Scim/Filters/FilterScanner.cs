using System.Globalization;
using System.Text;
using TenantIdP.Scim.Names;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Filters;

/// <summary>Reads the words and values of a filter, never twice. Positions are counted from 0 here and from 1 in errors.</summary>
internal ref struct FilterScanner(string text, int position)
{
    private readonly ReadOnlySpan<char> text = text;

    public int Position { get; private set; } = position;

    public readonly bool AtEnd => Position >= text.Length;

    public readonly char Current => AtEnd ? '\0' : text[Position];

    /// <summary>Skips blanks and says whether there were any.</summary>
    public bool Blanks()
    {
        var start = Position;
        while (!AtEnd && text[Position] is ' ' or '\t') Position++;
        return Position > start;
    }

    public bool Take(char wanted)
    {
        if (AtEnd || text[Position] != wanted) return false;
        Position++;
        return true;
    }

    /// <summary>The characters of a name, an operator or a word; perhaps none.</summary>
    public ReadOnlySpan<char> Word()
    {
        var rest = text[Position..];
        var length = rest.IndexOfAnyExcept(NameCharacters.Path);
        var word = length < 0 ? rest : rest[..length];
        Position += word.Length;
        return word;
    }

    /// <summary>Takes the word if it is the next one, whatever its case.</summary>
    public bool Take(string word)
    {
        var before = Position;
        if (Word().Equals(word, StringComparison.OrdinalIgnoreCase)) return true;
        Position = before;
        return false;
    }

    /// <summary>compValue = false / null / true / number / string, as in JSON (RFC 7644 figure 1). ABNF compares the words whatever their case.</summary>
    /// <param name="value">Null for the word null.</param>
    /// <returns>What is wrong, or null.</returns>
    public string? Value(out ScimValue? value)
    {
        value = null;
        if (AtEnd) return "A value is missing.";
        if (Current == '"') return Text(out value);
        if (Current is '-' or (>= '0' and <= '9')) return Number(out value);
        var word = Word();
        if (word.Equals("true", StringComparison.OrdinalIgnoreCase)) value = BooleanValue.True;
        else if (word.Equals("false", StringComparison.OrdinalIgnoreCase)) value = BooleanValue.False;
        else if (!word.Equals("null", StringComparison.OrdinalIgnoreCase)) return "A value is text in double quotes, a number, true, false or null.";
        return null;
    }

    private string? Number(out ScimValue? value)
    {
        value = null;
        var start = Position;
        while (!AtEnd && text[Position] is (>= '0' and <= '9') or '-' or '+' or '.' or 'e' or 'E') Position++;
        var digits = text[start..Position];
        const NumberStyles Json = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (!decimal.TryParse(digits, Json, CultureInfo.InvariantCulture, out var number) || digits[^1] == '.') return "This is not a number that can be compared.";
        value = new NumberValue(number);
        return null;
    }

    private string? Text(out ScimValue? value)
    {
        value = null;
        Position++;
        var rest = text[Position..];
        var stop = rest.IndexOfAny('"', '\\');
        if (stop < 0) return "The quote is not closed.";
        if (rest[stop] == '"')
        {
            Position += stop + 1;
            return Check(rest[..stop].ToString(), out value);
        }

        var decoded = new StringBuilder(rest.Length);
        while (!AtEnd)
        {
            var c = text[Position++];
            if (c == '"') return Check(decoded.ToString(), out value);
            if (c == '\\' && !TryEscape(out c)) return "This is not an escape of JSON.";
            decoded.Append(c);
        }

        return "The quote is not closed.";
    }

    private bool TryEscape(out char escaped)
    {
        escaped = '\0';
        if (AtEnd) return false;
        var kind = text[Position++];
        escaped = kind switch { '"' or '\\' or '/' => kind, 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t', _ => '\0' };
        if (escaped != '\0') return true;
        if (kind != 'u' || text.Length - Position < 4) return false;
        if (!ushort.TryParse(text.Slice(Position, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)) return false;
        (escaped, Position) = ((char)code, Position + 4);
        return true;
    }

    /// <summary>Half a pair of surrogates is no text, and no store holds a NUL.</summary>
    private static string? Check(string decoded, out ScimValue? value)
    {
        value = new TextValue(decoded);
        return PlainText.IsWellFormed(decoded) ? null : "The text has a character that no value can have.";
    }
}
