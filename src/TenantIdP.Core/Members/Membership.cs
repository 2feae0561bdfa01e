using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Members;

public enum MembershipStatus
{
    Active,
    Pending,
    Deactivated,

    /// <summary>Remembered, so that no automatic way (JIT, auto-join, directory) brings the person back.</summary>
    Removed,
}

/// <summary>Where a role assignment came from; each source adds and removes its own assignments only.</summary>
public enum RoleSource
{
    Manual,
    Api,
    Invitation,
    Jit,
    Domain,
    Sso,
    ScimGroup,
}

/// <summary>What people and apps give, they take away; what a directory or an identity provider's claim gives, only that.</summary>
internal static class RoleSources
{
    public static readonly RoleSource[] Ours = [RoleSource.Manual, RoleSource.Api, RoleSource.Invitation, RoleSource.Jit];
}

/// <summary>A user in an organization.</summary>
public sealed class Membership : IHasIdPrefix, IOrganizationOwned, IVersioned
{
    private readonly List<MembershipRole> roles = [];

    private Membership(Id<Organization> organizationId, Id<Membership> id, Id<User> userId, MembershipStatus status, DateTimeOffset createdAt) =>
        (OrganizationId, Id, UserId, Status, CreatedAt, UpdatedAt) = (organizationId, id, userId, status, createdAt, createdAt);

    public static string IdPrefix => "mem";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<Membership> Id { get; private set; }
    public Id<User> UserId { get; private set; }
    public MembershipStatus Status { get; private set; }

    /// <summary>The name this organization's SSO or directory gives the person; read before the user's own in this organization's tokens.</summary>
    public string? NameOverlay { get; private set; }

    /// <summary>A directory gives the name: a sign-in does not change it.</summary>
    public bool IsNameOfDirectory { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }
    public DateTimeOffset? EndedAt { get; private set; }
    public int Version { get; private set; }

    public IReadOnlyList<MembershipRole> Roles => roles;

    public static Membership Join(Id<Organization> organization, Id<User> user, DateTimeOffset now) => new(organization, Id<Membership>.New(now), user, MembershipStatus.Active, now);

    /// <summary>One that counts as a member's and permits nothing until it is activated.</summary>
    public static Membership Await(Id<Organization> organization, Id<User> user, DateTimeOffset now) => new(organization, Id<Membership>.New(now), user, MembershipStatus.Pending, now);

    /// <summary>Gives a role once per source. Returns false when this source had given it already.</summary>
    public bool Grant(Role role, RoleSource source, string sourceId, DateTimeOffset now)
    {
        if (roles.Any(r => r.RoleId == role.Id && r.Source == source && r.SourceId == sourceId)) return false;
        roles.Add(new MembershipRole(OrganizationId, Id, role.OrganizationId, role.Id, source, sourceId, now));
        UpdatedAt = now;
        return true;
    }

    public bool Revoke(Id<Role> role, RoleSource source, DateTimeOffset now)
    {
        if (roles.RemoveAll(r => r.RoleId == role && r.Source == source) == 0) return false;
        UpdatedAt = now;
        return true;
    }

    /// <summary>Takes a role back from one giver; the same role from another stays.</summary>
    public bool Revoke(Id<Role> role, RoleSource source, string sourceId, DateTimeOffset now)
    {
        if (roles.RemoveAll(r => r.RoleId == role && r.Source == source && r.SourceId == sourceId) == 0) return false;
        UpdatedAt = now;
        return true;
    }

    public void Overlay(string? name, DateTimeOffset now)
    {
        if (NameOverlay == name || IsNameOfDirectory) return;
        (NameOverlay, UpdatedAt) = (name, now);
    }

    /// <param name="name">Null leaves the name to whoever says one.</param>
    public void OverlayOfDirectory(string? name, DateTimeOffset now)
    {
        if (NameOverlay == name && IsNameOfDirectory == name is not null) return;
        (NameOverlay, IsNameOfDirectory, UpdatedAt) = (name, name is not null, now);
    }

    public void Deactivate(DateTimeOffset now) => (Status, EndedAt, UpdatedAt) = (MembershipStatus.Deactivated, now, now);

    /// <summary>Back among the members, without anything permitted until it is activated.</summary>
    public void AwaitAgain(DateTimeOffset now) => (Status, EndedAt, UpdatedAt) = (MembershipStatus.Pending, null, now);

    public void Activate(DateTimeOffset now) => (Status, UpdatedAt) = (MembershipStatus.Active, now);

    /// <summary>Its roles have changed beside it.</summary>
    internal void Touch(DateTimeOffset now) => UpdatedAt = now;

    /// <summary>Whether a directory gives it roles.</summary>
    public bool HasDirectoryRoles => roles.Any(r => r.Source == RoleSource.ScimGroup);

    public void Reactivate(DateTimeOffset now) => (Status, EndedAt, UpdatedAt) = (MembershipStatus.Active, null, now);

    /// <summary>What two memberships of one person in one organization are together: a removal stays, unless the other membership stands.</summary>
    public static MembershipStatus Combine(MembershipStatus one, MembershipStatus other) =>
        new[] { MembershipStatus.Active, MembershipStatus.Removed, MembershipStatus.Deactivated }.FirstOrDefault(s => one == s || other == s, MembershipStatus.Pending);

    public void MoveTo(Id<User> user, DateTimeOffset now) => (UserId, UpdatedAt) = (user, now);

    /// <summary>Becomes what this and another membership of the same person are together. Roles come, with their sources, from those that have the status of the result: what ended stays ended.</summary>
    public void Absorb(Membership other, DateTimeOffset now)
    {
        var status = Combine(Status, other.Status);
        var gained = other.Status == status ? other.roles : [];
        if (Status != status) roles.RemoveAll(mine => !gained.Any(mine.IsSame));
        foreach (var role in gained.Where(r => !roles.Any(r.IsSame))) roles.Add(new MembershipRole(OrganizationId, Id, role.RoleOrganizationId, role.RoleId, role.Source, role.SourceId, role.AssignedAt));
        (EndedAt, NameOverlay, IsNameOfDirectory) = (Status == status ? EndedAt : other.EndedAt, NameOverlay ?? other.NameOverlay, IsNameOfDirectory || other.IsNameOfDirectory);
        (Status, UpdatedAt) = (status, now);
    }

    public void Remove(DateTimeOffset now)
    {
        roles.Clear();
        (Status, IsNameOfDirectory, EndedAt, UpdatedAt) = (MembershipStatus.Removed, false, now, now);
    }
}

/// <summary>One role of one membership from one source. <see cref="RoleOrganizationId"/> is the role's owner: this organization or the instance.</summary>
public sealed class MembershipRole : IOrganizationOwned
{
    internal MembershipRole(Id<Organization> organizationId, Id<Membership> membershipId, Id<Organization> roleOrganizationId, Id<Role> roleId, RoleSource source, string sourceId, DateTimeOffset assignedAt) =>
        (OrganizationId, MembershipId, RoleOrganizationId, RoleId, Source, SourceId, AssignedAt) = (organizationId, membershipId, roleOrganizationId, roleId, source, sourceId, assignedAt);

    public Id<Organization> OrganizationId { get; private set; }
    public Id<Membership> MembershipId { get; private set; }
    public Id<Organization> RoleOrganizationId { get; private set; }
    public Id<Role> RoleId { get; private set; }
    public RoleSource Source { get; private set; }

    /// <summary>The id of what gave the role (a connection, an invitation); empty for manual and API.</summary>
    public string SourceId { get; private set; }

    public DateTimeOffset AssignedAt { get; private set; }

    internal bool IsSame(MembershipRole other) => RoleId == other.RoleId && Source == other.Source && SourceId == other.SourceId;
}
