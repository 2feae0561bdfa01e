namespace TenantIdP.Scim;

/// <summary>Every error of the protocol, made in one place so that a keyword always goes with its status.</summary>
public static class ScimErrors
{
    /// <summary>How many characters of a request an error repeats.</summary>
    public const int LongestQuote = 64;

    /// <param name="position">The character, counted from 1, at which reading stopped.</param>
    /// <param name="why">What is wrong there.</param>
    public static ScimError InvalidFilter(int position, string why) => new(400, ScimTypes.InvalidFilter, $"The filter is not valid at character {position}: {why}");

    public static ScimError InvalidFilter(string why) => new(400, ScimTypes.InvalidFilter, why);

    /// <param name="position">The character, counted from 1, at which reading stopped.</param>
    /// <param name="why">What is wrong there.</param>
    public static ScimError InvalidPath(int position, string why) => new(400, ScimTypes.InvalidPath, $"The path is not valid at character {position}: {why}");

    public static ScimError InvalidPath(string why) => new(400, ScimTypes.InvalidPath, why);

    public static ScimError InvalidSyntax(string why) => new(400, ScimTypes.InvalidSyntax, why);

    /// <param name="path">The attribute, as in <c>emails[0].value</c>.</param>
    /// <param name="why">What it must be.</param>
    public static ScimError InvalidValue(string path, string why) => new(400, ScimTypes.InvalidValue, $"{path}: {why}");

    public static ScimError NoTarget(string why) => new(400, ScimTypes.NoTarget, why);

    public static ScimError Mutability(string path, string why) => new(400, ScimTypes.Mutability, $"{path}: {why}");

    public static ScimError TooMany(string why) => new(400, ScimTypes.TooMany, why);

    public static ScimError InvalidVersion(string why) => new(400, ScimTypes.InvalidVersion, why);

    public static ScimError InvalidCursor() => new(400, ScimTypes.InvalidCursor, "The cursor is not one of this query. Begin again with an empty cursor, and repeat every other parameter as it was.");

    public static ScimError ExpiredCursor(TimeSpan lifetime) => new(400, ScimTypes.ExpiredCursor, $"The cursor is older than {lifetime.TotalSeconds:0} seconds. Begin again with an empty cursor.");

    /// <param name="max">The largest page.</param>
    public static ScimError InvalidCount(int max) => new(400, ScimTypes.InvalidCount, $"With a cursor, count is a number from 1 to {max}.");

    public static ScimError Uniqueness(string path) => new(409, ScimTypes.Uniqueness, $"{path}: another resource has this value.");

    public static ScimError Conflict(string why) => new(409, null, why);

    public static ScimError NotFound(string resourceType, string id) => new(404, null, $"There is no {resourceType} {Quote(id)}.");

    public static ScimError PreconditionFailed() => new(412, null, "The resource has changed. Read it again and send its new version in If-Match.");

    public static ScimError PayloadTooLarge(long limit) => new(413, null, $"The request is larger than {limit} bytes.");

    public static ScimError TooManyOperations(int limit) => new(413, null, $"The request has more than {limit} operations.");

    /// <summary><c>/Me</c> has no meaning where a client acts for an organization (RFC 7644 3.11).</summary>
    public static ScimError MeNotSupported() => new(501, null, "/Me is not supported: a directory's token stands for an organization, not for a person.");

    /// <summary>At most <see cref="LongestQuote"/> characters of what was sent, in quotes, without control characters.</summary>
    public static string Quote(ReadOnlySpan<char> text)
    {
        var cut = text.Length > LongestQuote;
        var length = cut ? LongestQuote : text.Length;
        // A cut pair of surrogates could not be written as UTF-8.
        if (cut && char.IsHighSurrogate(text[length - 1])) length--;
        return string.Concat("'", string.Create(length, text[..length], static (to, from) =>
        {
            for (var i = 0; i < to.Length; i++) to[i] = char.IsControl(from[i]) ? ' ' : from[i];
        }), cut ? "…'" : "'");
    }
}
