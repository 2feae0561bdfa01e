using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace TenantIdP.Core.Webhooks;

/// <summary>
/// Takes out of a receiver's answer what the delivery log must not keep: what it echoes of the personal part of the event, addresses, and what looks like a secret. What
/// stays is for finding mistakes, not evidence.
/// </summary>
internal static class WebhookRedaction
{
    private const string Gone = "[redacted]";
    private const int ShortestEcho = 3;

    // A receiver may be anybody's: what it answers is read in linear time, however it is made.
    private static readonly Regex Address = new(@"[^\s@<>""']+@[^\s@<>""']+", RegexOptions.NonBacktracking);

    // Signatures, keys and tokens: what begins as one, and long words of the alphabets in which they are written.
    private static readonly Regex Secret = new(@"(whsec_|tidp_|eyJ|Bearer\s+)[A-Za-z0-9+/=_.\-]{8,}|[A-Za-z0-9+/_\-]{32,}={0,2}", RegexOptions.NonBacktracking);
    private static readonly Regex Marked = new(@"^(whsec_|tidp_|eyJ|Bearer\s)", RegexOptions.NonBacktracking);

    public static string OfAnswer(string body, WebhookTurn turn, int most)
    {
        var text = new StringBuilder(body.Length);
        foreach (var c in body) text.Append(char.IsControl(c) && c is not '\n' and not '\t' ? ' ' : c); // no escape sequences in anybody's terminal (SECURITY.md F7)
        foreach (var value in PersonalValues(turn.Event?.Personal)) text.Replace(value, Gone);
        var known = Address.Replace(text.ToString(), Gone);
        return Cut(Secret.Replace(known, match => IsSecret(match.Value) ? Gone : match.Value), most);
    }

    public static string Cut(string text, int most)
    {
        if (text.Length <= most) return text;
        // Half of a surrogate pair is no text that PostgreSQL takes.
        return text[..(char.IsHighSurrogate(text[most - 2]) ? most - 2 : most - 1)] + "…";
    }

    /// <summary>The longest first, so that a name inside of an address does not break it in two.</summary>
    private static IEnumerable<string> PersonalValues(string? personal)
    {
        if (personal is null) return [];
        using var parsed = JsonDocument.Parse(personal);
        var texts = Texts(parsed.RootElement).Where(t => t.Length >= ShortestEcho).ToList();
        return [.. texts.Concat(texts.Select(t => JsonEncodedText.Encode(t).ToString())).Distinct().OrderByDescending(t => t.Length)]; // as it was sent, too
    }

    private static IEnumerable<string> Texts(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => [element.GetString()!], // a string
        JsonValueKind.Object => [.. element.EnumerateObject().SelectMany(p => Texts(p.Value))],
        JsonValueKind.Array => [.. element.EnumerateArray().SelectMany(Texts)],
        _ => [],
    };

    private static bool IsSecret(string word) => Marked.IsMatch(word) || word.Any(c => char.IsAsciiDigit(c) || char.IsAsciiLetterUpper(c));
}
