using System.Xml;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Metadata;

/// <summary>The certificates that a role signs with (Metadata 2.4.1.1).</summary>
internal static class MetadataCertificates
{
    private const int MaxKeys = 20;

    /// <summary>What can't be read is only remarked on, as long as another can; empty when it was a failure.</summary>
    public static IReadOnlyList<SamlCertificate> Signing(XmlElement role, DateTimeOffset now, CheckList checks)
    {
        // A key without a use is for both.
        var keys = role.Children(SamlNames.MetadataNamespace, "KeyDescriptor").Where(key => key.Attribute("use") is null or "" or "signing").Take(MaxKeys + 1).ToList();
        var found = new List<SamlCertificate>();
        var problems = new List<string>();
        foreach (var key in keys.Take(MaxKeys)) Read(key, found, problems);
        if (keys.Count > MaxKeys) problems.Add($"There are more than {MaxKeys} keys; the others were not read.");

        if (found.Count == 0)
        {
            checks.Fail(MetadataChecks.Certificate, problems.Count == 0 ? "No signing certificate is named." : problems[0], "a signing certificate");
            return [];
        }

        foreach (var problem in problems) checks.Warn(MetadataChecks.Certificate, problem, "a certificate that can be read");
        // Only remarked on: the key is pinned, and identity providers sign on with an expired certificate.
        foreach (var expired in found.Where(c => c.NotAfter < now))
            checks.Warn(MetadataChecks.Certificate, $"The certificate {expired.Thumbprint[..12]}… expired on {Elements.Say(expired.NotAfter)}.");
        checks.Pass(MetadataChecks.Certificate, $"{found.Count} signing certificate(s).");
        return found;
    }

    private static void Read(XmlElement key, List<SamlCertificate> found, List<string> problems)
    {
        // Of a chain only the first: to pin the key of a certificate authority would be to believe all that it signs.
        var chains = key.Only(SamlNames.SignatureNamespace, "KeyInfo")?.Children(SamlNames.SignatureNamespace, "X509Data") ?? [];
        var texts = chains.Select(chain => chain.Children(SamlNames.SignatureNamespace, "X509Certificate").FirstOrDefault()?.Text()).OfType<string>().Take(MaxKeys).ToList();
        if (texts.Count == 0) problems.Add("A key has no certificate.");
        foreach (var text in texts)
        {
            if (!SamlCertificate.TryRead(text, out var certificate) || certificate is null) problems.Add("A certificate can't be read, or its key is too short or of an unknown kind.");
            else if (!found.Exists(other => other.Thumbprint == certificate.Thumbprint)) found.Add(certificate);
        }
    }
}
