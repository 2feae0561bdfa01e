using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.SignIn;

/// <summary>An active connection, as a chooser names it.</summary>
public sealed record RealmConnection(Id<Connection> Id, string DisplayName);

/// <summary>An active organization with its active connections, in the order of their making.</summary>
/// <param name="RequireSso">Of everybody: whom it spares is known only once it is known who they are.</param>
public sealed record OrganizationRealm(Id<Organization> Id, string DisplayName, bool RequireSso, bool AcceptHomeSso, IReadOnlyList<RealmConnection> Connections);

/// <summary>One rule of a domain (<see cref="DomainConnection"/>).</summary>
public sealed record RealmRule(Id<Connection> Connection, string? Host);

/// <summary>Who holds a host.</summary>
/// <param name="ProvesMail">By the DNS or an operator's word, so that its sign-in counts in other organizations, too (DESIGN.md section 6.1).</param>
public sealed record DomainRealm(OrganizationRealm Organization, bool ProvesMail, IReadOnlyList<RealmRule> Rules);

/// <summary>What decides where people sign in. Implemented by what a node keeps of it in memory, over <see cref="RealmReader"/>; never a word about people.</summary>
public interface IRealmFacts
{
    /// <summary>The holder of the most specific verified domain; null when nobody holds it, or its holder is not active.</summary>
    ValueTask<DomainRealm?> ByHostAsync(HostName host, CancellationToken ct);

    /// <summary>By id or slug, also one that it had until not long ago; null for one that is unknown or not active.</summary>
    ValueTask<OrganizationRealm?> ByOrganizationAsync(string idOrSlug, CancellationToken ct);

    /// <summary>The organization of an active connection.</summary>
    ValueTask<OrganizationRealm?> ByConnectionAsync(Id<Connection> connection, CancellationToken ct);
}
