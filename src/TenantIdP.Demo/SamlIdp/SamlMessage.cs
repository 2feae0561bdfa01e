using System.IO.Compression;
using System.Text;
using System.Text.Unicode;
using System.Xml;
using System.Xml.Linq;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.SamlIdp;

/// <summary>A message as it came by the Redirect or the POST binding: XML within limits, not yet judged.</summary>
internal sealed record SamlMessage(XElement Root, string? RelayState)
{
    private const int MaxXml = 64 * 1024, MaxDepth = 16;

    private static readonly XmlReaderSettings Settings = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MaxXml };

    /// <summary>Gives a message or the sentence that says why there is none.</summary>
    public static async Task<(SamlMessage? Message, string? Refusal)> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        var posted = HttpMethods.IsPost(request.Method);
        var form = posted ? await PostedForm.ReadAsync(request, ct) : null;
        if (posted && form is null)
            return (null, "The form could not be read.");

        string[] Values(string name) => [.. (form is null ? request.Query[name] : form[name]).OfType<string>()];

        if (Values("SAMLRequest").Concat(Values("SAMLResponse")).ToArray() is not [var encoded])
            return (null, "Exactly one SAMLRequest or SAMLResponse is expected.");
        if (Values("RelayState") is not ([] or [_]))
            return (null, "RelayState was sent more than once.");
        if (Bytes(encoded) is not { } sent || (posted ? sent : Inflated(sent)) is not { } bytes)
            return (null, "The message is not encoded as its binding asks, or it is too long.");

        return Parse(bytes) is { } root ? (new(root, Values("RelayState").SingleOrDefault()), null) : (null, "The message is not XML that this provider reads.");
    }

    private static byte[]? Bytes(string encoded)
    {
        var buffer = new byte[encoded.Length];
        return Convert.TryFromBase64String(encoded, buffer, out var written) ? buffer[..written] : null;
    }

    /// <summary>Stops at the limit, whatever the stream would still give.</summary>
    private static byte[]? Inflated(byte[] deflated)
    {
        try
        {
            using var stream = new DeflateStream(new MemoryStream(deflated), CompressionMode.Decompress);
            var buffer = new byte[MaxXml + 1];
            var read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            return read <= MaxXml ? buffer[..read] : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static XElement? Parse(byte[] bytes)
    {
        if (bytes.Length > MaxXml || !Utf8.IsValid(bytes))
            return null;

        var text = Encoding.UTF8.GetString(bytes);
        try
        {
            // Twice, because building a tree of any depth comes before one can ask how deep it is.
            using (var probe = XmlReader.Create(new StringReader(text), Settings))
            {
                while (probe.Read())
                {
                    if (probe.Depth > MaxDepth) return null;
                }
            }

            using var reader = XmlReader.Create(new StringReader(text), Settings);
            return XElement.Load(reader);
        }
        catch (XmlException)
        {
            return null;
        }
    }
}
