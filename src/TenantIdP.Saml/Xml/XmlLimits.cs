namespace TenantIdP.Saml.Xml;

/// <summary>How large a document may be before anything looks at what it says.</summary>
/// <param name="AllowsComments">Metadata files have comments and processing instructions; protocol messages must not: text split by one is read differently by different parsers.</param>
public sealed record XmlLimits(int MaxCharacters, int MaxDepth, int MaxElements, int MaxAttributes, bool AllowsComments)
{
    /// <summary>Protocol messages.</summary>
    public static readonly XmlLimits Message = new(1024 * 1024, 40, 10_000, 64, AllowsComments: false);

    /// <summary>Metadata files, a federation's aggregate included.</summary>
    public static readonly XmlLimits Metadata = new(8 * 1024 * 1024, 40, 200_000, 64, AllowsComments: true);
}
