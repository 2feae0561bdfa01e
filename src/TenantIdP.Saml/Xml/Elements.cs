using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;

namespace TenantIdP.Saml.Xml;

/// <summary>Reading a tree: always by namespace and place, never by search.</summary>
internal static partial class Elements
{
    public static bool Is(this XmlNode? node, string ns, string name) => node is XmlElement element && element.LocalName == name && element.NamespaceURI == ns;

    public static IEnumerable<XmlElement> Children(this XmlElement element) => element.ChildNodes.OfType<XmlElement>();

    public static IEnumerable<XmlElement> Children(this XmlElement element, string ns, string name) => element.Children().Where(child => child.Is(ns, name));

    /// <summary>The only child of that name; null when there is none or several.</summary>
    public static XmlElement? Only(this XmlElement? element, string ns, string name) => element?.Children(ns, name).Take(2).ToList() is [var only] ? only : null;

    /// <summary>In the order of the document. Step by step: an enumerator in an enumerator would cost each element its depth.</summary>
    public static IEnumerable<XmlElement> SelfAndDescendants(this XmlElement element)
    {
        for (XmlNode? node = element; node is not null; node = Next(node, element))
        {
            if (node is XmlElement found) yield return found;
        }
    }

    private static XmlNode? Next(XmlNode node, XmlNode last)
    {
        if (node.FirstChild is { } child) return child;
        for (var left = node; left is not null && left != last; left = left.ParentNode)
        {
            if (left.NextSibling is { } sibling) return sibling;
        }

        return null;
    }

    /// <summary>An attribute without a namespace; null when absent, which is not the same as empty.</summary>
    public static string? Attribute(this XmlElement element, string name) => element.GetAttributeNode(name, "")?.Value;

    /// <summary>All the text, whatever it is split into; what surrounds it is no part of an identifier.</summary>
    public static string Text(this XmlElement element) => element.InnerText.Trim();

    public static bool HasElements(this XmlElement element) => element.ChildNodes.OfType<XmlElement>().Any();

    /// <summary>A time with its zone (Core 1.3.3: UTC); false for anything else.</summary>
    public static bool TryTime(string? text, out DateTimeOffset time)
    {
        time = default;
        return text is { Length: <= 40 } && Time().IsMatch(text)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
    }

    public static string Say(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>An xs:ID of letters that mean the same to every reader, and not too long.</summary>
    public static bool IsId(string text) => NcName().IsMatch(text);

    /// <summary>Text of the sender's for a trace: one line, short.</summary>
    public static string Quote(string? text, int longest = 120)
    {
        if (text is null) return "nothing";
        var clean = string.Concat(text.Take(longest).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c));
        return text.Length > longest ? clean + "…" : clean;
    }

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_.\-]{0,255}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NcName();

    [GeneratedRegex(@"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})\z", RegexOptions.CultureInvariant)]
    private static partial Regex Time();
}
