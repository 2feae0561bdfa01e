namespace TenantIdP.Demo.Idp;

/// <summary>Registered addresses, in which a path segment <c>*</c> stands for the connection id that is made later.</summary>
internal static class RedirectPattern
{
    public static bool MatchesAny(IEnumerable<string> patterns, Uri address) => patterns.Any(pattern => Matches(new Uri(pattern), address));

    public static bool SharesOrigin(IEnumerable<string> patterns, Uri address) => patterns.Any(pattern => Origin(new Uri(pattern)) == Origin(address));

    /// <summary>The address that another pattern of the same origin gives with the segments that stood for <c>*</c> in this one.</summary>
    public static Uri? Counterpart(IEnumerable<string> patterns, Uri address, IEnumerable<string> others)
    {
        if (patterns.Select(pattern => new Uri(pattern)).FirstOrDefault(pattern => Matches(pattern, address)) is not { } matched)
            return null;

        var stood = new Queue<string>(matched.Segments.Zip(address.Segments).Where(pair => IsStar(pair.First)).Select(pair => pair.Second.TrimEnd('/')));
        return others.Select(other => new Uri(other)).FirstOrDefault(other => Origin(other) == Origin(address) && other.Segments.Count(IsStar) == stood.Count) is { } wanted
            ? new Uri(wanted, string.Concat(wanted.Segments.Select(segment => IsStar(segment) ? segment.Replace("*", stood.Dequeue(), StringComparison.Ordinal) : segment)))
            : null;
    }

    private static bool Matches(Uri pattern, Uri address)
    {
        var (expected, actual) = (pattern.Segments, address.Segments);
        return Origin(pattern) == Origin(address)
            && address.Query == pattern.Query
            && address is { Fragment: "", UserInfo: "" }
            && expected.Length == actual.Length
            && expected.Zip(actual).All(pair => IsStar(pair.First) ? pair.Second.Length > 1 : pair.First == pair.Second);
    }

    private static bool IsStar(string segment) => segment.TrimEnd('/') == "*";

    private static string Origin(Uri address) => address.GetLeftPart(UriPartial.Authority);
}
