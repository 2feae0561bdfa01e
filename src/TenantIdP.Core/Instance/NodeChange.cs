using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Instance;

/// <summary>Rows have changed of which nodes keep copies.</summary>
/// <param name="Cache">The name of an <see cref="INodeCache"/>.</param>
/// <param name="Key">Which of them, without spaces; null for all.</param>
public readonly record struct NodeChange(string Cache, string? Key)
{
    public const string Apis = "apis";
    public const string Apps = "apps";

    /// <summary>Keyed by the connection, or by the organization for all of its connections.</summary>
    public const string Connections = "connections";

    /// <summary>Keyed by the connection; the keys of the instance have no key of their own, because every connection may use them.</summary>
    public const string SamlKeys = "saml_keys";

    /// <summary>Keyed by the organization, or by the host of a domain for all hosts at and below it.</summary>
    public const string Realms = "realms";

    public const string SigningKeys = "signing_keys";

    /// <summary>As a message.</summary>
    public override string ToString() => Key is null ? Cache : $"{Cache} {Key}";

    public static NodeChange Parse(string message)
    {
        var space = message.IndexOf(' ', StringComparison.Ordinal);
        return space < 0 ? new NodeChange(message, null) : new NodeChange(message[..space], message[(space + 1)..]);
    }

    public void Tell(IEnumerable<INodeCache> caches)
    {
        foreach (var cache in caches)
        {
            if (cache.Name == Cache) cache.Evict(Key);
        }
    }

    /// <summary>Found here and not in the use cases, so that none of them can forget it. Called for what is added, modified or deleted.</summary>
    internal static NodeChange? Of(EntityEntry entry) => entry.Entity switch
    {
        Api => new NodeChange(Apis, null),
        Connection connection => new NodeChange(Connections, connection.Id.ToString()),
        ConnectionCertificate certificate => new NodeChange(Connections, certificate.ConnectionId.ToString()),
        AcsAlias alias => new NodeChange(Connections, alias.ConnectionId.ToString()),
        ServiceProviderKey key => new NodeChange(SamlKeys, key.ConnectionId?.ToString()),
        Organization organization when entry.Property(nameof(Organization.Status)).IsModified || entry.Property(nameof(Organization.DisplayName)).IsModified =>
            new NodeChange(Connections, organization.Id.ToString()),
        _ => null,
    };

    /// <summary>The same for what decides where people sign in.</summary>
    internal static NodeChange? OfRealm(EntityEntry entry) => entry.Entity switch
    {
        OrganizationDomain domain => new NodeChange(Realms, domain.Host.Value),
        Connection connection when entry.State != EntityState.Modified || entry.Property(nameof(Connection.Status)).IsModified || entry.Property(nameof(Connection.DisplayName)).IsModified =>
            new NodeChange(Realms, connection.OrganizationId.ToString()),
        Organization organization when entry.State == EntityState.Modified && OfOrganization.Any(name => entry.Property(name).IsModified) => new NodeChange(Realms, organization.Id.ToString()),
        _ => null,
    };

    private static readonly string[] OfOrganization =
        [nameof(Organization.Status), nameof(Organization.DisplayName), nameof(Organization.Slug), nameof(Organization.RequireSso), nameof(Organization.Sso), nameof(Organization.AcceptHomeSso)];
}
