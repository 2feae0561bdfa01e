using System.Xml;
using TenantIdP.Saml.Encryption;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Signatures;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Responses;

/// <summary>One message on its way from text to a <see cref="ValidatedResponse"/>. After a signature was verified, only what it covers is looked at.</summary>
internal sealed class ResponseReading(ResponseRules rules, CheckList checks)
{
    /// <summary>
    /// An assertion is accepted for a day at most, whatever it says of itself: so long it is remembered, and not until the end of the confirmation that held, because another
    /// one in it may end later.
    /// </summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    private readonly SignaturePolicy policy = new(rules.AllowSha1, XmlLimits.Message) { RefuseExpired = rules.RefuseExpiredCertificates, Now = rules.Now };

    private sealed record SignedParts(XmlElement Response, bool ResponseIsSigned, XmlElement Assertion, bool WasEncrypted, SamlCertificate Signer);

    public ValidatedResponse? Read(string encoded)
    {
        if (Parse(encoded) is not { } response || !IsResponse(response) || !HasSucceeded(response)) return null;
        if (!DocumentShape.TryAssertion(response, checks, out var assertion) || assertion is null) return null;
        return Verify(response, assertion) is { } parts ? Judge(parts) : null;
    }

    private XmlElement? Parse(string encoded)
    {
        if (!checks.Require(encoded.Length <= ResponseValidator.MaxEncodedLength, ResponseChecks.Size, $"{encoded.Length} characters.", $"at most {ResponseValidator.MaxEncodedLength}")) return null;
        if (!EnvelopedSignature.TryBase64(encoded, out var bytes))
        {
            checks.Fail(ResponseChecks.Encoding, "Not base64, or empty.");
            return null;
        }

        if (SafeXml.TryParse(bytes, XmlLimits.Message, out var document, out var why)) return document.DocumentElement;
        checks.Fail(ResponseChecks.WellFormed, why);
        return null;
    }

    private bool IsResponse(XmlElement response) =>
        checks.Require(response.Is(SamlNames.ProtocolNamespace, "Response"), ResponseChecks.Root, Elements.Quote(response.LocalName, 60), "samlp:Response")
        && checks.Require(response.Attribute("Version") == "2.0", ResponseChecks.Version, Elements.Quote(response.Attribute("Version"), 20), "2.0");

    private bool HasSucceeded(XmlElement response)
    {
        var status = response.Only(SamlNames.ProtocolNamespace, "Status");
        var code = status.Only(SamlNames.ProtocolNamespace, "StatusCode");
        if (code?.Attribute("Value") == SamlNames.SuccessStatus) return checks.Pass(ResponseChecks.Status, "Success.");
        var second = code.Only(SamlNames.ProtocolNamespace, "StatusCode")?.Attribute("Value");
        var message = status.Only(SamlNames.ProtocolNamespace, "StatusMessage")?.Text();
        return checks.Fail(ResponseChecks.Status, string.Join(" / ", new[] { code?.Attribute("Value"), second, message }.Where(t => !string.IsNullOrEmpty(t)).Select(t => Elements.Quote(t, 90))), "Success");
    }

    private SignedParts? Verify(XmlElement response, XmlElement assertion)
    {
        SamlCertificate? signer = null;
        var signedResponse = EnvelopedSignature.Of(response).Count > 0;
        var read = response;
        if (signedResponse)
        {
            if (!EnvelopedSignature.TryVerify(response, rules.SigningCertificates, policy, checks, out var covered, out signer)) return null;
            read = covered;
        }

        if (assertion.LocalName == "EncryptedAssertion") return Decrypt(read, signedResponse, assertion, signer);
        if (!checks.Require(!rules.RequireEncryption, ResponseChecks.EncryptionRequired, "The assertion is not encrypted.", "an encrypted assertion", "Not asked for.")) return null;
        if (EnvelopedSignature.Of(assertion).Count > 0)
        {
            // In the message as it came: canonicalising the response may have dropped declarations that the assertion's own list of prefixes needs.
            if (!EnvelopedSignature.TryVerify(assertion, rules.SigningCertificates, policy, checks, out var inner, out var second)) return null;
            return Signed(new SignedParts(read, signedResponse, inner, false, signer ?? second));
        }

        if (!signedResponse || signer is null)
        {
            checks.Fail(ResponseChecks.SignaturePresent, "Neither the response nor the assertion is signed.");
            return null;
        }

        if (read.Only(SamlNames.AssertionNamespace, "Assertion") is { } found) return Signed(new SignedParts(read, true, found, false, signer));
        checks.Fail(ResponseChecks.OneAssertion, "None in what was signed.", "one, directly in the response");
        return null;
    }

    private SignedParts? Decrypt(XmlElement read, bool signedResponse, XmlElement encrypted, SamlCertificate? signer)
    {
        var algorithm = encrypted.Only(Ns.Encryption, "EncryptedData") is { } data ? AssertionDecryptor.AlgorithmOf(data) : null;
        var allowed = ContentCipher.Find(algorithm) is { } cipher && (!cipher.IsCbc || rules.AllowAesCbc);
        if (!checks.Require(allowed, ResponseChecks.Cipher, Elements.Quote(algorithm), rules.AllowAesCbc ? "AES-GCM or AES-CBC" : "AES-GCM")) return null;
        // Under the response's signature the element is taken from the signed bytes.
        var source = signedResponse ? read.Only(SamlNames.AssertionNamespace, "EncryptedAssertion") : encrypted;
        // How a key is wrapped stands in the message for all to read: to tell it tells nothing.
        if (!checks.Require(source is not null && AssertionDecryptor.IsKeyTransportKnown(source), ResponseChecks.KeyTransport, Elements.Quote(AssertionDecryptor.KeyTransportOf(encrypted)), "RSA-OAEP")) return null;
        if (source is null || !AssertionDecryptor.TryDecrypt(source, rules.DecryptionKeys, out var plain, out var isCbc))
        {
            checks.Fail(ResponseChecks.Decryption, "It can't be opened with a key of ours.");
            return null;
        }

        // Without a signature outside, whoever changed a CBC ciphertext must not learn what came of it: every failure inside is the same one.
        var inside = isCbc && !signedResponse ? new CheckList() : checks;
        if (Open(new Opened(plain, encrypted, signedResponse ? source : null), inside, ref signer) is not { } assertion)
        {
            if (inside != checks) checks.Fail(ResponseChecks.Decryption, "It can't be opened with a key of ours.");
            return null;
        }

        if (inside != checks) checks.Add(inside);
        checks.Pass(ResponseChecks.Decryption, "Opened with a key of ours.");
        return signer is null ? null : Signed(new SignedParts(read, signedResponse, assertion, true, signer));
    }

    /// <param name="Element">As it came: its namespaces are those of the message, for a signature inside that covers them.</param>
    /// <param name="Signed">The same element of the signed bytes; null in an unsigned response.</param>
    private sealed record Opened(byte[] Plain, XmlElement Element, XmlElement? Signed);

    private XmlElement? Open(Opened opened, CheckList inside, ref SamlCertificate? signer)
    {
        if (Parse(opened.Plain, opened.Element, inside) is not { } root) return null;
        if (!DocumentShape.TryAssertion(root, inside, out _)) return null;
        if (EnvelopedSignature.Of(root).Count > 0)
        {
            if (!EnvelopedSignature.TryVerify(root, rules.SigningCertificates, policy, inside, out var read, out var second)) return null;
            signer ??= second;
            return read;
        }

        // A declaration that nothing visible uses is in no signature: whoever carries the message may change it, and with it what the names inside mean.
        if (opened.Signed is not null) return Parse(opened.Plain, opened.Signed, inside);
        inside.Fail(ResponseChecks.SignaturePresent, "Neither the response nor the encrypted assertion is signed.");
        return null;
    }

    private static XmlElement? Parse(byte[] plain, XmlElement encrypted, CheckList inside)
    {
        // It stands where the EncryptedData stood.
        var scope = Canonical.InScope(encrypted.Only(Ns.Encryption, "EncryptedData") ?? encrypted);
        if (SafeXml.TryParse(plain, XmlLimits.Message, out var document, out _, scope) && document.DocumentElement is { } root && root.Is(SamlNames.AssertionNamespace, "Assertion")) return root;
        inside.Fail(ResponseChecks.Decryption, "What was encrypted is not an assertion.");
        return null;
    }

    private SignedParts Signed(SignedParts parts)
    {
        checks.Pass(ResponseChecks.SignaturePresent, (parts.ResponseIsSigned ? "Response" : "Assertion") + (parts.WasEncrypted ? ", encrypted." : "."));
        return parts;
    }

    private ValidatedResponse? Judge(SignedParts parts)
    {
        var (response, assertion) = (parts.Response, parts.Assertion);
        if (!Issuers(response, assertion, parts.ResponseIsSigned) || !Destination(response, parts.ResponseIsSigned) || IssuedAt(assertion) is not { } issued) return null;
        if (SubjectReader.Read(assertion, rules, checks) is not { } subject || !TryRequest(response, parts.ResponseIsSigned, subject.InResponseTo, out var request)) return null;
        if (!ConditionsReader.Judge(assertion, rules, checks)) return null;
        if (StatementReader.ReadAuthn(assertion, rules, checks) is not { } authn || StatementReader.ReadAttributes(assertion, checks) is not { } attributes) return null;
        return new ValidatedResponse(
            response.Attribute("ID") ?? "", assertion.Attribute("ID") ?? "", rules.IdpEntityId, request, subject.NameId, attributes, authn.Instant, authn.SessionIndex, authn.SessionEnd, authn.ContextClass,
            issued + Longest + rules.ClockSkew, parts.WasEncrypted, parts.Signer.Thumbprint);
    }

    private bool Issuers(XmlElement response, XmlElement assertion, bool responseIsSigned)
    {
        // Profiles 4.1.4.2: a signed response names its issuer; an unsigned one that does must not name another.
        var outer = response.Children(SamlNames.AssertionNamespace, "Issuer").ToList();
        var named = outer.Count == 0 ? !responseIsSigned : outer.Count == 1 && outer[0].Text() == rules.IdpEntityId;
        if (!checks.Require(named, ResponseChecks.ResponseIssuer, outer.Count == 0 ? "None." : Elements.Quote(outer[0].Text()), rules.IdpEntityId)) return false;
        var inner = assertion.Only(SamlNames.AssertionNamespace, "Issuer")?.Text();
        return checks.Require(inner == rules.IdpEntityId, ResponseChecks.AssertionIssuer, Elements.Quote(inner), rules.IdpEntityId)
            && checks.Require(assertion.Attribute("Version") == "2.0" && assertion.Attribute("ID") is { Length: > 0 }, ResponseChecks.Version, Elements.Quote(assertion.Attribute("Version"), 20), "2.0");
    }

    private bool Destination(XmlElement response, bool isSigned)
    {
        var destination = response.Attribute("Destination");
        if (destination is null && !isSigned) return checks.Skip(ResponseChecks.Destination, "None, in an unsigned response.");
        return checks.Require(destination is not null && rules.AcsUrls.Contains(destination, StringComparer.Ordinal), ResponseChecks.Destination, Elements.Quote(destination), rules.AcsUrls is [var ours, ..] ? ours : null);
    }

    private DateTimeOffset? IssuedAt(XmlElement assertion)
    {
        var text = assertion.Attribute("IssueInstant");
        var holds = Elements.TryTime(text, out var issued) && issued <= rules.Now + rules.ClockSkew && issued > rules.Now - rules.ClockSkew - Longest;
        return checks.Require(holds, ResponseChecks.IssueInstant, Elements.Quote(text, 40), $"within a day before {Elements.Say(rules.Now)}") ? issued : null;
    }

    /// <summary>Which request it answers, from signed parts only; what stands beside them must not differ.</summary>
    private bool TryRequest(XmlElement response, bool isSigned, string? confirmed, out string? request)
    {
        var outer = response.Attribute("InResponseTo");
        request = confirmed ?? (isSigned ? outer : null);
        if (request is null && outer is null) return checks.Require(rules.AllowUnsolicited, ResponseChecks.Unsolicited, "It answers no request.", "an answer to a request");
        return checks.Require(request is { Length: > 0 and <= 256 } && (outer is null || outer == request), ResponseChecks.InResponseTo, "The response and its confirmation name different requests, or only an unsigned part names one.", good: Elements.Quote(request))
            && checks.Pass(ResponseChecks.Unsolicited, "It answers a request.");
    }
}
