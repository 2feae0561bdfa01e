namespace TenantIdP.Core.Kernel;

/// <summary>
/// Text as lists compare it: in lower case, and by its bytes on every store. A prefix is a range of keys, which an index answers. The columns that hold keys have the collation
/// that compares bytes.
/// </summary>
public static class TextKey
{
    /// <summary>Of what a caller types.</summary>
    public const int MaxPrefix = 100;

    /// <summary>Sorts after whatever can follow a prefix.</summary>
    private const string Last = "\U0010FFFF";

    public static string Of(string text) => text.ToLowerInvariant();

    /// <returns>The first key with this prefix, and one above the last of them.</returns>
    public static (string From, string To) Range(string prefix) => (Of(prefix), Of(prefix) + Last);
}
