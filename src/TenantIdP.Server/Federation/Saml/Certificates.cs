using TenantIdP.Core.Connections;
using TenantIdP.Saml.Keys;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>Between the certificates of the kernel and those of the rows.</summary>
internal static class Certificates
{
    public static CertificateFacts ToFacts(this SamlCertificate c) => new(c.Thumbprint, Convert.ToBase64String(c.Der.Span), c.Subject, c.NotBefore, c.NotAfter);

    public static string ToPem(this SamlCertificate c) => ToPem(c.Der.Span);

    public static string ToPem(ReadOnlySpan<byte> der) => System.Security.Cryptography.PemEncoding.WriteString("CERTIFICATE", der);
}
