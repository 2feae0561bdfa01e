using System.Globalization;

namespace TenantIdP.Scim.Responses;

/// <summary>Weak entity tags of a version number (RFC 7644 3.14).</summary>
public static class ETags
{
    public static string Of(long version) => string.Create(CultureInfo.InvariantCulture, $"W/\"{version}\"");

    /// <summary>Whether a change may go on: there is no precondition, or it names this version. What can't be read names no version: 412, never a lost update.</summary>
    /// <param name="ifMatch">The header's value, or the <c>version</c> of an operation of a bulk request; null when there is none.</param>
    public static bool MayChange(string? ifMatch, long version) => ifMatch is null || Names(ifMatch, version);

    /// <summary>Whether a read is answered 304: the client has this version.</summary>
    /// <param name="ifNoneMatch">The header's value; null when there is none.</param>
    public static bool IsKnown(string? ifNoneMatch, long version) => ifNoneMatch is not null && Names(ifNoneMatch, version);

    private static bool Names(ReadOnlySpan<char> tags, long version)
    {
        Span<char> ours = stackalloc char[24];
        version.TryFormat(ours[1..], out var digits, provider: CultureInfo.InvariantCulture);
        (ours[0], ours[digits + 1]) = ('"', '"');
        foreach (var range in tags.Split(','))
        {
            var tag = tags[range].Trim();
            if (tag is "*") return true;
            // Versions of resources are compared weakly: the tag of a partial answer is the resource's.
            if (tag.StartsWith("W/")) tag = tag[2..];
            if (tag.SequenceEqual(ours[..(digits + 2)])) return true;
        }

        return false;
    }
}
