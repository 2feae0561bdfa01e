using System.Text;

namespace TenantIdP.Saml.Fuzz;

/// <summary>Changes to one input of the corpus: of bytes, of words that matter to XML and SAML, and of whole elements.</summary>
internal sealed class Mutator(ulong seed, ulong number, Corpus corpus)
{
    public static readonly string[] Words =
    [
        "<!-- -->", "<![CDATA[x]]>", "<?x?>", "<!DOCTYPE a>", "&#65;", "&#0;", "&#xD800;", "&x;", "&amp;", "\0", "\uFEFF", "\uFFFE", "<a/>", "</a>", "<", ">", "\"", "'", "=",
        " ID=\"_x\"", " Id=\"_x\"", " xml:id=\"_x\"", " xmlns=\"\"", " xmlns=\"urn:x\"", " xmlns:saml=\"urn:x\"", " xmlns:x=\"urn:oasis:names:tc:SAML:2.0:assertion\"", " xml:lang=\"en\"",
        " xmlns:xml=\"http://www.w3.org/XML/1998/namespace\"", " PrefixList=\"#default xml xmlns saml\"", "<saml:Assertion/>", "<saml:NameID>eve</saml:NameID>", "<saml:Advice/>", "<samlp:Extensions/>",
        "<ds:Object/>", "<ds:Signature/>", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "-1", "999999999999999999999", "#", "#xpointer(/)", "file:///", "%", "%00", "%ED%A0%80", "&RelayState=x",
        "&SAMLResponse=AA", "http://www.w3.org/2000/09/xmldsig#hmac-sha1", "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "http://www.w3.org/TR/1999/REC-xslt-19991116", "http://www.w3.org/2001/04/xmlenc#rsa-1_5", "urn:oasis:names:tc:SAML:2.0:status:Success",
    ];

    private ulong state = (seed * 0x9E3779B97F4A7C15) ^ (number * 0xD1342543DE82EF95);

    public byte[] Next()
    {
        var bytes = Any().ToArray();
        for (var changes = 1 + Below(4); changes > 0; changes--) bytes = Change(bytes);
        return bytes;
    }

    private byte[] Change(byte[] bytes)
    {
        if (bytes.Length == 0) return Any();
        var (at, length) = (Below(bytes.Length), Below(Below(2) == 0 ? 8 : 400));
        var end = Math.Min(bytes.Length, at + length);
        switch (Below(11))
        {
            case 0:
                bytes[at] ^= (byte)(1 << Below(8));
                return bytes;
            case 1:
                bytes[at] = (byte)Below(256);
                return bytes;
            case 2:
                return [.. bytes[..at], .. bytes[end..]];
            case 3:
                return [.. bytes[..end], .. bytes[at..]];
            case 4:
                var other = Any();
                var from = Below(other.Length);
                return [.. bytes[..at], .. other[from..Math.Min(other.Length, from + Below(1500))], .. bytes[(Below(2) == 0 ? at : end)..]];
            case 5 or 6:
                return Insert(bytes, at, Words[Below(Words.Length)]);
            case 7:
                // After a name or before a bracket, where a word has a meaning.
                return Insert(bytes, Seek(bytes, at, Below(2) == 0 ? (byte)' ' : (byte)'>'), Words[Below(Words.Length)]);
            case 8 or 9:
                return Move(bytes, at);
            default:
                var repeated = Enumerable.Repeat(bytes[at..end], Below(200)).SelectMany(part => part);
                return [.. bytes[..at], .. repeated, .. bytes[at..]];
        }
    }

    /// <summary>An element of this or of another input is put before, into or in place of one that is there.</summary>
    private byte[] Move(byte[] bytes, int at)
    {
        var source = Below(3) == 0 ? Any() : bytes;
        var (start, end) = Element(source, Below(source.Length));
        var element = source[start..end];
        var (to, over) = Element(bytes, at);
        return Below(3) switch
        {
            0 => [.. bytes[..to], .. element, .. bytes[to..]],
            1 => [.. bytes[..to], .. element, .. bytes[over..]],
            _ => [.. bytes[..Math.Min(bytes.Length, Seek(bytes, to, (byte)'>') + 1)], .. element, .. bytes[Math.Min(bytes.Length, Seek(bytes, to, (byte)'>') + 1)..]],
        };
    }

    /// <summary>From a start tag to the first end tag of that name; what is none gives any range.</summary>
    private static (int Start, int End) Element(byte[] bytes, int near)
    {
        var start = Seek(bytes, near, (byte)'<');
        var name = start + 1;
        while (name < bytes.Length && bytes[name] is not ((byte)' ' or (byte)'>' or (byte)'/')) name++;
        if (name >= bytes.Length) return (near, Math.Min(bytes.Length, near + 40));
        var close = bytes.AsSpan(name).IndexOf([(byte)'<', (byte)'/', .. bytes.AsSpan(start + 1, name - start - 1)]);
        return close < 0 ? (start, Math.Min(bytes.Length, Seek(bytes, name, (byte)'>') + 1)) : (start, Math.Min(bytes.Length, Seek(bytes, name + close, (byte)'>') + 1));
    }

    private static int Seek(byte[] bytes, int from, byte what) => bytes.AsSpan(from).IndexOf(what) is var found and >= 0 ? from + found : from;

    private static byte[] Insert(byte[] bytes, int at, string word) => [.. bytes[..at], .. Encoding.UTF8.GetBytes(word), .. bytes[at..]];

    private byte[] Any() => corpus.Inputs[Below(corpus.Inputs.Count)].Bytes;

    /// <summary>SplitMix64: numbers that come again at the next run.</summary>
    private int Below(int below)
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) % (ulong)Math.Max(1, below));
    }
}
