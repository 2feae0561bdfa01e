namespace TenantIdP.Saml.Xml;

/// <summary>How large a document may be before anything looks at what it says.</summary>
/// <param name="MaxAttributes">Of one element, declarations of namespaces included.</param>
/// <param name="MaxAttributesInAll">They are the dearest part of a canonicalisation. A value of an attribute seldom has more than three: its type and two declarations.</param>
/// <param name="AllowsComments">Metadata files have comments and processing instructions; protocol messages must not: text split by one is read differently by different parsers.</param>
public sealed record XmlLimits(int MaxCharacters, int MaxDepth, int MaxElements, int MaxAttributes, int MaxAttributesInAll, bool AllowsComments)
{
    /// <summary>Protocol messages.</summary>
    public static readonly XmlLimits Message = new(1024 * 1024, 40, 10_000, 64, 20_000, AllowsComments: false);

    /// <summary>Logout messages, which name one person and a few sessions.</summary>
    public static readonly XmlLimits Logout = new(256 * 1024, 40, 1_000, 64, 4_000, AllowsComments: false);

    /// <summary>Metadata files, a federation's aggregate included.</summary>
    public static readonly XmlLimits Metadata = new(8 * 1024 * 1024, 40, 200_000, 64, 1_000_000, AllowsComments: true);
}
