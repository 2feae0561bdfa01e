using System.IO.Compression;
using System.Security.Cryptography;
using System.Security.Cryptography.Xml;
using System.Text;
using TenantIdP.Saml.Keys;

namespace TenantIdP.Saml.Bindings;

/// <summary>A message in an address (Bindings 3.4.4).</summary>
public static class RedirectBinding
{
    /// <param name="xml">Without a signature of its own: here the query is signed.</param>
    /// <param name="key">Null leaves it unsigned.</param>
    /// <returns>The address to send the browser to; a query that the destination has is kept.</returns>
    public static string Encode(string destination, SamlParameter parameter, string xml, string? relayState, SamlKeyPair? key)
    {
        var query = new StringBuilder().Append(parameter.Name()).Append('=').Append(Uri.EscapeDataString(Convert.ToBase64String(Deflate(xml))));
        if (relayState is { Length: > 0 }) query.Append('&').Append(SamlParameters.RelayState).Append('=').Append(Uri.EscapeDataString(relayState));
        if (key is not null)
        {
            query.Append('&').Append(SamlParameters.Algorithm).Append('=').Append(Uri.EscapeDataString(SignedXml.XmlDsigRSASHA256Url));
            // These very octets are signed: whoever encodes them again may write them otherwise.
            var signature = key.Key.SignData(Encoding.ASCII.GetBytes(query.ToString()), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            query.Append('&').Append(SamlParameters.Signature).Append('=').Append(Uri.EscapeDataString(Convert.ToBase64String(signature)));
        }

        var address = destination.Split('#')[0];
        var joint = !address.Contains('?', StringComparison.Ordinal) ? "?" : address[^1] is '?' or '&' ? "" : "&";
        return address + joint + query;
    }

    private static byte[] Deflate(string xml)
    {
        using var output = new MemoryStream();
        using (var deflate = new DeflateStream(output, CompressionLevel.Optimal)) deflate.Write(Encoding.UTF8.GetBytes(xml));
        return output.ToArray();
    }
}
