using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Xml;

namespace TenantIdP.Saml.Xml;

/// <summary>
/// The only place where foreign text becomes XML. No DTD, no entity, no resolver; a streaming pass holds it to the limits before a tree is built, because a tree of great
/// depth ends the process when it is copied or canonicalised.
/// </summary>
internal static class SafeXml
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the bytes of a message. On failure <paramref name="why"/> says which limit, in words.</summary>
    /// <param name="scope">Namespace declarations that hold where the bytes were cut out; they become the root's own.</param>
    public static bool TryParse(
        ReadOnlySpan<byte> bytes, XmlLimits limits, [NotNullWhen(true)] out XmlDocument? document, [NotNullWhen(false)] out string? why, IReadOnlyList<(string Name, string Uri)>? scope = null)
    {
        document = null;
        string text;
        try
        {
            text = Utf8.GetString(bytes.StartsWith(Utf8Mark) ? bytes[3..] : bytes);
        }
        catch (DecoderFallbackException)
        {
            why = "It is not UTF-8.";
            return false;
        }

        return TryParse(text, limits, out document, out why, scope);
    }

    public static bool TryParse(
        string text, XmlLimits limits, [NotNullWhen(true)] out XmlDocument? document, [NotNullWhen(false)] out string? why, IReadOnlyList<(string Name, string Uri)>? scope = null)
    {
        document = null;
        if (text.Length > limits.MaxCharacters)
        {
            why = $"It is longer than {limits.MaxCharacters} characters.";
            return false;
        }

        try
        {
            why = Check(text, limits, scope);
            if (why is not null) return false;
            using var reader = Reader(text, limits, scope);
            var loaded = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
            loaded.Load(reader);
            foreach (var (name, uri) in scope ?? [])
            {
                if (loaded.DocumentElement is { } root && !root.HasAttribute(name)) root.SetAttribute(name, uri);
            }

            document = loaded;
            return true;
        }
        catch (XmlException)
        {
            why = "It is not well-formed XML, or it has a document type.";
            return false;
        }
    }

    private static ReadOnlySpan<byte> Utf8Mark => [0xEF, 0xBB, 0xBF];

    private static string? Check(string text, XmlLimits limits, IReadOnlyList<(string Name, string Uri)>? scope)
    {
        using var reader = Reader(text, limits, scope);
        var (elements, attributes) = (0, 0);
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (++elements > limits.MaxElements) return $"It has more than {limits.MaxElements} elements.";
                    if (reader.Depth >= limits.MaxDepth) return $"It is nested deeper than {limits.MaxDepth} elements.";
                    if (reader.AttributeCount > limits.MaxAttributes) return $"An element has more than {limits.MaxAttributes} attributes.";
                    if ((attributes += reader.AttributeCount) > limits.MaxAttributesInAll) return $"It has more than {limits.MaxAttributesInAll} attributes.";
                    break;
                // The reader takes any that begins with 1.; the tree throws at it.
                case XmlNodeType.XmlDeclaration when reader.GetAttribute("version") != "1.0":
                    return "It is not XML 1.0.";
                case XmlNodeType.Comment or XmlNodeType.ProcessingInstruction or XmlNodeType.CDATA when !limits.AllowsComments:
                    return "It has a comment, a processing instruction or a CDATA section.";
                case XmlNodeType.EntityReference or XmlNodeType.DocumentType:
                    return "It has a document type or an entity.";
            }
        }

        return null;
    }

    private static XmlReader Reader(string text, XmlLimits limits, IReadOnlyList<(string Name, string Uri)>? scope) => XmlReader.Create(
        new StringReader(text),
        new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = limits.MaxCharacters,
            CheckCharacters = true,
            CloseInput = true,
        },
        Context(scope));

    private static XmlParserContext? Context(IReadOnlyList<(string Name, string Uri)>? scope)
    {
        if (scope is null or { Count: 0 }) return null;
        var names = new NameTable();
        var namespaces = new XmlNamespaceManager(names);
        foreach (var (name, uri) in scope) namespaces.AddNamespace(name == "xmlns" ? "" : name["xmlns:".Length..], uri);
        return new XmlParserContext(names, namespaces, null, XmlSpace.None);
    }
}
