namespace TenantIdP.Demo.Idp;

/// <summary>Registered addresses, in which a path segment <c>*</c> stands for the connection id that is made later.</summary>
internal static class RedirectPattern
{
    public static bool MatchesAny(IEnumerable<string> patterns, Uri address) => patterns.Any(pattern => Matches(new Uri(pattern), address));

    public static bool SharesOrigin(IEnumerable<string> patterns, Uri address) => patterns.Any(pattern => Origin(new Uri(pattern)) == Origin(address));

    private static bool Matches(Uri pattern, Uri address)
    {
        var (expected, actual) = (pattern.Segments, address.Segments);
        return Origin(pattern) == Origin(address)
            && address.Query == pattern.Query
            && address is { Fragment: "", UserInfo: "" }
            && expected.Length == actual.Length
            && expected.Zip(actual).All(pair => pair.First.TrimEnd('/') == "*" ? pair.Second.Length > 1 : pair.First == pair.Second);
    }

    private static string Origin(Uri address) => address.GetLeftPart(UriPartial.Authority);
}
