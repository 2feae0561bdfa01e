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
    public static bool TryParse(ReadOnlySpan<byte> bytes, XmlLimits limits, [NotNullWhen(true)] out XmlDocument? document, [NotNullWhen(false)] out string? why)
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

        return TryParse(text, limits, out document, out why);
    }

    public static bool TryParse(string text, XmlLimits limits, [NotNullWhen(true)] out XmlDocument? document, [NotNullWhen(false)] out string? why)
    {
        document = null;
        if (text.Length > limits.MaxCharacters)
        {
            why = $"It is longer than {limits.MaxCharacters} characters.";
            return false;
        }

        try
        {
            why = Check(text, limits);
            if (why is not null) return false;
            using var reader = Reader(text, limits);
            var loaded = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
            loaded.Load(reader);
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

    private static string? Check(string text, XmlLimits limits)
    {
        using var reader = Reader(text, limits);
        var elements = 0;
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (++elements > limits.MaxElements) return $"It has more than {limits.MaxElements} elements.";
                    if (reader.Depth >= limits.MaxDepth) return $"It is nested deeper than {limits.MaxDepth} elements.";
                    if (reader.AttributeCount > limits.MaxAttributes) return $"An element has more than {limits.MaxAttributes} attributes.";
                    break;
                case XmlNodeType.Comment or XmlNodeType.ProcessingInstruction or XmlNodeType.CDATA when !limits.AllowsComments:
                    return "It has a comment, a processing instruction or a CDATA section.";
                case XmlNodeType.EntityReference or XmlNodeType.DocumentType:
                    return "It has a document type or an entity.";
            }
        }

        return null;
    }

    private static XmlReader Reader(string text, XmlLimits limits) => XmlReader.Create(
        new StringReader(text),
        new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = limits.MaxCharacters,
            CheckCharacters = true,
            CloseInput = true,
        });
}
