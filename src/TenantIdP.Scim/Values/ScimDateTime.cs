using System.Globalization;

namespace TenantIdP.Scim.Values;

/// <summary>xsd:dateTime (RFC 7643 2.3.5): <c>2008-01-23T04:56:22Z</c>, with a fraction and an offset where there is one.</summary>
public static class ScimDateTime
{
    private static readonly string[] Formats =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
    ];

    /// <summary>Milliseconds are enough for <c>meta</c>, and what is read back equals what was written.</summary>
    public static string Format(DateTimeOffset value) => value.UtcDateTime.ToString(value.Ticks % TimeSpan.TicksPerMillisecond == 0 ? "yyyy-MM-dd'T'HH:mm:ss.fff'Z'" : "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>A time without an offset is UTC. More digits than seven of a second are refused.</summary>
    public static bool TryParse(string text, out DateTimeOffset value) =>
        DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out value);
}
