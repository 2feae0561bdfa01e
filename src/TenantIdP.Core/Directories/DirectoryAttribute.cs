using System.Text.Json.Serialization;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Directories;

#pragma warning disable CA1720 // The names of the standard.
/// <summary>RFC 7643 2.3, without what is binary or has attributes of its own.</summary>
public enum DirectoryAttributeType
{
    String,
    Boolean,
    Integer,
    Decimal,

    /// <summary>As the standard spells it.</summary>
    [JsonStringEnumMemberName("dateTime")]
    DateTime,
    Reference,
}
#pragma warning restore CA1720

/// <summary>
/// What an organization adds to the users of one directory. Always optional: a required one would refuse everybody who is there already, and every directory that does not know it.
/// </summary>
/// <param name="Name">A letter, then letters, digits, - and _; whatever the case, no two are alike.</param>
/// <param name="MultiValued">A user may have several values of it.</param>
/// <param name="CaseExact">Text that differs by case alone is compared as different. A reference always is.</param>
/// <param name="Description">For whoever maps it at the identity provider.</param>
public sealed record DirectoryAttribute(
    string Name, DirectoryAttributeType Type = DirectoryAttributeType.String, bool MultiValued = false, bool CaseExact = false, string Description = "")
{
    /// <summary>Of one directory.</summary>
    public const int Most = 30;

    public const int MaxName = 64;

    /// <summary>Characters.</summary>
    public const int MaxDescription = 200;

    /// <summary>What every resource has, and what is never kept: under these names nobody would expect what is theirs.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase) { "schemas", "id", "externalId", "meta", "password" };

    internal static Result Check(IReadOnlyList<DirectoryAttribute> attributes)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        return attributes.Count <= Most && attributes.All(a => IsName(a.Name) && names.Add(a.Name) && IsDescription(a.Description)) ? Result.Ok : DirectoryErrors.AttributesInvalid;
    }

    /// <summary>Whether values of it mean what values of the other one did: it is another attribute, or holds the same.</summary>
    internal bool HoldsAs(DirectoryAttribute other) => !Name.Equals(other.Name, StringComparison.OrdinalIgnoreCase) || (Type, MultiValued) == (other.Type, other.MultiValued);

    private static bool IsName(string? name) =>
        name is { Length: > 0 and <= MaxName } && char.IsAsciiLetter(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && !Reserved.Contains(name);

    private static bool IsDescription(string? text) => text is { Length: <= MaxDescription } && !text.Any(char.IsControl);
}
