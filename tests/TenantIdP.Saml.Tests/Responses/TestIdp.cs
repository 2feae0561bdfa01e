using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Xml;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Responses;

namespace TenantIdP.Saml.Tests.Responses;

/// <summary>An identity provider of the tests. Signs with the platform's own SignedXml, which shares nothing with the verifier under test.</summary>
internal static class TestIdp
{
    public const string EntityId = "https://idp.example.test/metadata";
    public const string Audience = "https://sp.example.test/metadata";
    public const string Acs = "https://sp.example.test/acs";
    public const string Request = "_request1";
    public const string Subject = "subject-1";

    public static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    private static readonly X509Certificate2 Own = Make("idp");
    private static readonly X509Certificate2 Foreign = Make("stranger");

    public static SamlCertificate Certificate { get; } = Read(Own);

    public static ResponseRules Rules => new() { IdpEntityId = EntityId, SigningCertificates = [Certificate], Audiences = [Audience], AcsUrls = [Acs], Now = Now };

    /// <summary>The unsigned message, to be changed by a test.</summary>
    public static XmlDocument Message() => Load($"""
        <samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_response1" Version="2.0" IssueInstant="{At(0)}" Destination="{Acs}" InResponseTo="{Request}"><saml:Issuer>{EntityId}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="_assertion1" Version="2.0" IssueInstant="{At(0)}"><saml:Issuer>{EntityId}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{Subject}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="{Request}" Recipient="{Acs}" NotOnOrAfter="{At(5)}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{At(-1)}" NotOnOrAfter="{At(5)}"><saml:AudienceRestriction><saml:Audience>{Audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{At(0)}" SessionIndex="_session1"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="email"><saml:AttributeValue>ann@example.test</saml:AttributeValue></saml:Attribute><saml:Attribute Name="groups"><saml:AttributeValue>engineering</saml:AttributeValue><saml:AttributeValue>billing</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>
        """.Trim());

    public static XmlDocument Load(string xml)
    {
        var document = new XmlDocument { PreserveWhitespace = true };
        document.LoadXml(xml);
        return document;
    }

    public static string At(int minutes) => Now.AddMinutes(minutes).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static XmlElement Assertion(this XmlDocument message) => message.Find("Assertion");

    public static XmlElement Find(this XmlDocument message, string name) => (XmlElement)message.GetElementsByTagName("*").Cast<XmlElement>().First(e => e.LocalName == name);

    public static string Encode(this XmlDocument message) => Convert.ToBase64String(Encoding.UTF8.GetBytes(message.OuterXml));

    public static XmlDocument SignAssertion(this XmlDocument message, bool byStranger = false) => message.Sign(message.Assertion(), byStranger);

    public static XmlDocument SignResponse(this XmlDocument message) => message.Sign(message.DocumentElement!); // a message has one

    public static XmlDocument Sign(this XmlDocument message, XmlElement element, bool byStranger = false, string? prefixes = null, string method = SignedXml.XmlDsigRSASHA256Url, string digest = SignedXml.XmlDsigSHA256Url)
    {
        var certificate = byStranger ? Foreign : Own;
        using var key = certificate.GetRSAPrivateKey();
        var signed = new SignedXml(element) { SigningKey = key };
        signed.SignedInfo!.CanonicalizationMethod = SignedXml.XmlDsigExcC14NTransformUrl; // made with the object
        signed.SignedInfo.SignatureMethod = method;
        var reference = new Reference("#" + element.GetAttribute("ID")) { DigestMethod = digest };
        reference.AddTransform(new XmlDsigEnvelopedSignatureTransform());
        reference.AddTransform(new XmlDsigExcC14NTransform(includeComments: false, prefixes));
        signed.AddReference(reference);
        signed.KeyInfo = new KeyInfo();
        signed.KeyInfo.AddClause(new KeyInfoX509Data(certificate));
        signed.ComputeSignature();
        element.InsertAfter(message.ImportNode(signed.GetXml(), deep: true), element.ChildNodes.OfType<XmlElement>().First(e => e.LocalName == "Issuer"));
        return message;
    }

    /// <summary>Replaces the assertion by its encryption to the key.</summary>
    public static XmlDocument Encrypt(this XmlDocument message, SamlKeyPair to, string algorithm, Func<byte[], byte[]>? change = null, string keyMethod = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", string? plain = null)
    {
        var assertion = message.Assertion();
        var secret = RandomNumberGenerator.GetBytes(algorithm.Contains("128", StringComparison.Ordinal) ? 16 : 32);
        var text = Encoding.UTF8.GetBytes(plain ?? assertion.OuterXml);
        var content = algorithm.EndsWith("gcm", StringComparison.Ordinal) ? Gcm(secret, text) : Cbc(secret, text);
        using var certificate = X509CertificateLoader.LoadCertificate(to.Certificate.Der.Span);
        using var rsa = certificate.GetRSAPublicKey()!; // an RSA certificate
        var wrapped = rsa.Encrypt(secret, keyMethod.EndsWith("rsa-1_5", StringComparison.Ordinal) ? RSAEncryptionPadding.Pkcs1 : RSAEncryptionPadding.OaepSHA1);
        var encrypted = Load($"""<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="{algorithm}"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{keyMethod}"/><xenc:CipherData><xenc:CipherValue>{Convert.ToBase64String(wrapped)}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{Convert.ToBase64String(change?.Invoke(content) ?? content)}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>""");
        assertion.ParentNode!.ReplaceChild(message.ImportNode(encrypted.DocumentElement!, deep: true), assertion); // both exist
        return message;
    }

    private static byte[] Gcm(byte[] key, byte[] plain)
    {
        var sealedBytes = new byte[12 + plain.Length + 16];
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(0, 12));
        using var gcm = new AesGcm(key, 16);
        gcm.Encrypt(sealedBytes.AsSpan(0, 12), plain, sealedBytes.AsSpan(12, plain.Length), sealedBytes.AsSpan(12 + plain.Length));
        return sealedBytes;
    }

    private static byte[] Cbc(byte[] key, byte[] plain)
    {
        using var aes = Aes.Create();
        aes.Key = key;
        return [.. aes.IV, .. aes.EncryptCbc(plain, aes.IV)];
    }

    private static X509Certificate2 Make(string name)
    {
        using var key = RSA.Create(2048);
        return new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(Now.AddDays(-30), Now.AddDays(300));
    }

    private static SamlCertificate Read(X509Certificate2 certificate) =>
        SamlCertificate.TryRead(certificate.RawData, out var read) && read is not null ? read : throw new InvalidOperationException("It can't be read.");
}
