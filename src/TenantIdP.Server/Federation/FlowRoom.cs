using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Net.Http.Headers;

namespace TenantIdP.Server.Federation;

/// <summary>
/// What a browser carries of the ways it set out on and never came back from. Whoever can send it on such ways again and again must not make it carry more than the server takes,
/// so the oldest are given up.
/// </summary>
internal static class FlowRoom
{
    /// <summary>Of one name, the new one included.</summary>
    public const int Most = 3;

    /// <summary>Of one name, the new one included, which is kept however long it is: together with all other cookies well below the limit on a request's headers.</summary>
    public const int MostCharacters = 24 * 1024;

    private static readonly ChunkingCookieManager Manager = new();

    /// <summary>Makes room for one more cookie of this name, whichever connection the others are of.</summary>
    /// <param name="length">Of the new one's value.</param>
    public static void Make(HttpContext context, CookieBuilder cookie, int length, DateTimeOffset now)
    {
        var (count, characters) = (1, length);
        // Browsers send the oldest first (RFC 6265 section 5.4).
        foreach (var (name, size) in Carried(context.Request, cookie.Name!).Reverse()) // the builder names it
        {
            (count, characters) = (count + 1, characters + size);
            if (count > Most || characters > MostCharacters) Manager.DeleteCookie(context, name, cookie.Build(context, now));
        }
    }

    private static IEnumerable<(string Name, int Size)> Carried(HttpRequest request, string prefix)
    {
        if (!CookieHeaderValue.TryParseList([.. request.Headers.Cookie.OfType<string>()], out var sent)) return [];
        var ours = sent.Where(c => c.Name.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        var chunked = ours.Where(c => c.Value.StartsWith("chunks-", StringComparison.Ordinal)).Select(c => c.Name.Value + "C").ToList();
        return ours.GroupBy(c => WholeOf(c.Name.Value!, chunked)).Select(g => (g.Key, g.Sum(c => c.Name.Length + c.Value.Length))); // a parsed one has a name
    }

    /// <summary>A long value is in several cookies, with C1, C2, … after the name.</summary>
    private static string WholeOf(string name, List<string> chunked) =>
        chunked.Find(c => name.StartsWith(c, StringComparison.Ordinal) && name.Length > c.Length && name.AsSpan(c.Length).IndexOfAnyExceptInRange('0', '9') < 0) is { } head ? head[..^1] : name;
}
