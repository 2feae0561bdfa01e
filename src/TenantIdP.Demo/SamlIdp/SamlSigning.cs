using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Xml;

namespace TenantIdP.Demo.SamlIdp;

/// <summary>The certificate that metadata publishes and the key that signs: the same one, unless the fault says otherwise.</summary>
internal sealed class SamlSigning : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365), ExpiredSince = TimeSpan.FromDays(12);

    private readonly X509Certificate2 _published, _signer;
    private readonly RSA _key;

    public SamlSigning(DemoSamlIdpOptions options, DateTimeOffset now)
    {
        var until = options.Fault == DemoSamlIdpFault.ExpiredCertificate ? now - ExpiredSince : now + Lifetime;
        _published = options.KeyFile is { } file ? KeptIn(file, options.Name, until) : CertificateOf(options.Name, until);
        _signer = options.Fault == DemoSamlIdpFault.ForeignKey ? CertificateOf(options.Name, until) : _published;
        _key = _signer.GetRSAPrivateKey() ?? throw new InvalidOperationException("A certificate made here has its key.");
    }

    public string CertificatePem => _published.ExportCertificatePem();

    public string CertificateBase64 => Convert.ToBase64String(_published.RawData);

    /// <summary>An enveloped signature of the element by its ID, directly after the issuer, where the schema wants it (Core 5.4).</summary>
    public void Sign(XmlElement element)
    {
        var reference = new Reference($"#{element.GetAttribute("ID")}") { DigestMethod = SignedXml.XmlDsigSHA256Url };
        reference.AddTransform(new XmlDsigEnvelopedSignatureTransform());
        reference.AddTransform(new XmlDsigExcC14NTransform());

        var signed = new SignedXml(element.OwnerDocument) { SigningKey = _key, KeyInfo = new KeyInfo() };
        signed.SignedInfo!.CanonicalizationMethod = SignedXml.XmlDsigExcC14NTransformUrl; // set by the constructor
        signed.SignedInfo.SignatureMethod = SignedXml.XmlDsigRSASHA256Url;
        signed.KeyInfo.AddClause(new KeyInfoX509Data(_signer));
        signed.AddReference(reference);
        signed.ComputeSignature();
        element.InsertAfter(signed.GetXml(), element["Issuer", SamlNames.Assertion]);
    }

    /// <summary>The query of the Redirect binding with its signature, which covers the very octets that are sent (Bindings 3.4.4.1).</summary>
    public string SignQuery(string query)
    {
        var signed = $"{query}&SigAlg={Uri.EscapeDataString(SignedXml.XmlDsigRSASHA256Url)}";
        var signature = _key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{signed}&Signature={Uri.EscapeDataString(Convert.ToBase64String(signature))}";
    }

    public void Dispose()
    {
        _key.Dispose();
        _signer.Dispose();
        _published.Dispose();
    }

    private static X509Certificate2 KeptIn(string file, string name, DateTimeOffset until)
    {
        if (File.Exists(file))
            return X509Certificate2.CreateFromPemFile(file);

        var made = CertificateOf(name, until);
        using var key = made.GetRSAPrivateKey() ?? throw new InvalidOperationException("A certificate made here has its key.");
        // The mode comes with the file: at no time may others read the key. Moved into place whole, because half a file would stop every later start.
        var mode = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) mode.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var part = $"{file}.part";
        File.Delete(part);
        using (var writer = new StreamWriter(part, mode)) writer.Write($"{made.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
        File.Move(part, file);
        return made;
    }

    private static X509Certificate2 CertificateOf(string name, DateTimeOffset until)
    {
        using var key = RSA.Create(2048);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName($"{name} demo SAML signing");
        return new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(until - (2 * Lifetime), until);
    }
}
