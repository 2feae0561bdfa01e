using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Xml;
using Microsoft.AspNetCore.WebUtilities;
using TenantIdP.Core.Connections;
using TenantIdP.Testing.Clients;

namespace TenantIdP.Testing.Upstreams;

/// <summary>What a SAML identity provider says of one person; everything a test may want to be wrong.</summary>
public sealed record SamlAnswer(string Acs, string Audience, string? InResponseTo)
{
    public string NameId { get; init; } = "subject-1";
    public string? Format { get; init; } = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    public string? Email { get; init; }
    public IReadOnlyList<string>? Groups { get; init; }
    public string Name { get; init; } = "Jane Doe";
    public string? Issuer { get; init; }
    public string AssertionId { get; init; } = "_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    public TimeSpan Age { get; init; }
    public TimeSpan SignedInAgo { get; init; }
    public bool ByStranger { get; init; }
}

/// <summary>A SAML identity provider that is only a key and a pen: the browser of the test carries its answers. Signs with the platform's SignedXml.</summary>
public sealed class TestSamlIdp : IDisposable
{
    private readonly X509Certificate2 own = Make("CN=Test identity provider");
    private readonly X509Certificate2 foreign = Make("CN=Stranger");

    public string EntityId { get; init; } = $"https://idp-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}.example/metadata";

    public string SsoUrl => new Uri(new Uri(EntityId), "/sso").AbsoluteUri;

    public CertificateFacts Certificate => new(
        Convert.ToHexStringLower(SHA256.HashData(own.RawData)), Convert.ToBase64String(own.RawData), own.Subject, new DateTimeOffset(own.NotBefore.ToUniversalTime()), new DateTimeOffset(own.NotAfter.ToUniversalTime()));

    public bool IsSso(Uri address) => address.AbsoluteUri.StartsWith(SsoUrl, StringComparison.Ordinal);

    /// <summary>The request in the address that a browser was sent to, and what it asks for.</summary>
    public static (XmlElement Request, SamlAnswer Answer) Read(Uri address)
    {
        var query = QueryHelpers.ParseQuery(address.Query);
        using var inflated = new DeflateStream(new MemoryStream(Convert.FromBase64String(query["SAMLRequest"].ToString())), CompressionMode.Decompress);
        var document = new XmlDocument();
        document.Load(XmlReader.Create(inflated));
        var request = document.DocumentElement ?? throw new InvalidOperationException("No request.");
        return (request, new SamlAnswer(request.GetAttribute("AssertionConsumerServiceURL"), request.FirstChild!.InnerText, request.GetAttribute("ID"))); // the issuer comes first
    }

    /// <summary>The form field of a response whose assertion is signed.</summary>
    public string Respond(SamlAnswer answer, DateTimeOffset now)
    {
        var document = new XmlDocument { PreserveWhitespace = true };
        document.LoadXml(Text(answer, now - answer.Age));
        var assertion = (XmlElement)document.GetElementsByTagName("saml:Assertion")[0]!; // written below
        var certificate = answer.ByStranger ? foreign : own;
        using var key = certificate.GetRSAPrivateKey();
        var signed = new SignedXml(assertion) { SigningKey = key };
        signed.SignedInfo!.CanonicalizationMethod = SignedXml.XmlDsigExcC14NTransformUrl; // made with the object
        var reference = new Reference("#" + answer.AssertionId) { DigestMethod = SignedXml.XmlDsigSHA256Url };
        reference.AddTransform(new XmlDsigEnvelopedSignatureTransform());
        reference.AddTransform(new XmlDsigExcC14NTransform());
        signed.AddReference(reference);
        signed.KeyInfo = new KeyInfo();
        signed.KeyInfo.AddClause(new KeyInfoX509Data(certificate));
        signed.ComputeSignature();
        assertion.InsertAfter(document.ImportNode(signed.GetXml(), deep: true), assertion.FirstChild);
        return Convert.ToBase64String(Encoding.UTF8.GetBytes(document.OuterXml));
    }

    /// <summary>Posts the form from the identity provider's own site, as its page would; then the browser follows.</summary>
    public async Task<WebPage> PostAsync(WebBrowser browser, string acs, string response, CancellationToken ct, Func<Uri, bool>? stopAt = null, string? relayState = null)
    {
        var (status, location, text) = await PostOnlyAsync(browser, acs, response, ct, relayState);
        return location is { } next ? await browser.GetAsync(new Uri(new Uri(acs), next), ct, stopAt) : throw new InvalidOperationException($"{status}: {text}");
    }

    public async Task<(HttpStatusCode Status, Uri? Location, string Text)> PostOnlyAsync(WebBrowser browser, string acs, string response, CancellationToken ct, string? relayState = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, acs)
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["SAMLResponse"] = response, ["RelayState"] = relayState ?? "x" }),
        };
        request.Headers.Add("Origin", new Uri(EntityId).GetLeftPart(UriPartial.Authority));
        request.Headers.Add("Sec-Fetch-Site", "cross-site");
        using var answered = await browser.SendAsync(request, ct);
        return (answered.StatusCode, answered.Headers.Location, await answered.Content.ReadAsStringAsync(ct));
    }

    public void Dispose()
    {
        own.Dispose();
        foreign.Dispose();
    }

    private string Text(SamlAnswer a, DateTimeOffset at)
    {
        var answers = a.InResponseTo is null ? "" : $"InResponseTo=\"{a.InResponseTo}\"";
        var format = a.Format is null ? "" : $"Format=\"{a.Format}\"";
        var attributes = Attribute("displayName", [a.Name]) + (a.Email is null ? "" : Attribute("email", [a.Email])) + (a.Groups is null ? "" : Attribute("groups", a.Groups));
        return $"""<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r{a.AssertionId}" Version="2.0" IssueInstant="{Say(at)}" Destination="{a.Acs}" {answers}><saml:Issuer>{a.Issuer ?? EntityId}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="{a.AssertionId}" Version="2.0" IssueInstant="{Say(at)}"><saml:Issuer>{a.Issuer ?? EntityId}</saml:Issuer><saml:Subject><saml:NameID {format}>{a.NameId}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData {answers} Recipient="{a.Acs}" NotOnOrAfter="{Say(at.AddMinutes(5))}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{Say(at.AddMinutes(-1))}" NotOnOrAfter="{Say(at.AddMinutes(5))}"><saml:AudienceRestriction><saml:Audience>{a.Audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{Say(at - a.SignedInAgo)}" SessionIndex="_s1"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion></samlp:Response>""";
    }

    private static string Attribute(string name, IEnumerable<string> values) => $"<saml:Attribute Name=\"{name}\">{string.Concat(values.Select(v => $"<saml:AttributeValue>{v}</saml:AttributeValue>"))}</saml:Attribute>";

    private static string Say(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static X509Certificate2 Make(string subject)
    {
        using var key = RSA.Create(2048);
        var now = TimeProvider.System.GetUtcNow();
        return new CertificateRequest(subject, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
    }
}
