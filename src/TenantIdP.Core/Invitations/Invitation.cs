using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Invitations;

public enum InvitationStatus
{
    Pending,
    Accepted,
    Declined,
    Revoked,

    /// <summary>Computed at use from <see cref="Invitation.ExpiresAt"/>; a row says so itself once the background has seen it.</summary>
    Expired,
}

/// <summary>A workspace that the new member joins, with the roles they have there.</summary>
public sealed record InvitedWorkspace(Id<Workspace> WorkspaceId, IReadOnlyList<Id<Role>> Roles);

/// <summary>What is offered. Roles by their ids: another role that is given the same key later is not what was offered.</summary>
public sealed record InvitationContents(IReadOnlyList<Id<Role>> Roles, IReadOnlyList<InvitedWorkspace> Workspaces)
{
    /// <summary>The inviter's own words; in the mail only.</summary>
    public string? Message { get; init; }

    /// <summary>BCP 47, of the mail.</summary>
    public string? Locale { get; init; }

    /// <summary>Where the person goes when they have joined.</summary>
    public Id<App>? AppId { get; init; }

    public Metadata Metadata { get; init; } = Metadata.Empty;
}

/// <summary>Who invites.</summary>
/// <param name="IsInstance">An operator's app, whose word needs no member behind it.</param>
public sealed record Inviter(ActorKind Kind, string Id, bool IsInstance)
{
    public Id<User>? User => Kind == ActorKind.User && Id<User>.TryParse(Id, out var user) ? user : null;
}

/// <summary>
/// An offer of membership to one mailbox. Everything it offers stands in this row; the link that is mailed names it and holds a secret of which only the hash is kept
/// (SECURITY.md C1).
/// </summary>
public sealed class Invitation : IHasIdPrefix, IOrganizationOwned, IVersioned
{
    public const int MaxMessageLength = 500;

    public static readonly TimeSpan ShortestLife = TimeSpan.FromHours(1);
    public static readonly TimeSpan LongestLife = TimeSpan.FromDays(90);

    /// <summary>How long it is listed after its end.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    private Invitation(Id<Organization> organizationId, Id<Invitation> id, string address, string normalized, DateTimeOffset createdAt) =>
        (OrganizationId, Id, Address, Normalized, CreatedAt, UpdatedAt) = (organizationId, id, address, normalized, createdAt, createdAt);

    public static string IdPrefix => "inv";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<Invitation> Id { get; private set; }

    /// <summary>As typed, the domain normalised.</summary>
    public string Address { get; private set; }

    /// <summary><see cref="EmailAddress.Normalized"/>: what the invited person must have verified.</summary>
    public string Normalized { get; private set; }

    public InvitationStatus Status { get; private set; }

    /// <summary>A <see cref="MachineSecret.Hash"/> of the whole token.</summary>
    public string TokenHash { get; private set; } = "";

    public IReadOnlyList<Id<Role>> Roles { get; private set; } = [];
    public IReadOnlyList<InvitedWorkspace> Workspaces { get; private set; } = [];
    public string? Message { get; private set; }
    public string? Locale { get; private set; }
    public Id<App>? AppId { get; private set; }

    /// <summary>The application's, kept with the invitation and never read by us.</summary>
    public Metadata Metadata { get; private set; } = Metadata.Empty;

    public ActorKind InviterKind { get; private set; }
    public string InviterId { get; private set; } = "";
    public bool InviterIsInstance { get; private set; }

    /// <summary>When the link that works was made: at creation, or when it was sent again.</summary>
    public DateTimeOffset IssuedAt { get; private set; }

    public DateTimeOffset ExpiresAt { get; private set; }
    public int ResentCount { get; private set; }
    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>When it was accepted, declined, revoked or seen to have expired.</summary>
    public DateTimeOffset? EndedAt { get; private set; }

    public Id<User>? AcceptedBy { get; private set; }
    public Id<Membership>? MembershipId { get; private set; }

    /// <summary>Somebody who opened the link, is signed in with another address and asks to be let in with that one.</summary>
    public Id<User>? RequestedBy { get; private set; }

    public DateTimeOffset? RequestedAt { get; private set; }

    /// <summary>That person was told no; somebody else may still ask.</summary>
    public DateTimeOffset? RequestDeniedAt { get; private set; }

    public int Version { get; private set; }

    public Inviter Inviter => new(InviterKind, InviterId, InviterIsInstance);

    /// <summary>A directory asks somebody whom it has made a pending member: it offers that membership and nothing else, to nobody but whoever has the address.</summary>
    public bool IsOfDirectory => InviterKind == ActorKind.Directory;

    /// <summary>Whether a request waits for an answer.</summary>
    public bool HasRequest => RequestedBy is not null && RequestDeniedAt is null;

    /// <returns>The invitation and its token, which is stored nowhere.</returns>
    public static (Invitation Invitation, string Token) Create(Id<Organization> organization, EmailAddress address, InvitationContents contents, Inviter by, TimeSpan life, DateTimeOffset now)
    {
        var invitation = new Invitation(organization, Id<Invitation>.New(now), address.Value, address.Normalized, now)
        {
            Roles = contents.Roles, Workspaces = contents.Workspaces, Message = contents.Message, Locale = contents.Locale, AppId = contents.AppId, Metadata = contents.Metadata,
        };
        return (invitation, invitation.Issue(by, life, now));
    }

    /// <summary>A new link; the old one is dead (FEATURES.md row 24). Whoever sends it again is who offers it.</summary>
    public string Reissue(Inviter by, TimeSpan life, DateTimeOffset now)
    {
        ResentCount++;
        (Status, EndedAt, RequestedBy, RequestedAt, RequestDeniedAt, UpdatedAt) = (InvitationStatus.Pending, null, null, null, null, now);
        return Issue(by, life, now);
    }

    public InvitationStatus StatusAt(DateTimeOffset now) => Status == InvitationStatus.Pending && now >= ExpiresAt ? InvitationStatus.Expired : Status;

    public bool IsOpen(DateTimeOffset now) => StatusAt(now) == InvitationStatus.Pending;

    /// <summary>Whether it was made after the person was removed: only then it brings them back (FEATURES.md row 33), unless a directory has deleted them (row 30). A directory's never does: nobody has decided it.</summary>
    public bool BringsBack(Membership membership) => !IsOfDirectory && membership.Status == MembershipStatus.Removed && membership.EndedAt is { } end && IssuedAt > end;

    public void Accept(Id<User> user, Id<Membership> membership, DateTimeOffset now)
    {
        (AcceptedBy, MembershipId) = (user, membership);
        End(InvitationStatus.Accepted, now);
    }

    public void Decline(DateTimeOffset now) => End(InvitationStatus.Declined, now);

    public void Revoke(DateTimeOffset now) => End(InvitationStatus.Revoked, now);

    public void Expire(DateTimeOffset now) => End(InvitationStatus.Expired, now);

    public void Ask(Id<User> user, DateTimeOffset now) => (RequestedBy, RequestedAt, RequestDeniedAt, UpdatedAt) = (user, now, null, now);

    public void Deny(DateTimeOffset now) => (RequestDeniedAt, UpdatedAt) = (now, now);

    private void End(InvitationStatus status, DateTimeOffset now) => (Status, EndedAt, UpdatedAt) = (status, now, now);

    private string Issue(Inviter by, TimeSpan life, DateTimeOffset now)
    {
        var token = InvitationToken.New(OrganizationId, Id);
        (TokenHash, InviterKind, InviterId, InviterIsInstance, IssuedAt, ExpiresAt) = (MachineSecret.Hash(token), by.Kind, by.Id, by.IsInstance, now, now + life);
        return token;
    }
}
