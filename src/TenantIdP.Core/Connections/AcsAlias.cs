using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Connections;

/// <summary>A further assertion consumer address of a connection, from before a migration, so that nobody has to touch the identity provider. One connection has it, in the whole instance.</summary>
public sealed class AcsAlias(Id<Organization> organizationId, Id<Connection> connectionId, string url) : IOrganizationOwned
{
    public const int MaxLength = 512;

    public Id<Organization> OrganizationId { get; private set; } = organizationId;
    public Id<Connection> ConnectionId { get; private set; } = connectionId;
    public string Url { get; private set; } = url;
}
