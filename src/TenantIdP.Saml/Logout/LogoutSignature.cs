using System.Diagnostics.CodeAnalysis;
using System.Xml;
using TenantIdP.Saml.Signatures;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Logout;

/// <summary>Both bindings want a signature here: whoever can end a person's sessions can keep them out (Profiles 4.4.4.1).</summary>
internal static class LogoutSignature
{
    /// <param name="read">What was signed, and the only thing to be read from then on.</param>
    public static bool TryVerify(LogoutMessage message, LogoutRules rules, CheckList checks, [NotNullWhen(true)] out XmlElement? read)
    {
        read = null;
        if (message.Query is { } query)
        {
            if (!VerifyQuery(query, rules, checks)) return false;
            read = message.Root;
            // One in the message as well is against the binding (Bindings 3.4.4.1). Where an identity provider leaves it in, it must hold too: whatever is signed is verified.
            return EnvelopedSignature.Of(message.Root).Count == 0 || VerifyMessage(message, rules, checks, out read);
        }

        return EnvelopedSignature.Of(message.Root).Count == 0
            ? checks.Fail(LogoutChecks.Signature, "The message is not signed.", "a signature in the message")
            : VerifyMessage(message, rules, checks, out read);
    }

    private static bool VerifyMessage(LogoutMessage message, LogoutRules rules, CheckList checks, [NotNullWhen(true)] out XmlElement? read)
    {
        var policy = new SignaturePolicy(rules.AllowSha1, XmlLimits.Logout) { RefuseExpired = rules.RefuseExpiredCertificates, Now = rules.Now };
        return EnvelopedSignature.TryVerify(message.Root, rules.Certificates, policy, checks, out read, out _);
    }

    private static bool VerifyQuery(QuerySignature query, LogoutRules rules, CheckList checks)
    {
        // One in the message would not do: this binding takes it out (Bindings 3.4.4.1).
        if (query is not { Algorithm: { } method, Value: { } text }) return checks.Fail(LogoutChecks.Signature, "The address is not signed.", "SigAlg and Signature");
        if (SignatureAlgorithm.Find(method, rules.AllowSha1) is not { } algorithm) return checks.Fail(SignatureChecks.Method, Elements.Quote(method), "RSA or ECDSA with SHA-256, SHA-384 or SHA-512");
        checks.Pass(SignatureChecks.Method, Elements.Quote(method));
        var value = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, value, out var length)) return checks.Fail(SignatureChecks.Value, "The signature value is not base64.");
        if (rules.Certificates.FirstOrDefault(c => algorithm.VerifiesQuery(c, query.Octets, value.AsSpan(0, length))) is not { } signer)
            return checks.Fail(SignatureChecks.Value, "No pinned certificate verifies it.", string.Join(", ", rules.Certificates.Take(3).Select(c => c.Thumbprint[..12] + "…")));
        checks.Pass(SignatureChecks.Value, $"Signed with {signer.Thumbprint[..12]}….");
        if (rules.Now <= signer.NotAfter) return true;
        var expired = $"The certificate {signer.Thumbprint[..12]}… expired on {Elements.Say(signer.NotAfter)}.";
        return rules.RefuseExpiredCertificates ? checks.Fail(SignatureChecks.Expired, expired) : checks.Warn(SignatureChecks.Expired, expired);
    }
}
