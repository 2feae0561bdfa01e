using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Roles;

/// <summary>May this person do this in this organization?</summary>
/// <param name="Api">Whose permission it is, by identifier; null asks all APIs.</param>
public sealed record PermissionQuestion(Id<User> UserId, Id<Organization> OrganizationId, string Permission, string? Api = null);

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
    PermissionMissing,
}

/// <summary>One way in which somebody holds a permission: the role, and what gave the role.</summary>
/// <param name="ByDefault">The API gives the permission to the built-in role that this one is or extends; the role's own list does not name it.</param>
/// <param name="SourceId">The connection, invitation or mapping that gave the role; null where a person or an app gave it.</param>
public sealed record PermissionPath(string Role, bool ByDefault, RoleSource Source, string? SourceId, DateTimeOffset Since);

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
        Id<User> User, Id<Organization> Organization, UserStatus UserStatus, OrganizationStatus OrganizationStatus, MembershipStatus Status, MembershipRole? Held, string? Key, IReadOnlyList<string>? Permissions, string? BuiltIn);

    /// <returns>One answer for each question, in their order.</returns>
    public async Task<IReadOnlyList<PermissionAnswer>> AnswerAsync(IReadOnlyList<PermissionQuestion> questions, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(questions.Count, Most);
        var apis = await catalog.AllAsync(db, ct);
        var (users, organizations) = (questions.Select(q => q.UserId).Distinct().ToArray(), questions.Select(q => q.OrganizationId).Distinct().ToArray());
        var rows = await (
            from m in db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where users.Contains(m.UserId) && organizations.Contains(m.OrganizationId)
            join u in db.Users on m.UserId equals u.Id
            join o in db.Organizations on m.OrganizationId equals o.Id
            join h in db.MembershipRoles on new { m.OrganizationId, MembershipId = m.Id } equals new { h.OrganizationId, h.MembershipId } into helds
            from held in helds.DefaultIfEmpty()
            join r in db.Roles on new { Owner = held.RoleOrganizationId, Id = held.RoleId } equals new { Owner = r.OrganizationId, r.Id } into roles
            from role in roles.DefaultIfEmpty()
            select new Row(m.UserId, m.OrganizationId, u.Status, o.Status, m.Status, held, role == null ? null : role.Key, role == null ? null : role.Permissions, role == null ? null : role.BuiltInBase)).AsNoTracking().ToListAsync(ct);
        var known = rows.ToLookup(r => (r.User, r.Organization));
        return [.. questions.Select(q => Answer(q, [.. known[(q.UserId, q.OrganizationId)]], apis))];
    }

    private static PermissionAnswer Answer(PermissionQuestion question, IReadOnlyList<Row> rows, IReadOnlyCollection<Api> apis)
    {
        var declared = apis.Where(a => question.Api is null || a.Identifier == question.Api).SelectMany(a => a.Permissions).Where(p => p.Name == question.Permission).ToList();
        if (declared.Count == 0) return new PermissionAnswer(PermissionReason.PermissionUnknown, []);
        if (rows is not [var any, ..] || any.Status == MembershipStatus.Removed) return new PermissionAnswer(PermissionReason.NotAMember, []);
        if (any.OrganizationStatus != OrganizationStatus.Active) return new PermissionAnswer(PermissionReason.OrganizationInactive, []);
        if (any.UserStatus != UserStatus.Active) return new PermissionAnswer(PermissionReason.UserSuspended, []);
        if (any.Status != MembershipStatus.Active) return new PermissionAnswer(PermissionReason.MembershipInactive, []);

        var defaults = declared.SelectMany(p => p.BuiltInRoles).ToHashSet(StringComparer.Ordinal);
        var paths = rows.Where(r => r is { Held: not null, Key: not null })
            .Select(r => (r.Held, Key: r.Key!, Own: r.Permissions!.Contains(question.Permission), Default: r.BuiltIn is { } builtIn && defaults.Contains(builtIn))) // filtered just before; a role has permissions
            .Where(p => p.Own || p.Default)
            .Select(p => new PermissionPath(p.Key, !p.Own, p.Held!.Source, p.Held.SourceId is { Length: > 0 } source ? source : null, p.Held.AssignedAt)) // as above
            .OrderBy(p => p.Role, StringComparer.Ordinal).ThenBy(p => p.Source).ThenBy(p => p.SourceId, StringComparer.Ordinal).ToList();
        return new PermissionAnswer(paths.Count > 0 ? PermissionReason.Granted : PermissionReason.PermissionMissing, paths);
    }
}
