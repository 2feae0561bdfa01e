using System.Text;

namespace TenantIdP.Scim.Fuzz;

/// <summary>Changes to one input of the corpus: of bytes, of words that matter to JSON and SCIM, and of whole parts between two quotes or brackets.</summary>
internal sealed class Mutator(ulong seed, ulong number, Corpus corpus)
{
    public static readonly string[] Words =
    [
        "{", "}", "[", "]", "(", ")", "\"", "\\", ",", ":", ".", " ", "$ref", "null", "true", "\"True\"", "\"\"", "[]", "{}", "0", "-1", "1e400", "9999999999999999999999", "\\u0000", "\\ud800", "\\udc00\\ud800",
        "\0", "\uFEFF", "\uFFFD", "😀", "not (", " and ", " or ", " eq ", " ne ", " pr", " co ", " gt ", "eq null", "[type eq \"work\"]", "[value eq \"u1\"]", "[primary eq \"True\"]", ".value", ".type", ".primary",
        "\"op\":\"add\"", "\"op\":\"remove\"", "\"op\":\"Replace\"", "\"path\":\"members\"", "\"path\":\"emails\"", "\"value\":[{\"value\":\"u1\"}]", "\"value\":\"\"", "\"primary\":true,", "\"active\":false,",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:User:", "urn:tenantidp:params:scim:schemas:extension:custom:2.0:User:costKey", "manager", "members", "emails",
        "userName", "password", "schemas", "id", "meta", "groups", "addresses", "bulkId:a", "\"bulkId\":\"a\",", "\"method\":\"POST\",", "\"path\":\"/Users\",", "\"data\":{},", "\"cursor\":\"\",", "\"count\":5,",
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
        var (at, length) = (Below(bytes.Length), Below(Below(2) == 0 ? 8 : 200));
        var end = Math.Min(bytes.Length, at + length);
        switch (Below(10))
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
                var other = Any();
                var from = Below(other.Length);
                return [.. bytes[..at], .. other[from..Math.Min(other.Length, from + Below(800))], .. bytes[(Below(2) == 0 ? at : end)..]];
            case 4 or 5:
                return Put(bytes, at, at, Word());
            case 6 or 7:
                // In place of what stands between two quotes, so that it stays JSON.
                var (start, stop) = Part(bytes, at);
                return Put(bytes, start, stop, Word().Trim('"'));
            case 8:
                var (open, close) = Part(bytes, at);
                var (first, last) = Part(Any(), 0);
                return Below(2) == 0 ? [.. bytes[..open], .. bytes[close..]] : [.. bytes[..close], .. bytes[Math.Min(open, first)..Math.Min(bytes.Length, Math.Max(close, last))], .. bytes[close..]];
            default:
                var repeated = Enumerable.Repeat(bytes[at..end], Below(200)).SelectMany(part => part);
                return [.. bytes[..at], .. repeated, .. bytes[at..]];
        }
    }

    /// <summary>What stands between the next two quotes; without them any range.</summary>
    private static (int Start, int Stop) Part(byte[] bytes, int near)
    {
        var open = bytes.AsSpan(near).IndexOf((byte)'"');
        if (open < 0) return (near, near);
        var start = near + open + 1;
        var close = bytes.AsSpan(start).IndexOf((byte)'"');
        return (start, close < 0 ? start : start + close);
    }

    private static byte[] Put(byte[] bytes, int from, int to, string word) => [.. bytes[..from], .. Encoding.UTF8.GetBytes(word), .. bytes[to..]];

    private string Word() => Words[Below(Words.Length)];

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
