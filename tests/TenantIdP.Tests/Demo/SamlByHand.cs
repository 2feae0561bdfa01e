using System.IO.Compression;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Microsoft.AspNetCore.WebUtilities;
using TenantIdP.Demo.Idp;
using TenantIdP.Demo.SamlIdp;
using TenantIdP.Testing.Clients;
using Xunit;

namespace TenantIdP.Tests.Demo;

/// <summary>What an application says to the demo's SAML provider and how it checks the answer, with nothing of ours in between.</summary>
internal static class SamlByHand
{
    public const string Acs = "http://localhost:5999/sso/saml/con_1/acs", Slo = "http://localhost:5999/sso/saml/con_1/slo", EntityId = "http://localhost:5999/sso/saml/con_1/metadata";
    public const string OtherAcs = "http://localhost:5999/sso/saml/con_2/acs", OtherSlo = "http://localhost:5999/sso/saml/con_2/slo", OtherEntityId = "urn:example:other";
    public const string Persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

    public static readonly XNamespace Protocol = "urn:oasis:names:tc:SAML:2.0:protocol", Assertion = "urn:oasis:names:tc:SAML:2.0:assertion", Metadata = "urn:oasis:names:tc:SAML:2.0:metadata";
    public static readonly XNamespace Ds = SignedXml.XmlDsigNamespaceUrl;

    public static readonly DemoIdpPerson Ann = DemoIdpPerson.At("Acme", "ann@acme.test", "Ann", "Acheson") with { Groups = ["Finance", "Owners"] };
    public static readonly DemoIdpPerson Bob = DemoIdpPerson.At("Acme", "bob@acme.test", "Bob", "Barlow");

    public static Task<DemoSamlIdp> StartAsync(CancellationToken ct, DemoSamlIdpFault fault = DemoSamlIdpFault.None, TimeProvider? clock = null, string? keyFile = null) => DemoSamlIdp.StartAsync(new()
    {
        Name = "Acme",
        Url = new Uri("http://127.0.0.1:0"),
        People = [Ann, Bob],
        AcsPatterns = ["http://localhost:5999/sso/saml/*/acs"],
        SloPatterns = ["http://localhost:5999/sso/saml/*/slo"],
        Fault = fault,
        KeyFile = keyFile,
    }, clock ?? TimeProvider.System, ct);

    public static XElement AuthnRequest(string id = "_request", string acs = Acs, string issuer = EntityId, params IEnumerable<object> more) => new(Protocol + "AuthnRequest",
        new XAttribute("ID", id), new XAttribute("Version", "2.0"), new XAttribute("IssueInstant", "2026-01-01T00:00:00Z"), new XAttribute("AssertionConsumerServiceURL", acs), new XElement(Assertion + "Issuer", issuer), more);

    public static XElement LogoutRequest(string nameId, string? index, string issuer = EntityId) => new(Protocol + "LogoutRequest",
        new XAttribute("ID", "_logout"), new XAttribute("Version", "2.0"), new XAttribute("IssueInstant", "2026-01-01T00:00:00Z"), new XElement(Assertion + "Issuer", issuer), new XElement(Assertion + "NameID", nameId), index is null ? null : new XElement(Protocol + "SessionIndex", index));

    public static string Base64(string xml) => Convert.ToBase64String(Encoding.UTF8.GetBytes(xml));

    public static string Deflated(byte[] bytes)
    {
        var deflated = new MemoryStream();
        using (var stream = new DeflateStream(deflated, CompressionLevel.SmallestSize)) stream.Write(bytes);
        return Convert.ToBase64String(deflated.ToArray());
    }

    public static Uri ByRedirect(this DemoSamlIdp idp, string path, XElement message, string? relayState = null, string parameter = "SAMLRequest") =>
        new(QueryHelpers.AddQueryString(new Uri(idp.Url, path).AbsoluteUri, new Dictionary<string, string?> { [parameter] = Deflated(Encoding.UTF8.GetBytes(message.ToString())), ["RelayState"] = relayState }));

    /// <summary>From another site, as the POST binding does.</summary>
    public static async Task<HttpResponseMessage> PostAsync(this WebBrowser browser, Uri address, string message, CancellationToken ct, string? relayState = null)
    {
        using var content = new FormUrlEncodedContent([new("SAMLRequest", message), .. relayState is null ? Array.Empty<KeyValuePair<string, string>>() : [new("RelayState", relayState)]]);
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = content };
        request.Headers.Add("Origin", "http://localhost:5999");
        return await browser.SendAsync(request, ct);
    }

    public static async Task<WebPage> SignInAsync(this WebBrowser browser, DemoSamlIdp idp, XElement request, CancellationToken ct, string? relayState = null, DemoIdpPerson? person = null)
    {
        var page = await browser.GetAsync(idp.ByRedirect("/sso", request, relayState), ct);
        return await browser.SubmitAsync(page, ct, ("email", (person ?? Ann).Email));
    }

    public static string? Field(this WebPage page, string name) => page.Form().QuerySelector($"input[name={name}]")?.GetAttribute("value");

    public static string Response(this WebPage page) => Encoding.UTF8.GetString(Convert.FromBase64String(page.Field("SAMLResponse") ?? throw new InvalidOperationException($"No answer: {page.Text.Trim()}")));

    public static X509Certificate2 Certificate(this DemoSamlIdp idp) =>
        X509CertificateLoader.LoadCertificate(Convert.FromBase64String(XElement.Parse(idp.MetadataXml).Descendants(Ds + "X509Certificate").Single().Value));

    /// <summary>The one signature of the answer is a child of the named element, covers it and nothing else, and is by the key in the metadata.</summary>
    public static bool IsSigned(string response, string element, DemoSamlIdp idp)
    {
        var document = new XmlDocument { PreserveWhitespace = true };
        document.LoadXml(response);
        var signature = Assert.IsType<XmlElement>(Assert.Single(document.GetElementsByTagName("Signature", SignedXml.XmlDsigNamespaceUrl).Cast<XmlNode>()));
        var signed = Assert.IsType<XmlElement>(signature.ParentNode);
        Assert.Equal(element, signed.LocalName);
        Assert.Equal("Issuer", signature.PreviousSibling?.LocalName);

        var checker = new SignedXml(document);
        checker.LoadXml(signature);
        Assert.Equal(SignedXml.XmlDsigRSASHA256Url, checker.SignatureMethod);
        Assert.Equal($"#{signed.GetAttribute("ID")}", Assert.IsType<Reference>(Assert.Single(checker.SignedInfo!.References.Cast<object>())).Uri);
        using var certificate = idp.Certificate();
        using var key = certificate.GetRSAPublicKey();
        return checker.CheckSignature(key!);
    }

    /// <summary>A message that came by Redirect, after its signature over the very octets of the query was found good.</summary>
    public static XElement Redirected(Uri address, string parameter, DemoSamlIdp idp)
    {
        var sent = address.Query[1..];
        var cut = sent.IndexOf("&Signature=", StringComparison.Ordinal);
        using var certificate = idp.Certificate();
        using var key = certificate.GetRSAPublicKey();
        Assert.True(key!.VerifyData(Encoding.ASCII.GetBytes(sent[..cut]), Convert.FromBase64String(Uri.UnescapeDataString(sent[(cut + 11)..])), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

        using var inflated = new DeflateStream(new MemoryStream(Convert.FromBase64String(Query(address, parameter)!)), CompressionMode.Decompress);
        return XElement.Load(inflated);
    }

    public static string? Query(Uri address, string name) => QueryHelpers.ParseQuery(address.Query).TryGetValue(name, out var value) ? value.ToString() : null;
}
