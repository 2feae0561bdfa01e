using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Directories;

/// <summary>A <see cref="ScannableSecret"/> behind <c>tidp_scim_</c> whose public part is the id of the token: 26 characters.</summary>
public static class DirectorySecret
{
    public const string Prefix = "tidp_scim_";

    private const int PublicPart = 26;

    public static string New(Id<DirectoryToken> id) => ScannableSecret.New(Prefix + id.ToString()[(DirectoryToken.IdPrefix.Length + 1)..]);

    public static bool IsToken(string text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>The row that a text of the right form names; false for what has another form or a wrong checksum.</summary>
    public static bool TryRead(string text, out Id<DirectoryToken> id)
    {
        id = default;
        return ScannableSecret.IsWellFormed(text, Prefix, PublicPart) && Id<DirectoryToken>.TryParse($"{DirectoryToken.IdPrefix}_{text.AsSpan(Prefix.Length, PublicPart)}", out id);
    }

    internal static string Shown(string secret) => secret[..(Prefix.Length + PublicPart)];
}
