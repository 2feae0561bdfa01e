using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Domains;

/// <summary>One rule of a domain: which of its organization's connections the people of some hosts go to. Read in the order of <see cref="Position"/>.</summary>
public sealed class DomainConnection : IOrganizationOwned
{
    /// <summary>What makes a condition a pattern: every host below the one behind it, and not that one.</summary>
    public const string Wildcard = "*.";

    internal DomainConnection(Id<Organization> organizationId, Id<OrganizationDomain> domainId, int position, Id<Connection> connectionId, string? host) =>
        (OrganizationId, DomainId, Position, ConnectionId, Host) = (organizationId, domainId, position, connectionId, host);

    public Id<Organization> OrganizationId { get; private set; }
    public Id<OrganizationDomain> DomainId { get; private set; }
    public int Position { get; private set; }
    public Id<Connection> ConnectionId { get; private set; }

    /// <summary>A host, or <c>*.</c> and a host; null for a rule without a condition: with several of them people choose.</summary>
    public string? Host { get; private set; }

    internal void Replace(Id<Connection> connection, string? host) => (ConnectionId, Host) = (connection, host);

    /// <summary>Whether a condition holds for the host of an address.</summary>
    public static bool Matches(string condition, HostName host) => condition.StartsWith(Wildcard, StringComparison.Ordinal)
        ? host.Value.EndsWith(condition[1..], StringComparison.Ordinal)
        : host.Value == condition;

    /// <summary>The form that is stored; null when it is no condition about hosts of this domain.</summary>
    internal static string? ReadCondition(string? text, HostName domain)
    {
        var isPattern = text?.StartsWith(Wildcard, StringComparison.Ordinal) == true;
        if (!HostName.TryParse(isPattern ? text![Wildcard.Length..] : text, out var host)) return null; // it starts with two characters
        var isInside = host == domain || host.Value.EndsWith("." + domain.Value, StringComparison.Ordinal);
        return !isInside ? null : isPattern ? Wildcard + host.Value : host.Value;
    }
}

/// <summary>A rule as an admin writes it.</summary>
/// <param name="Host">An exact host of the domain, or <c>*.</c> and a host for all below it; null for whoever no condition matches.</param>
public sealed record DomainConnectionRule(Id<Connection> ConnectionId, string? Host = null);
