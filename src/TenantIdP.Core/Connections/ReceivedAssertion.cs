using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Connections;

/// <summary>
/// An assertion that was accepted once, remembered until it would be refused for its age: its key is what makes a second use impossible (SAML Profiles 4.1.4.5). Until the
/// browser comes for it, it also holds what was asserted, sealed, under a one-time handle.
/// </summary>
public sealed class ReceivedAssertion(Id<Organization> organizationId, Id<Connection> connectionId, string assertionHash, DateTimeOffset expiresAt) : IOrganizationOwned
{
    public Id<Organization> OrganizationId { get; private set; } = organizationId;
    public Id<Connection> ConnectionId { get; private set; } = connectionId;

    /// <summary>SHA-256 of the assertion's ID, lower-case hex.</summary>
    public string AssertionHash { get; private set; } = assertionHash;

    public DateTimeOffset ExpiresAt { get; private set; } = expiresAt;

    /// <summary>SHA-256 of the handle; null when nobody is to come for it.</summary>
    public string? HandleHash { get; private set; }

    public string? SealedResult { get; private set; }

    public DateTimeOffset? ResultExpiresAt { get; private set; }

    public static SecretPlace PlaceOf(Id<Connection> connection, string assertionHash) => new("received_assertions", "sealed_result", assertionHash, connection.ToString());

    public ReceivedAssertion WaitingUnder(string handle, string result, SecretBox box, DateTimeOffset until)
    {
        (HandleHash, SealedResult, ResultExpiresAt) = (MachineSecret.Hash(handle), box.Seal(result, PlaceOf(ConnectionId, AssertionHash)), until);
        return this;
    }
}
