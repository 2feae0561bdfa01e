using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;

namespace TenantIdP.Tests.Interop;

/// <summary>Requests of a service provider, as plain text: nothing of ours is asked to write them.</summary>
internal static class SamlRequests
{
    private const string Assertion = "urn:oasis:names:tc:SAML:2.0:assertion";
    private const string Protocol = "urn:oasis:names:tc:SAML:2.0:protocol";

    public static string NewId() => "_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));

    public static Uri SignIn(SamlIdp idp, SamlParty party, string id, string? relayState = null, RSA? key = null) =>
        Redirect(idp.SingleSignOn, "SAMLRequest", Element("AuthnRequest", id, idp.SingleSignOn, party, $"AssertionConsumerServiceURL=\"{party.Acs}\" ", ""), relayState, key);

    /// <summary>Ends the session that this response began.</summary>
    public static Uri SignOut(SamlIdp idp, SamlParty party, XDocument response, RSA key)
    {
        var name = response.Descendants(XName.Get("NameID", Assertion)).Single();
        var session = (string?)response.Descendants(XName.Get("AuthnStatement", Assertion)).Single().Attribute("SessionIndex");
        var qualifier = (string?)name.Attribute("SPNameQualifier") is { } q ? $" SPNameQualifier=\"{q}\"" : "";
        var subject = $"<saml:NameID Format=\"{(string?)name.Attribute("Format")}\"{qualifier}>{name.Value}</saml:NameID><samlp:SessionIndex>{session}</samlp:SessionIndex>";
        return Redirect(idp.SingleLogout, "SAMLRequest", Element("LogoutRequest", NewId(), idp.SingleLogout, party, "", subject), relayState: null, key);
    }

    /// <summary>The answer to the logout request in this address.</summary>
    public static Uri SignedOut(SamlIdp idp, SamlParty party, Uri request, RSA key)
    {
        var query = System.Web.HttpUtility.ParseQueryString(request.Query);
        var asked = XDocument.Parse(Unpack(query["SAMLRequest"]!)); // the caller saw it there
        var status = "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>";
        var text = Element("LogoutResponse", NewId(), idp.SingleLogout, party, $"InResponseTo=\"{(string?)asked.Root!.Attribute("ID")}\" ", status); // parsed
        return Redirect(idp.SingleLogout, "SAMLResponse", text, query["RelayState"], key);
    }

    public static string Unpack(string message)
    {
        using var packed = new MemoryStream(Convert.FromBase64String(message));
        using var deflate = new DeflateStream(packed, CompressionMode.Decompress);
        using var reader = new StreamReader(deflate, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static string Element(string name, string id, string destination, SamlParty party, string attributes, string content) => $"""
        <samlp:{name} xmlns:samlp="{Protocol}" xmlns:saml="{Assertion}" ID="{id}" Version="2.0" IssueInstant="{TimeProvider.System.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ}" Destination="{destination}" {attributes}><saml:Issuer>{party.EntityId}</saml:Issuer>{content}</samlp:{name}>
        """;

    /// <summary>SAML Bindings 3.4.4.1.</summary>
    private static Uri Redirect(string address, string parameter, string text, string? relayState, RSA? key)
    {
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.Optimal, leaveOpen: true)) deflate.Write(Encoding.UTF8.GetBytes(text));
        var query = $"{parameter}={Uri.EscapeDataString(Convert.ToBase64String(packed.ToArray()))}";
        if (relayState is not null) query += $"&RelayState={Uri.EscapeDataString(relayState)}";
        if (key is null) return new Uri($"{address}?{query}");
        query += "&SigAlg=" + Uri.EscapeDataString("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
        var signature = key.SignData(Encoding.UTF8.GetBytes(query), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return new Uri($"{address}?{query}&Signature={Uri.EscapeDataString(Convert.ToBase64String(signature))}");
    }
}
