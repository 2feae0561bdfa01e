using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Workspaces;

/// <param name="Role">What a new member has in it.</param>
internal sealed record DefaultWorkspace(Id<Workspace> Id, Role Role);

/// <summary>What becomes of a person's workspaces when their membership of the organization changes; in the caller's transaction and tenant scope.</summary>
internal static class WorkspaceMemberships
{
    /// <summary>The workspace that new members of the organization join, and the role they have there; null when it has none.</summary>
    public static async Task<DefaultWorkspace?> FindDefaultAsync(this IdpDbContext db, Id<Organization> organization, CancellationToken ct) => await (
        from workspace in db.Workspaces
        where workspace.OrganizationId == organization && workspace.IsDefault
        from role in db.Roles.Where(r => r.OrganizationId == Organization.Instance && r.Key == BuiltInRoles.Member)
        select new DefaultWorkspace(workspace.Id, role)).AsNoTracking().SingleOrDefaultAsync(ct);

    /// <summary>As <see cref="JoinDefault"/>, for one new member.</summary>
    public static async Task JoinDefaultAsync(this IdpDbContext db, EventLog events, Membership membership, IReadOnlyCollection<Role> roles, RoleSource source, string sourceId, DateTimeOffset now, CancellationToken ct)
    {
        if (!IsOnlyGuest(roles)) db.JoinDefault(events, membership, roles, source, sourceId, await db.FindDefaultAsync(membership.OrganizationId, ct), now);
    }

    /// <summary>A new member joins the default workspace as a member, with the source that made the membership. Who is only a guest is let into named workspaces alone.</summary>
    /// <param name="roles">The roles of the new membership.</param>
    public static void JoinDefault(this IdpDbContext db, EventLog events, Membership membership, IReadOnlyCollection<Role> roles, RoleSource source, string sourceId, DefaultWorkspace? found, DateTimeOffset now)
    {
        if (found is null || IsOnlyGuest(roles)) return;
        var member = WorkspaceMember.Join(found.Id, membership, now);
        member.Grant(found.Role, source, sourceId, now);
        db.WorkspaceMembers.Add(member);
        events.Record(
            EventTypes.WorkspaceMemberAdded, membership.OrganizationId, found.Id.ToString(),
            new { memberId = membership.Id, userId = membership.UserId, roles = new[] { found.Role.Key }, by = "default" });
    }

    /// <summary>Who leaves the organization leaves all its workspaces.</summary>
    public static async Task LeaveWorkspacesAsync(this IdpDbContext db, Membership membership, CancellationToken ct) =>
        db.WorkspaceMembers.RemoveRange(await OfAsync(db, membership, ct));

    /// <summary>Before two memberships of one person become one. What comes and what goes follows <see cref="Membership.Absorb"/>: that of a membership that has not the status of the result ends.</summary>
    public static async Task MergeWorkspacesAsync(this IdpDbContext db, Membership mine, Membership theirs, DateTimeOffset now, CancellationToken ct)
    {
        var status = Membership.Combine(mine.Status, theirs.Status);
        var (own, other) = (await OfAsync(db, mine, ct), await OfAsync(db, theirs, ct));
        if (mine.Status != status)
        {
            db.WorkspaceMembers.RemoveRange(own);
            await db.SaveChangesAsync(ct); // gone before what comes in their place
            own = [];
        }

        if (theirs.Status == status)
        {
            foreach (var gained in other)
            {
                var kept = own.Find(m => m.WorkspaceId == gained.WorkspaceId);
                if (kept is null) db.WorkspaceMembers.Add(kept = WorkspaceMember.Join(gained.WorkspaceId, mine, now));
                kept.Absorb(gained, now);
            }
        }

        db.WorkspaceMembers.RemoveRange(other);
    }

    private static bool IsOnlyGuest(IReadOnlyCollection<Role> roles) => roles.All(r => r is { IsBuiltIn: true, Key: BuiltInRoles.Guest });

    private static Task<List<WorkspaceMember>> OfAsync(IdpDbContext db, Membership membership, CancellationToken ct) =>
        db.WorkspaceMembers.Include(m => m.Roles).Where(m => m.OrganizationId == membership.OrganizationId && m.MembershipId == membership.Id).ToListAsync(ct);
}
