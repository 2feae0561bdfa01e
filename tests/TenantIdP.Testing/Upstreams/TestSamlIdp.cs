using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Xml;
using AngleSharp.Html.Parser;
using Microsoft.AspNetCore.WebUtilities;
using TenantIdP.Core.Connections;
using TenantIdP.Testing.Clients;

namespace TenantIdP.Testing.Upstreams;

/// <summary>A request as the identity provider reads it.</summary>
public sealed record SeenRequest(XmlElement Xml, string? RelayState)
{
    public string Id => Xml.GetAttribute("ID");
    public string AcsUrl => Xml.GetAttribute("AssertionConsumerServiceURL");
    public string Issuer => Xml["Issuer", TestSamlIdp.Assertion]!.InnerText; // asked for of our own requests, which have one
}

/// <summary>What the identity provider says, each part to be said otherwise.</summary>
public sealed class SamlAnswer
{
    public required string Issuer { get; set; }
    public required string Audience { get; set; }
    public required string Destination { get; set; }
    public required string Recipient { get; set; }

    /// <summary>Null answers no request.</summary>
    public string? InResponseTo { get; set; }

    public string AssertionId { get; set; } = "_" + Guid.CreateVersion7().ToString("N");
    public DateTimeOffset Now { get; set; } = TimeProvider.System.GetUtcNow();
    public DateTimeOffset? SignedInAt { get; set; }
    public string NameId { get; set; } = "";
    public string? NameIdFormat { get; set; }
    public Dictionary<string, string[]> Attributes { get; } = [];
    public string Status { get; set; } = "urn:oasis:names:tc:SAML:2.0:status:Success";
    public string RelayState { get; set; } = "";
}

/// <summary>What the identity provider asks to end.</summary>
public sealed record SamlLogout(string Destination, string NameId)
{
    public string Id { get; init; } = "_" + Guid.CreateVersion7().ToString("N");
    public string? Issuer { get; init; }
    public DateTimeOffset Now { get; init; } = TimeProvider.System.GetUtcNow();
    public IReadOnlyList<string> SessionIndexes { get; init; } = [];
    public string? RelayState { get; init; }
}

/// <summary>A SAML identity provider in the test's hand: reads requests and makes answers, signed by the framework's <see cref="SignedXml"/> and not by our kernel.</summary>
public sealed class TestSamlIdp : IDisposable
{
    public const string Assertion = "urn:oasis:names:tc:SAML:2.0:assertion";
    public const string Protocol = "urn:oasis:names:tc:SAML:2.0:protocol";
    public const string Persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    public const string Transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    public const string EmailFormat = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

    private readonly RSA key = RSA.Create(2048);
    private readonly X509Certificate2 certificate;

    /// <param name="certificateEnds">A year from now unless said otherwise.</param>
    public TestSamlIdp(string entityId, DateTimeOffset? certificateEnds = null)
    {
        (EntityId, SsoUrl) = (entityId, entityId + "/sso");
        var now = TimeProvider.System.GetUtcNow();
        certificate = new CertificateRequest("CN=idp", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(now.AddDays(-10), certificateEnds ?? now.AddDays(365));
    }

    public string EntityId { get; }
    public string SsoUrl { get; }
    public string SloUrl => EntityId + "/slo";

    public CertificateFacts Certificate => new(
        Convert.ToHexStringLower(SHA256.HashData(certificate.RawData)), Convert.ToBase64String(certificate.RawData), certificate.Subject, certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());

    public bool IsHere(Uri address) => address.AbsoluteUri.StartsWith(SsoUrl, StringComparison.Ordinal);

    /// <summary>From the Redirect binding, which a browser was stopped at.</summary>
    public static SeenRequest Read(Uri address, string parameter = "SAMLRequest")
    {
        var query = QueryHelpers.ParseQuery(address.Query);
        using var inflated = new DeflateStream(new MemoryStream(Convert.FromBase64String(query[parameter].ToString())), CompressionMode.Decompress);
        return Read(inflated, query["RelayState"]);
    }

    /// <summary>From the POST binding.</summary>
    public static SeenRequest Read(WebPage page) => Read(
        new MemoryStream(Convert.FromBase64String(page.Document.QuerySelector("input[name=SAMLRequest]")!.GetAttribute("value")!)), page.Document.QuerySelector("input[name=RelayState]")?.GetAttribute("value")); // the page is one that posts

    public SamlAnswer Answer(SeenRequest request, string nameId, string? email)
    {
        var answer = new SamlAnswer { Issuer = EntityId, Audience = request.Issuer, Destination = request.AcsUrl, Recipient = request.AcsUrl, InResponseTo = request.Id, NameId = nameId, NameIdFormat = Persistent };
        if (email is not null) answer.Attributes["email"] = [email];
        return answer;
    }

    /// <summary>The form value, signed once around the assertion.</summary>
    public string Sign(SamlAnswer answer, Func<string, string>? forge = null)
    {
        var document = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        document.LoadXml(Write(answer));
        var assertion = (XmlElement)document.GetElementsByTagName("Assertion", Assertion)[0]!; // written so
        SignElement(assertion, answer.AssertionId);
        return Convert.ToBase64String(Encoding.UTF8.GetBytes(forge?.Invoke(document.OuterXml) ?? document.OuterXml));
    }

    /// <summary>The page of this identity provider whose form brings the answer.</summary>
    public Task<WebPage> PageAsync(SamlAnswer answer, CancellationToken ct, Func<string, string>? forge = null) => FormAsync(answer.Destination, "SAMLResponse", Sign(answer, forge), answer.RelayState, ct);

    public void Dispose()
    {
        certificate.Dispose();
        key.Dispose();
    }

    /// <summary>A logout request in an address (Bindings 3.4), signed unless <paramref name="sign"/> says no.</summary>
    public Uri Logout(SamlLogout logout, bool sign = true) => Address(logout.Destination, "SAMLRequest", Write(logout), logout.RelayState, sign);

    /// <summary>The answer to a logout request of ours, in an address.</summary>
    public Uri LoggedOut(SeenRequest request, string destination, string status = "urn:oasis:names:tc:SAML:2.0:status:Success") =>
        Address(destination, "SAMLResponse", WriteAnswer(request, destination, status), request.RelayState, sign: true);

    /// <summary>The page whose form brings a logout request, or the answer to one, signed inside.</summary>
    public Task<WebPage> LogoutPageAsync(SamlLogout logout, CancellationToken ct) => FormAsync(logout.Destination, "SAMLRequest", SignRoot(Write(logout)), logout.RelayState, ct);

    public Task<WebPage> LoggedOutPageAsync(SeenRequest request, string destination, CancellationToken ct) =>
        FormAsync(destination, "SAMLResponse", SignRoot(WriteAnswer(request, destination, "urn:oasis:names:tc:SAML:2.0:status:Success")), request.RelayState, ct);

    private Uri Address(string destination, string parameter, string xml, string? relayState, bool sign)
    {
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.Optimal, leaveOpen: true)) deflate.Write(Encoding.UTF8.GetBytes(xml));
        var query = $"{parameter}={Uri.EscapeDataString(Convert.ToBase64String(packed.ToArray()))}";
        if (relayState is not null) query += $"&RelayState={Uri.EscapeDataString(relayState)}";
        if (!sign) return new Uri($"{destination}?{query}");
        query += $"&SigAlg={Uri.EscapeDataString(SignedXml.XmlDsigRSASHA256Url)}";
        return new Uri($"{destination}?{query}&Signature={Uri.EscapeDataString(Convert.ToBase64String(key.SignData(Encoding.UTF8.GetBytes(query), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)))}");
    }

    private string SignRoot(string xml)
    {
        var document = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        document.LoadXml(xml);
        var root = document.DocumentElement!; // written so
        SignElement(root, root.GetAttribute("ID"));
        return Convert.ToBase64String(Encoding.UTF8.GetBytes(document.OuterXml));
    }

    private void SignElement(XmlElement element, string id)
    {
        var signed = new SignedXml(element) { SigningKey = key };
        signed.SignedInfo!.CanonicalizationMethod = SignedXml.XmlDsigExcC14NTransformUrl; // always there
        signed.SignedInfo.SignatureMethod = SignedXml.XmlDsigRSASHA256Url;
        var reference = new Reference("#" + id) { DigestMethod = SignedXml.XmlDsigSHA256Url };
        reference.AddTransform(new XmlDsigEnvelopedSignatureTransform());
        reference.AddTransform(new XmlDsigExcC14NTransform());
        signed.AddReference(reference);
        signed.ComputeSignature();
        element.InsertAfter(element.OwnerDocument.ImportNode(signed.GetXml(), deep: true), element["Issuer", Assertion]);
    }

    private async Task<WebPage> FormAsync(string destination, string field, string message, string? relayState, CancellationToken ct)
    {
        var html = $"<form method=\"post\" action=\"{destination}\"><input type=\"hidden\" name=\"{field}\" value=\"{message}\"><input type=\"hidden\" name=\"RelayState\" value=\"{SecurityElement.Escape(relayState)}\"></form>";
        return new WebPage(new Uri(SsoUrl), HttpStatusCode.OK, await new HtmlParser().ParseDocumentAsync(html, ct), new HttpResponseMessage());
    }

    private string Write(SamlLogout l) => $"""
        <samlp:LogoutRequest xmlns:samlp="{Protocol}" xmlns:saml="{Assertion}" ID="{l.Id}" Version="2.0" IssueInstant="{Time(l.Now)}" Destination="{l.Destination}"><saml:Issuer>{l.Issuer ?? EntityId}</saml:Issuer><saml:NameID Format="{Persistent}">{SecurityElement.Escape(l.NameId)}</saml:NameID>{string.Concat(l.SessionIndexes.Select(s => $"<samlp:SessionIndex>{s}</samlp:SessionIndex>"))}</samlp:LogoutRequest>
        """;

    private string WriteAnswer(SeenRequest request, string destination, string status) => $"""
        <samlp:LogoutResponse xmlns:samlp="{Protocol}" xmlns:saml="{Assertion}" ID="_{Guid.CreateVersion7():N}" Version="2.0" IssueInstant="{Time(TimeProvider.System.GetUtcNow())}" Destination="{destination}" InResponseTo="{request.Id}"><saml:Issuer>{EntityId}</saml:Issuer><samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status></samlp:LogoutResponse>
        """;

    private static SeenRequest Read(Stream xml, string? relayState)
    {
        var document = new XmlDocument { XmlResolver = null };
        using var reader = XmlReader.Create(xml, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
        document.Load(reader);
        return new SeenRequest(document.DocumentElement!, relayState); // a document has one
    }

    private static string Write(SamlAnswer a)
    {
        var (now, end) = (Time(a.Now), Time(a.Now.AddMinutes(5)));
        var answered = a.InResponseTo is { } id ? $" InResponseTo=\"{id}\"" : "";
        var format = a.NameIdFormat is { } f ? $" Format=\"{f}\"" : "";
        var attributes = string.Concat(a.Attributes.Select(p => $"<saml:Attribute Name=\"{SecurityElement.Escape(p.Key)}\">{string.Concat(p.Value.Select(v => $"<saml:AttributeValue>{SecurityElement.Escape(v)}</saml:AttributeValue>"))}</saml:Attribute>"));
        return $"""
            <samlp:Response xmlns:samlp="{Protocol}" xmlns:saml="{Assertion}" ID="_{Guid.CreateVersion7():N}" Version="2.0" IssueInstant="{now}" Destination="{a.Destination}"{answered}><saml:Issuer>{a.Issuer}</saml:Issuer>
            <samlp:Status><samlp:StatusCode Value="{a.Status}"/></samlp:Status>
            <saml:Assertion ID="{a.AssertionId}" Version="2.0" IssueInstant="{now}"><saml:Issuer>{a.Issuer}</saml:Issuer>
            <saml:Subject><saml:NameID{format}>{SecurityElement.Escape(a.NameId)}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="{end}" Recipient="{a.Recipient}"{answered}/></saml:SubjectConfirmation></saml:Subject>
            <saml:Conditions NotBefore="{Time(a.Now.AddMinutes(-1))}" NotOnOrAfter="{end}"><saml:AudienceRestriction><saml:Audience>{a.Audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
            <saml:AuthnStatement AuthnInstant="{Time(a.SignedInAt ?? a.Now)}" SessionIndex="s-{a.AssertionId}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
            {(attributes.Length == 0 ? "" : $"<saml:AttributeStatement>{attributes}</saml:AttributeStatement>")}</saml:Assertion></samlp:Response>
            """;
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
