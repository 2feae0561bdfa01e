using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Connections;

public enum KeyUse
{
    Signing,
    Encryption,
}

/// <summary>
/// A key pair of ours that identity providers know by its certificate: of the instance, or of one connection. Published from the start, used for signing from
/// <see cref="ActivatesAt"/>, decrypts until it is retired; so that a rotation asks nobody to be quick.
/// </summary>
public sealed class ServiceProviderKey : IHasIdPrefix, IOrganizationOwned
{
    private ServiceProviderKey(Id<Organization> organizationId, Id<ServiceProviderKey> id, Id<Connection>? connectionId, KeyUse use, string sealedKey, string certificate, DateTimeOffset createdAt, DateTimeOffset activatesAt, DateTimeOffset notAfter) =>
        (OrganizationId, Id, ConnectionId, Use, SealedKey, Certificate, CreatedAt, ActivatesAt, NotAfter) = (organizationId, id, connectionId, use, sealedKey, certificate, createdAt, activatesAt, notAfter);

    public static string IdPrefix => "spk";

    /// <summary>The connection's, or <see cref="Organization.Instance"/>.</summary>
    public Id<Organization> OrganizationId { get; private set; }

    public Id<ServiceProviderKey> Id { get; private set; }
    public Id<Connection>? ConnectionId { get; private set; }
    public KeyUse Use { get; private set; }

    /// <summary>PKCS#8, sealed for this row.</summary>
    public string SealedKey { get; private set; }

    /// <summary>DER in base64.</summary>
    public string Certificate { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset ActivatesAt { get; private set; }
    public DateTimeOffset NotAfter { get; private set; }

    /// <summary>From when on it is neither published nor used; null while nothing follows it.</summary>
    public DateTimeOffset? RetiresAt { get; private set; }

    public static SecretPlace PlaceOf(Id<ServiceProviderKey> id, Id<Organization> organization) => new("service_provider_keys", "sealed_key", id.ToString(), organization.ToString());

    public static ServiceProviderKey Make(
        Id<Organization> organization, Id<Connection>? connection, KeyUse use, byte[] pkcs8, byte[] certificate, SecretBox box, DateTimeOffset now, DateTimeOffset activates, DateTimeOffset notAfter)
    {
        var id = Id<ServiceProviderKey>.New(now);
        return new(organization, id, connection, use, box.Seal(pkcs8, PlaceOf(id, organization)), Convert.ToBase64String(certificate), now, activates, notAfter);
    }

    public byte[] Open(SecretBox box) => box.Open(SealedKey, PlaceOf(Id, OrganizationId));

    public void Retire(DateTimeOffset at) => RetiresAt ??= at;
}
