using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Directories;

/// <summary>A <see cref="ScannableSecret"/> behind <c>tidp_scim_</c> whose public part is the id of the token: 26 characters.</summary>
public static class DirectorySecret
{
    public const string Prefix = "tidp_scim_";

    private const int PublicPart = 26;

    /// <summary>Stands in for the hash of a token that there is not, so that looking for one costs what finding one does (SECURITY.md E6).</summary>
    private static readonly string NoHash = MachineSecret.Hash(Prefix);

    public static string New(Id<DirectoryToken> id) => ScannableSecret.New(Prefix + id.ToString()[(DirectoryToken.IdPrefix.Length + 1)..]);

    public static bool IsToken(string text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>The row that a text of the right form names; false for what has another form or a wrong checksum.</summary>
    public static bool TryRead(string text, out Id<DirectoryToken> id)
    {
        id = default;
        return ScannableSecret.IsWellFormed(text, Prefix, PublicPart) && Id<DirectoryToken>.TryParse($"{DirectoryToken.IdPrefix}_{text.AsSpan(Prefix.Length, PublicPart)}", out id);
    }

    /// <param name="stored">Null when there is no such row.</param>
    public static bool Matches(string presented, string? stored) => MachineSecret.Matches(presented, stored ?? NoHash) && stored is not null;

    internal static string Shown(string secret) => secret[..(Prefix.Length + PublicPart)];
}
