using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Sessions;

/// <param name="NameId">The NameID with format and qualifiers, as JSON of the edge that reads and writes it.</param>
/// <param name="NameIdHash">SHA-256 of the NameID's value, lower-case hex.</param>
public sealed record UpstreamSessionFacts(string NameId, string NameIdHash, string? SessionIndex);

/// <summary>What the identity provider calls a session of ours, so that a logout on either side reaches the other (SAML Profiles 4.4).</summary>
public sealed class UpstreamSession : IOrganizationOwned
{
    private UpstreamSession(Id<Organization> organizationId, Id<Connection> connectionId, Id<Session> sessionId, string nameIdHash, string sealedNameId, string? sessionIndex) =>
        (OrganizationId, ConnectionId, SessionId, NameIdHash, SealedNameId, SessionIndex) = (organizationId, connectionId, sessionId, nameIdHash, sealedNameId, sessionIndex);

    public const int MaxIndexLength = 256;

    public Id<Organization> OrganizationId { get; private set; }
    public Id<Connection> ConnectionId { get; private set; }
    public Id<Session> SessionId { get; private set; }

    /// <summary>SHA-256 of the NameID's value, lower-case hex.</summary>
    public string NameIdHash { get; private set; }

    /// <summary>The NameID with its format and qualifiers as JSON, sealed: it is sent back as it came.</summary>
    public string SealedNameId { get; private set; }

    public string? SessionIndex { get; private set; }

    private SecretPlace Place => PlaceOf(ConnectionId, SessionId);

    public static UpstreamSession Remember(Id<Organization> organization, Id<Connection> connection, Id<Session> session, UpstreamSessionFacts facts, SecretBox box) =>
        new(organization, connection, session, facts.NameIdHash, box.Seal(facts.NameId, PlaceOf(connection, session)), facts.SessionIndex);

    public void Renew(UpstreamSessionFacts facts, SecretBox box) => (NameIdHash, SealedNameId, SessionIndex) = (facts.NameIdHash, box.Seal(facts.NameId, Place), facts.SessionIndex);

    public string OpenNameId(SecretBox box) => box.OpenText(SealedNameId, Place);

    private static SecretPlace PlaceOf(Id<Connection> connection, Id<Session> session) => new("upstream_sessions", "sealed_name_id", session.ToString(), connection.ToString());
}
