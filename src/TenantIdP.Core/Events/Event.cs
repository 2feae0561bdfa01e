using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Events;

/// <summary>
/// An append-only record of one change, written in the transaction of the change. <see cref="Position"/> and <see cref="Hash"/> are given later by the sealer;
/// until then no reader, webhook or export sees the row.
/// </summary>
public sealed class Event : IHasIdPrefix, IOrganizationOwned
{
    private Event(Id<Organization> organizationId, Id<Event> id, string type, DateTimeOffset occurredAt, ActorKind actorKind, string actorId, string targetId, string data) =>
        (OrganizationId, Id, Type, OccurredAt, ActorKind, ActorId, TargetId, Data) = (organizationId, id, type, occurredAt, actorKind, actorId, targetId, data);

    public static string IdPrefix => "evt";

    /// <summary>The organization it happened in; <see cref="Organization.Instance"/> for events of the instance.</summary>
    public Id<Organization> OrganizationId { get; private set; }

    public Id<Event> Id { get; private set; }

    /// <summary>Such as <c>member.joined</c>; the list is <see cref="EventTypes"/>.</summary>
    public string Type { get; private set; }

    public DateTimeOffset OccurredAt { get; private set; }
    public ActorKind ActorKind { get; private set; }
    public string ActorId { get; private set; }
    public string TargetId { get; private set; }

    /// <summary>What changed, as JSON, without personal data and never with a secret.</summary>
    public string Data { get; private set; }

    public string? TraceId { get; private set; }

    /// <summary>Salted SHA-256 of the personal row, which may be erased without breaking the chain.</summary>
    public string? PersonalHash { get; private set; }

    /// <summary>The place in the log of the instance, without gaps, in the order of sealing; null until then.</summary>
    public long? Position { get; private set; }

    /// <summary><see cref="EventHash"/>, which the next event of the organization carries on.</summary>
    public string? Hash { get; private set; }

    internal void Seal(long position, string previousHash)
    {
        if (Position is not null) throw new InvalidOperationException("An event is sealed once.");
        Position = position;
        Hash = EventHash.Of(this, previousHash);
    }

    internal static Event Record(Id<Organization> organization, string type, DateTimeOffset now, Actor actor, string target, string data, string? traceId, string? personalHash) =>
        new(organization, Id<Event>.New(now), type, now, actor.Kind, actor.Id, target, data) { TraceId = traceId, PersonalHash = personalHash };
}

/// <summary>The personal data of an event, in a row of its own so that it can be erased.</summary>
public sealed class EventPersonalData : IOrganizationOwned
{
    internal EventPersonalData(Id<Organization> organizationId, Id<Event> eventId, Id<User>? userId, string salt, string data) =>
        (OrganizationId, EventId, UserId, Salt, Data) = (organizationId, eventId, userId, salt, data);

    public Id<Organization> OrganizationId { get; private set; }
    public Id<Event> EventId { get; private set; }

    /// <summary>Whose data it is, so that erasing them finds it; null when nobody we know (a stranger's refused sign-in).</summary>
    public Id<User>? UserId { get; private set; }

    public string Salt { get; private set; }
    public string Data { get; private set; }
}

public static class EventTypes
{
    public const string OrganizationCreated = "organization.created";
    public const string OrganizationUpdated = "organization.updated";
    public const string SsoEnforcementChanged = "organization.sso_enforcement_changed";
    public const string BreakGlassUsed = "organization.break_glass_used";
    public const string OrganizationSuspended = "organization.suspended";
    public const string OrganizationResumed = "organization.resumed";
    public const string OrganizationDeleting = "organization.deleting";
    public const string OrganizationRestored = "organization.restored";
    public const string OrganizationPurged = "organization.purged";
    public const string UserCreated = "user.created";
    public const string UserUpdated = "user.updated";
    public const string UserSuspended = "user.suspended";
    public const string UserResumed = "user.resumed";
    public const string PasswordChanged = "user.password_changed";
    public const string PasswordLocked = "user.password_locked";
    public const string PasswordUnlocked = "user.password_unlocked";
    public const string PasswordRemoved = "user.password_removed";
    public const string IdentityLinked = "user.identity_linked";
    public const string IdentityUnlinked = "user.identity_unlinked";
    public const string UserEmailAdded = "user.email_added";
    public const string UserEmailVerified = "user.email_verified";
    public const string UserEmailUnverified = "user.email_unverified";
    public const string UserEmailRemoved = "user.email_removed";
    public const string UserPrimaryEmailChanged = "user.primary_email_changed";
    public const string UserSessionsEnded = "user.sessions_ended";
    public const string UserMerged = "user.merged";
    public const string UserExported = "user.exported";
    public const string UserErased = "user.erased";
    public const string MemberJoined = "member.joined";
    public const string MemberActivated = "member.activated";
    public const string MemberRoleGranted = "member.role_granted";
    public const string MemberRoleRevoked = "member.role_revoked";
    public const string MemberDeactivated = "member.deactivated";
    public const string MemberReactivated = "member.reactivated";
    public const string MemberRemoved = "member.removed";
    public const string MemberMerged = "member.merged";
    public const string DirectoryUserCreated = "directory_user.created";
    public const string DirectoryUserUpdated = "directory_user.updated";
    public const string DirectoryUserDeleted = "directory_user.deleted";
    public const string DirectoryUserRefused = "directory_user.refused";
    public const string OrganizationOwnerless = "organization.ownerless";
    public const string JoinRequested = "join_request.created";
    public const string JoinApproved = "join_request.approved";
    public const string JoinDenied = "join_request.denied";
    public const string OwnershipTransferred = "organization.ownership_transferred";
    public const string InvitationCreated = "invitation.created";
    public const string InvitationResent = "invitation.resent";
    public const string InvitationRevoked = "invitation.revoked";
    public const string InvitationExpired = "invitation.expired";
    public const string InvitationAccepted = "invitation.accepted";
    public const string InvitationDeclined = "invitation.declined";
    public const string InvitationRequested = "invitation.requested";
    public const string InvitationRequestApproved = "invitation.request_approved";
    public const string InvitationRequestDenied = "invitation.request_denied";
    public const string WorkspaceCreated = "workspace.created";
    public const string WorkspaceUpdated = "workspace.updated";
    public const string WorkspaceArchived = "workspace.archived";
    public const string WorkspaceRestored = "workspace.restored";
    public const string WorkspaceDeleted = "workspace.deleted";
    public const string WorkspaceMemberAdded = "workspace.member_added";
    public const string WorkspaceMemberUpdated = "workspace.member_updated";
    public const string WorkspaceMemberRemoved = "workspace.member_removed";
    public const string WorkspaceSwitched = "token.workspace_switched";
    public const string RoleCreated = "role.created";
    public const string RoleUpdated = "role.updated";
    public const string RoleReplaced = "role.replaced";
    public const string RoleSetCreated = "role_set.created";
    public const string RoleSetUpdated = "role_set.updated";
    public const string RoleSetDeleted = "role_set.deleted";
    public const string RoleSetChanged = "organization.role_set_changed";
    public const string RoleDeleted = "role.deleted";
    public const string DomainClaimed = "domain.claimed";
    public const string DomainUpdated = "domain.updated";
    public const string DomainVerified = "domain.verified";
    public const string DomainReleased = "domain.released";
    public const string DomainFailed = "domain.verification_failed";
    public const string DomainAtRisk = "domain.at_risk";
    public const string DomainLapsed = "domain.lapsed";
    public const string DomainRestored = "domain.restored";
    public const string DomainTransferAnnounced = "domain.transfer_announced";
    public const string DomainTransferCancelled = "domain.transfer_cancelled";
    public const string DomainTransferred = "domain.transferred";
    public const string DomainChallengeReplaced = "domain.challenge_replaced";
    public const string DomainAffiliationRequested = "domain.affiliation_requested";
    public const string DomainAffiliationRefused = "domain.affiliation_refused";
    public const string DomainAffiliated = "domain.affiliated";
    public const string DomainAffiliationEnded = "domain.affiliation_ended";
    public const string ConnectionCreated = "connection.created";
    public const string ConnectionUpdated = "connection.updated";
    public const string ConnectionActivated = "connection.activated";
    public const string ConnectionTested = "connection.tested";
    public const string ConnectionCertificatesChanged = "connection.certificates_changed";
    public const string ConnectionCertificateExpiring = "connection.certificate_expiring";
    public const string ConnectionLogoutReceived = "connection.logout_received";
    public const string ConnectionLogoutRefused = "connection.logout_refused";
    public const string ConnectionRolesRevoked = "connection.roles_revoked";
    public const string ConnectionMetadataRefused = "connection.metadata_refused";
    public const string SamlKeyCreated = "saml_key.created";
    public const string SamlKeyExpiring = "saml_key.expiring";
    public const string GroupCreated = "group.created";
    public const string GroupUpdated = "group.updated";
    public const string GroupMembersChanged = "group.members_changed";
    public const string GroupDeleted = "group.deleted";
    public const string GroupMappingCreated = "group_mapping.created";
    public const string GroupMappingResumed = "group_mapping.resumed";
    public const string GroupMappingApplied = "group_mapping.applied";
    public const string GroupMappingDeleted = "group_mapping.deleted";
    public const string ConnectionDisabled = "connection.disabled";
    public const string ConnectionDeleted = "connection.deleted";
    public const string DirectoryCreated = "directory.created";
    public const string DirectoryUpdated = "directory.updated";
    public const string DirectoryEnabled = "directory.enabled";
    public const string DirectoryDisabled = "directory.disabled";
    public const string DirectoryDeleted = "directory.deleted";
    public const string DirectoryTokenCreated = "directory.token_created";
    public const string DirectoryTokenRotated = "directory.token_rotated";
    public const string DirectoryTokenRevoked = "directory.token_revoked";
    public const string AppCreated = "app.created";
    public const string AppUpdated = "app.updated";
    public const string AppDeleted = "app.deleted";
    public const string AppSecretCreated = "app.secret_created";
    public const string AppSecretDeleted = "app.secret_deleted";
    public const string AppAccessGranted = "app.access_granted";
    public const string AppAccessChanged = "app.access_changed";
    public const string AppAccessRevoked = "app.access_revoked";
    public const string AppConsentGiven = "app.consent_given";
    public const string AppConsentWithdrawn = "app.consent_withdrawn";
    public const string KeyCreated = "key.created";
    public const string KeyUpdated = "key.updated";
    public const string KeyRevoked = "key.revoked";
    public const string ApiCreated = "api.created";
    public const string ApiUpdated = "api.updated";
    public const string ApiDeleted = "api.deleted";
    public const string SignInSucceeded = "signin.succeeded";
    public const string SignInRefused = "signin.refused";
    public const string SessionEnded = "session.ended";
    public const string RefreshTokenReused = "token.reuse_detected";
    public const string OrganizationSwitched = "token.organization_switched";
    public const string SwitchRefused = "token.switch_refused";
    public const string TokenExchanged = "token.exchanged";
    public const string DeviceApproved = "token.device_approved";
    public const string OutboxMessageReplayed = "outbox.message_replayed";
    public const string SigningKeyCreated = "signing_key.created";
    public const string WebhookCreated = "webhook.created";
    public const string WebhookUpdated = "webhook.updated";
    public const string WebhookEnabled = "webhook.enabled";
    public const string WebhookDisabled = "webhook.disabled";
    public const string WebhookSecretRotated = "webhook.secret_rotated";
    public const string WebhookDeleted = "webhook.deleted";

    /// <summary>Each of them.</summary>
    public static IReadOnlyList<string> All { get; } = [.. typeof(EventTypes).GetFields().Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!).Order(StringComparer.Ordinal)]; // constants of text
}
