using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Xml;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Signatures;

internal sealed record SignaturePolicy(bool AllowSha1, XmlLimits Limits)
{
    /// <summary>Refuse a signature by a pinned certificate past its end; otherwise it is only remarked on.</summary>
    public bool RefuseExpired { get; init; }

    public DateTimeOffset Now { get; init; }
}

/// <summary>
/// Verifies a signature that stands in the element it signs, and gives back that element read again from the very bytes that were digested: nothing else of the message may
/// be believed afterwards. Everything that real attacks moved is fixed: one signature, one reference, this element, two transforms, the connection's keys.
/// </summary>
internal static class EnvelopedSignature
{
    /// <summary>The signatures that are direct children.</summary>
    public static IReadOnlyList<XmlElement> Of(XmlElement element) => [.. element.Children(SamlNames.SignatureNamespace, "Signature")];

    public static bool TryVerify(
        XmlElement signed, IReadOnlyList<SamlCertificate> certificates, SignaturePolicy policy, CheckList checks, [NotNullWhen(true)] out XmlElement? read, [NotNullWhen(true)] out SamlCertificate? signer)
    {
        (read, signer) = (null, null);
        if (Of(signed) is not [var signature]) return checks.Fail(SignatureChecks.Place, "Not exactly one signature in the element.");
        if (!TryParts(signature, out var parts)) return checks.Fail(SignatureChecks.Shape, "A signature with parts missing, repeated or added.");
        checks.Pass(SignatureChecks.Shape, "SignedInfo, SignatureValue, one Reference.");

        if (SignatureAlgorithm.Find(parts.Method, policy.AllowSha1) is not { } algorithm)
            return checks.Fail(SignatureChecks.Method, Elements.Quote(parts.Method), "RSA or ECDSA with SHA-256, SHA-384 or SHA-512");
        Judge(checks, SignatureChecks.Method, algorithm.Hash, parts.Method);
        if (!IsOfElement(signed, parts.ReferenceUri)) return checks.Fail(SignatureChecks.Reference, Elements.Quote(parts.ReferenceUri), "# and the ID of the element that the signature stands in");
        checks.Pass(SignatureChecks.Reference, "The element itself, by its ID.");
        if (!TryTransforms(parts.Transforms, out var prefixes)) return checks.Fail(SignatureChecks.Transforms, "Other transforms.", "enveloped signature, then exclusive canonicalisation without comments");
        checks.Pass(SignatureChecks.Transforms, "Enveloped signature, exclusive canonicalisation.");
        if (SignatureAlgorithm.FindDigest(parts.DigestMethod, policy.AllowSha1) is not { } digest)
            return checks.Fail(SignatureChecks.DigestMethod, Elements.Quote(parts.DigestMethod), "SHA-256, SHA-384 or SHA-512");
        Judge(checks, SignatureChecks.DigestMethod, digest, parts.DigestMethod);

        // First the few lines that the key signs, then the element they speak of: to canonicalise what anybody may have sent would be dear, and a way to keep us busy.
        if (!TryBase64(parts.Value, out var value)) return checks.Fail(SignatureChecks.Value, "The signature value is not base64.");
        var info = Canonical.Bytes(parts.SignedInfo, null, parts.InfoPrefixes);
        signer = certificates.FirstOrDefault(certificate => algorithm.Verifies(certificate, info, value));
        if (signer is null) return checks.Fail(SignatureChecks.Value, Describe(certificates, parts.KeyInfo, policy.Now));
        checks.Pass(SignatureChecks.Value, $"Signed with {Name(signer)}.");

        var bytes = Canonical.Bytes(signed, signature, prefixes);
        if (!TryBase64(parts.DigestValue, out var named) || !CryptographicOperations.FixedTimeEquals(CryptographicOperations.HashData(digest, bytes), named))
            return checks.Fail(SignatureChecks.Digest, "The digest in the signature is not that of the element.");
        checks.Pass(SignatureChecks.Digest, "The digest is that of the element.");

        if (policy.Now > signer.NotAfter)
        {
            var seen = $"The certificate {Name(signer)} expired on {Elements.Say(signer.NotAfter)}, {(int)(policy.Now - signer.NotAfter).TotalDays} days ago.";
            if (policy.RefuseExpired) return checks.Fail(SignatureChecks.Expired, seen);
            checks.Warn(SignatureChecks.Expired, seen);
        }

        // Only what was signed is read from here on.
        if (!SafeXml.TryParse(bytes, policy.Limits, out var document, out _) || document.DocumentElement is not { } root) return checks.Fail(SignatureChecks.Digest, "The signed bytes can't be read again.");
        read = root;
        return true;
    }

    /// <summary>Base64 as RFC 2045 lays it out, line breaks allowed.</summary>
    public static bool TryBase64(string text, out byte[] bytes)
    {
        bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var length) || length == 0) return false;
        Array.Resize(ref bytes, length);
        return true;
    }

    private sealed record Parts(
        XmlElement SignedInfo, string? InfoPrefixes, string? Method, string? ReferenceUri, XmlElement Transforms, string? DigestMethod, string DigestValue, string Value, XmlElement? KeyInfo);

    private static bool TryParts(XmlElement signature, [NotNullWhen(true)] out Parts? parts)
    {
        parts = null;
        var children = signature.Children().ToList();
        if (children.Count is not (2 or 3) || !children[0].Is(SamlNames.SignatureNamespace, "SignedInfo") || !children[1].Is(SamlNames.SignatureNamespace, "SignatureValue") || (children.Count == 3 && !children[2].Is(SamlNames.SignatureNamespace, "KeyInfo")))
            return false;
        if (children[0].Children().ToList() is not [var canonicalization, var method, var reference]
            || !canonicalization.Is(SamlNames.SignatureNamespace, "CanonicalizationMethod") || !method.Is(SamlNames.SignatureNamespace, "SignatureMethod") || !reference.Is(SamlNames.SignatureNamespace, "Reference"))
            return false;
        if (canonicalization.Attribute("Algorithm") != Ns.ExcC14N || !Canonical.TryPrefixes(canonicalization, out var prefixes)) return false;
        // HMACOutputLength and its like.
        if (method.HasElements()) return false;
        if (reference.Children().ToList() is not [var transforms, var digestMethod, var digestValue]
            || !transforms.Is(SamlNames.SignatureNamespace, "Transforms") || !digestMethod.Is(SamlNames.SignatureNamespace, "DigestMethod") || !digestValue.Is(SamlNames.SignatureNamespace, "DigestValue"))
            return false;
        if (digestMethod.HasElements() || digestValue.HasElements() || children[1].HasElements()) return false;
        parts = new Parts(
            children[0], prefixes, method.Attribute("Algorithm"), reference.Attribute("URI"), transforms, digestMethod.Attribute("Algorithm"), digestValue.InnerText, children[1].InnerText,
            children.ElementAtOrDefault(2));
        return true;
    }

    private static bool IsOfElement(XmlElement signed, string? uri) => signed.Attribute("ID") is { } id && Elements.IsId(id) && uri == "#" + id;

    private static bool TryTransforms(XmlElement transforms, out string? prefixes)
    {
        prefixes = null;
        return transforms.Children().ToList() is [var enveloped, var canonical]
            && enveloped.Is(SamlNames.SignatureNamespace, "Transform") && enveloped.Attribute("Algorithm") == Ns.Enveloped && !enveloped.HasElements()
            && canonical.Is(SamlNames.SignatureNamespace, "Transform") && canonical.Attribute("Algorithm") == Ns.ExcC14N && Canonical.TryPrefixes(canonical, out prefixes);
    }

    private static void Judge(CheckList checks, SamlRule rule, HashAlgorithmName hash, string? uri)
    {
        if (hash == HashAlgorithmName.SHA1) checks.Warn(rule, "SHA-1, which this connection allows.", "SHA-256");
        else checks.Pass(rule, Elements.Quote(uri));
    }

    private static string Name(SamlCertificate certificate) => $"{certificate.Thumbprint[..12]}… ({Elements.Quote(certificate.Subject, 60)}, until {Elements.Say(certificate.NotAfter)})";

    /// <summary>For the admin: what is pinned, and what the message says it was signed with. Nothing in KeyInfo is ever trusted.</summary>
    private static string Describe(IReadOnlyList<SamlCertificate> pinned, XmlElement? keyInfo, DateTimeOffset now)
    {
        var ours = pinned.Count == 0 ? "none" : string.Join("; ", pinned.Take(3).Select(c => Name(c) + (now > c.NotAfter ? ", expired" : "")));
        var text = keyInfo.Only(SamlNames.SignatureNamespace, "X509Data").Only(SamlNames.SignatureNamespace, "X509Certificate")?.InnerText;
        if (!SamlCertificate.TryRead(text, out var theirs) || theirs is null) return $"No pinned certificate verifies it. Pinned: {ours}.";
        return pinned.Any(c => c.Thumbprint == theirs.Thumbprint)
            ? $"It names the pinned certificate {Name(theirs)}, whose key does not verify it: it was changed, or signed by somebody else."
            : $"It was signed with {Name(theirs)}, which is not pinned. Pinned: {ours}.";
    }
}
