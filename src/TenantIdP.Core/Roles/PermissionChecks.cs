using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Roles;

/// <summary>May this person do this in this organization?</summary>
/// <param name="Api">Whose permission it is, by identifier; null asks all APIs.</param>
public sealed record PermissionQuestion(Id<User> UserId, Id<Organization> OrganizationId, string Permission, string? Api = null)
{
    /// <summary>The roles that the person has there count as well; null asks about the organization alone.</summary>
    public Id<Workspace>? Workspace { get; init; }
}

/// <summary>Why. Everything but <see cref="Granted"/> is no.</summary>
public enum PermissionReason
{
    Granted,

    /// <summary>No API declares it: probably a misspelling.</summary>
    PermissionUnknown,

    /// <summary>There is no such person, no such organization, or no membership: which of them is not said.</summary>
    NotAMember,
    MembershipInactive,
    UserSuspended,
    OrganizationInactive,

    /// <summary>The organization has no such workspace, or it is archived.</summary>
    WorkspaceUnavailable,
    PermissionMissing,
}

/// <summary>One way in which somebody holds a permission: the role, and what gave the role.</summary>
/// <param name="ByDefault">The API gives the permission to the built-in role that this one is or extends; the role's own list does not name it.</param>
/// <param name="SourceId">The connection, invitation or mapping that gave the role; null where a person or an app gave it.</param>
public sealed record PermissionPath(string Role, bool ByDefault, RoleSource Source, string? SourceId, DateTimeOffset Since)
{
    /// <summary>Where the role is held; null for the organization as a whole.</summary>
    public Id<Workspace>? Workspace { get; init; }
}

public sealed record PermissionAnswer(PermissionReason Reason, IReadOnlyList<PermissionPath> Paths)
{
    public bool Allowed => Reason == PermissionReason.Granted;
}

/// <summary>
/// Answers whether people may do things, from the rows as they are: an ended membership or a lost role counts at once. One statement whatever the number of questions.
/// Crosses organizations: an app asks about all it serves; who asks for one organization is held to it by the caller.
/// </summary>
public sealed class PermissionChecks(IdpDbContext db, ApiCatalog catalog)
{
    public const int Most = 100;

    private sealed record Row(
        Id<User> User, Id<Organization> Organization, UserStatus UserStatus, OrganizationStatus OrganizationStatus, MembershipStatus Status, MembershipRole? Held, Role? Role,
        Id<Workspace>? Workspace, WorkspaceRole? Inside, Role? InsideRole);

    /// <summary>A role of either kind.</summary>
    private sealed record Given(Role Role, RoleSource Source, string SourceId, DateTimeOffset Since, Id<Workspace>? Workspace);

    /// <returns>One answer for each question, in their order.</returns>
    public async Task<IReadOnlyList<PermissionAnswer>> AnswerAsync(IReadOnlyList<PermissionQuestion> questions, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(questions.Count, Most);
        var apis = await catalog.AllAsync(db, ct);
        var (users, organizations) = (questions.Select(q => q.UserId).Distinct().ToArray(), questions.Select(q => q.OrganizationId).Distinct().ToArray());
        var asked = questions.Select(q => q.Workspace).OfType<Id<Workspace>>().Distinct().ToArray();
        var rows = await (
            from m in db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where users.Contains(m.UserId) && organizations.Contains(m.OrganizationId)
            join u in db.Users on m.UserId equals u.Id
            join o in db.Organizations on m.OrganizationId equals o.Id
            join h in db.MembershipRoles on new { m.OrganizationId, MembershipId = m.Id } equals new { h.OrganizationId, h.MembershipId } into helds
            from held in helds.DefaultIfEmpty()
            join r in db.Roles on new { Owner = held.RoleOrganizationId, Id = held.RoleId } equals new { Owner = r.OrganizationId, r.Id } into roles
            from role in roles.DefaultIfEmpty()
            join i in db.WorkspaceRoles.Where(i => asked.Contains(i.WorkspaceId)) on new { m.OrganizationId, MembershipId = m.Id } equals new { i.OrganizationId, i.MembershipId } into insides
            from inside in insides.DefaultIfEmpty()
            join wr in db.Roles on new { Owner = inside.RoleOrganizationId, Id = inside.RoleId } equals new { Owner = wr.OrganizationId, wr.Id } into insideRoles
            from insideRole in insideRoles.DefaultIfEmpty()
            select new Row(
                m.UserId, m.OrganizationId, u.Status, o.Status, m.Status, held, role,
                inside == null ? (Id<Workspace>?)null : inside.WorkspaceId, inside, insideRole)).AsNoTracking().ToListAsync(ct);

        // Of its own, so that a hundred people and a hundred workspaces are not ten thousand rows.
        var open = asked.Length == 0 ? [] : (await db.Workspaces.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(w => asked.Contains(w.Id) && w.Status == WorkspaceStatus.Active)
            .Select(w => new { w.OrganizationId, w.Id }).ToListAsync(ct)).Select(w => (w.OrganizationId, w.Id)).ToHashSet();
        var known = rows.ToLookup(r => (r.User, r.Organization));
        return [.. questions.Select(q => Answer(q, [.. known[(q.UserId, q.OrganizationId)]], q.Workspace is not { } named || open.Contains((q.OrganizationId, named)), apis))];
    }

    private static PermissionAnswer Answer(PermissionQuestion question, IReadOnlyList<Row> rows, bool isOpen, IReadOnlyCollection<Api> apis)
    {
        var declared = apis.Where(a => question.Api is null || a.Identifier == question.Api).SelectMany(a => a.Permissions).Where(p => p.Name == question.Permission).ToList();
        if (declared.Count == 0) return new PermissionAnswer(PermissionReason.PermissionUnknown, []);
        if (rows is not [var any, ..] || any.Status == MembershipStatus.Removed) return new PermissionAnswer(PermissionReason.NotAMember, []);
        if (any.OrganizationStatus != OrganizationStatus.Active) return new PermissionAnswer(PermissionReason.OrganizationInactive, []);
        if (any.UserStatus != UserStatus.Active) return new PermissionAnswer(PermissionReason.UserSuspended, []);
        if (any.Status != MembershipStatus.Active) return new PermissionAnswer(PermissionReason.MembershipInactive, []);

        if (!isOpen) return new PermissionAnswer(PermissionReason.WorkspaceUnavailable, []);

        var defaults = declared.SelectMany(p => p.BuiltInRoles).ToHashSet(StringComparer.Ordinal);
        var paths = HeldBy(rows, question.Workspace)
            .Select(g => (Given: g, Own: g.Role.Permissions.Contains(question.Permission), Default: g.Role.BuiltInBase is { } builtIn && defaults.Contains(builtIn)))
            .Where(p => p.Own || p.Default)
            .Select(p => new PermissionPath(p.Given.Role.Key, !p.Own, p.Given.Source, p.Given.SourceId is { Length: > 0 } source ? source : null, p.Given.Since) { Workspace = p.Given.Workspace })
            .OrderBy(p => p.Role, StringComparer.Ordinal).ThenBy(p => p.Workspace).ThenBy(p => p.Source).ThenBy(p => p.SourceId, StringComparer.Ordinal).ToList();
        return new PermissionAnswer(paths.Count > 0 ? PermissionReason.Granted : PermissionReason.PermissionMissing, paths);
    }

    /// <summary>Each role once: the statement repeats those of the organization for every workspace that was asked about, and the other way round.</summary>
    private static IEnumerable<Given> HeldBy(IReadOnlyList<Row> rows, Id<Workspace>? workspace)
    {
        var own = rows.Where(r => r is { Held: not null, Role: not null })
            .Select(r => (Held: r.Held!, Role: r.Role!)) // filtered just before
            .DistinctBy(r => (r.Held.RoleId, r.Held.Source, r.Held.SourceId))
            .Select(r => new Given(r.Role, r.Held.Source, r.Held.SourceId, r.Held.AssignedAt, null));
        if (workspace is null) return own;
        var inside = rows.Where(r => r.Workspace == workspace && r is { Inside: not null, InsideRole: not null })
            .Select(r => (Held: r.Inside!, Role: r.InsideRole!)) // filtered just before
            .DistinctBy(r => (r.Held.RoleId, r.Held.Source, r.Held.SourceId))
            .Select(r => new Given(r.Role, r.Held.Source, r.Held.SourceId, r.Held.AssignedAt, workspace));
        return own.Concat(inside);
    }
}
