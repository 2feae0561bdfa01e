using System.Security.Cryptography.Xml;
using System.Xml;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Signatures;

/// <summary>Exclusive canonicalisation of one element as it stands in its document (Exclusive XML Canonicalization 1.0).</summary>
internal static class Canonical
{
    private const string XmlNamespaces = "http://www.w3.org/2000/xmlns/";

    /// <param name="without">A direct child that is left out: the enveloped signature.</param>
    /// <param name="prefixes">The InclusiveNamespaces list, or null.</param>
    public static byte[] Bytes(XmlElement element, XmlElement? without, string? prefixes)
    {
        var alone = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        var copy = (XmlElement)alone.ImportNode(element, deep: false);
        alone.AppendChild(copy);
        // What ancestors declare is in scope here; only what is used (or listed) is written.
        foreach (var (name, uri) in InScope(element))
        {
            if (!copy.HasAttribute(name)) copy.SetAttribute(name, uri);
        }

        foreach (XmlNode child in element.ChildNodes)
        {
            if (child != without) copy.AppendChild(alone.ImportNode(child, deep: true));
        }

        var transform = new XmlDsigExcC14NTransform(includeComments: false, prefixes);
        transform.LoadInput(alone);
        using var output = (MemoryStream)transform.GetOutput(typeof(Stream));
        return output.ToArray();
    }

    /// <summary>The PrefixList of an InclusiveNamespaces child; false when the method has any other child.</summary>
    public static bool TryPrefixes(XmlElement method, out string? prefixes)
    {
        prefixes = null;
        foreach (var child in method.Children())
        {
            if (prefixes is not null || !child.Is(Ns.ExcC14N, "InclusiveNamespaces") || child.HasElements()) return false;
            prefixes = child.Attribute("PrefixList") ?? "";
            if (prefixes.Length > 500) return false;
        }

        return true;
    }

    /// <summary>The declarations of ancestors, the nearest of each prefix, as attribute name and namespace.</summary>
    public static List<(string Name, string Uri)> InScope(XmlElement element)
    {
        var found = new List<(string Name, string Uri)>();
        for (var ancestor = element.ParentNode as XmlElement; ancestor is not null; ancestor = ancestor.ParentNode as XmlElement)
        {
            foreach (XmlAttribute attribute in ancestor.Attributes)
            {
                if (attribute.NamespaceURI == XmlNamespaces && !found.Exists(f => f.Name == attribute.Name)) found.Add((attribute.Name, attribute.Value));
            }
        }

        return found;
    }
}
