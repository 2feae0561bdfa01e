using System.Security.Cryptography.Xml;
using System.Xml;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Signatures;

/// <summary>Signs what we write: the root by its ID, enveloped, exclusive canonicalisation, RSA-SHA256 (Core 5.4).</summary>
internal static class XmlSigner
{
    /// <exception cref="ArgumentException">Not XML of ours: it can't be read, or its root has no ID.</exception>
    public static string Sign(string xml, SamlKeyPair key)
    {
        if (!SafeXml.TryParse(xml, XmlLimits.Metadata, out var document, out var why)) throw new ArgumentException(why, nameof(xml));
        if (document.DocumentElement is not { } root || root.GetAttribute("ID") is not { Length: > 0 } id) throw new ArgumentException("The root has no ID.", nameof(xml));

        var signature = document.ImportNode(Compute(document, id, key), deep: true);
        // The schema of messages wants it right after the Issuer, the schema of metadata before everything.
        var issuer = root.ChildNodes.OfType<XmlElement>().FirstOrDefault() is { LocalName: "Issuer", NamespaceURI: SamlNames.AssertionNamespace } first ? first : null;
        if (issuer is null) root.PrependChild(signature);
        else root.InsertAfter(signature, issuer);
        return document.OuterXml;
    }

    private static XmlElement Compute(XmlDocument document, string id, SamlKeyPair key)
    {
        var signed = new SignedXml(document) { SigningKey = key.Key };
        if (signed.SignedInfo is not { } info) throw new InvalidOperationException("A new signature has a SignedInfo.");
        info.CanonicalizationMethod = SignedXml.XmlDsigExcC14NTransformUrl;
        info.SignatureMethod = SignedXml.XmlDsigRSASHA256Url;
        var reference = new Reference("#" + id) { DigestMethod = SignedXml.XmlDsigSHA256Url };
        reference.AddTransform(new XmlDsigEnvelopedSignatureTransform());
        reference.AddTransform(new XmlDsigExcC14NTransform());
        signed.AddReference(reference);
        signed.KeyInfo = new KeyInfo();
        signed.KeyInfo.AddClause(new KeyInfoX509Data(key.Certificate.Der.ToArray()));
        signed.ComputeSignature();
        return signed.GetXml();
    }
}
