using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Keys;

/// <summary>A <see cref="ScannableSecret"/> behind <c>tidp_key_</c> (docs/keys.md).</summary>
public static class KeySecret
{
    public const string Prefix = "tidp_key_";

    private const int Visible = 6;

    public static string New() => ScannableSecret.New(Prefix);

    public static bool IsKey(string text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Whether it has the form of a key and its checksum is right; whether there is such a key is the database's to say.</summary>
    public static bool IsWellFormed(string text) => ScannableSecret.IsWellFormed(text, Prefix);

    internal static string Shown(string secret) => secret[..(Prefix.Length + Visible)];
}
