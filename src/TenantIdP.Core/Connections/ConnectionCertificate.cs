using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Connections;

public enum CertificateSource
{
    Manual,
    Metadata,
}

/// <summary>A certificate as it was read; the key in it is what counts.</summary>
/// <param name="Thumbprint">SHA-256 of the DER form, lower-case hex.</param>
/// <param name="Der">In base64.</param>
public sealed record CertificateFacts(string Thumbprint, string Der, string Subject, DateTimeOffset NotBefore, DateTimeOffset NotAfter);

/// <summary>A certificate whose key an identity provider signs with: pinned to one connection.</summary>
public sealed class ConnectionCertificate : IOrganizationOwned
{
    private ConnectionCertificate(
        Id<Organization> organizationId, Id<Connection> connectionId, string thumbprint, string der, string subject, DateTimeOffset notBefore, DateTimeOffset notAfter, CertificateSource source, DateTimeOffset addedAt) =>
        (OrganizationId, ConnectionId, Thumbprint, Der, Subject, NotBefore, NotAfter, Source, AddedAt) = (organizationId, connectionId, thumbprint, der, subject, notBefore, notAfter, source, addedAt);

    public Id<Organization> OrganizationId { get; private set; }
    public Id<Connection> ConnectionId { get; private set; }
    public string Thumbprint { get; private set; }
    public string Der { get; private set; }
    public string Subject { get; private set; }
    public DateTimeOffset NotBefore { get; private set; }
    public DateTimeOffset NotAfter { get; private set; }
    public CertificateSource Source { get; private set; }
    public DateTimeOffset AddedAt { get; private set; }

    /// <summary>The least number of days before the end for which a warning went out; null before the first.</summary>
    public int? WarnedDays { get; private set; }

    public static ConnectionCertificate Pin(Connection connection, CertificateFacts facts, CertificateSource source, DateTimeOffset now) =>
        new(connection.OrganizationId, connection.Id, facts.Thumbprint, facts.Der, Kernel.DisplayName.Clean(facts.Subject) ?? "", facts.NotBefore, facts.NotAfter, source, now);

    public void Warned(int days) => WarnedDays = days;
}
