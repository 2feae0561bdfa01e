using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Joining;

public enum JoinRequestStatus
{
    Pending,
    Approved,
    Denied,
}

/// <summary>A person with a verified address of an organization's domain asks to join it. One for each of them, ever: who was denied does not ask again.</summary>
public sealed class JoinRequest : IHasIdPrefix, IOrganizationOwned, IVersioned
{
    private JoinRequest(Id<Organization> organizationId, Id<JoinRequest> id, Id<User> userId, string email, DateTimeOffset createdAt) =>
        (OrganizationId, Id, UserId, Email, CreatedAt, UpdatedAt) = (organizationId, id, userId, email, createdAt, createdAt);

    public static string IdPrefix => "jrq";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<JoinRequest> Id { get; private set; }
    public Id<User> UserId { get; private set; }

    /// <summary>The verified address of the organization's domain that they asked with.</summary>
    public string Email { get; private set; }

    public JoinRequestStatus Status { get; private set; }
    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }
    public DateTimeOffset? DecidedAt { get; private set; }
    public int Version { get; private set; }

    public static JoinRequest Ask(Id<Organization> organization, Id<User> user, string email, DateTimeOffset now) => new(organization, Id<JoinRequest>.New(now), user, email, now);

    internal void Decide(JoinRequestStatus status, DateTimeOffset now) => (Status, DecidedAt, UpdatedAt) = (status, now, now);

    internal void MoveTo(Id<User> user, DateTimeOffset now) => (UserId, UpdatedAt) = (user, now);
}
