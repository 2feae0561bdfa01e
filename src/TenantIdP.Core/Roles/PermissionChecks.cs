using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
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

    private static readonly string[] OrganizationFilter = [IdpDbContext.OrganizationFilter];

    // A compiled query is of one model, and so of one store.
    private static readonly ConditionalWeakTable<IModel, Func<IdpDbContext, Id<User>[], Id<Organization>[], IAsyncEnumerable<Row>>> Compiled = [];

    /// <summary>A membership with one role of it or, where it has none, without.</summary>
    private sealed record Row(
        Id<User> User, Id<Organization> Organization, UserStatus UserStatus, OrganizationStatus OrganizationStatus, MembershipStatus Status, RoleSource? Source, string? SourceId,
        DateTimeOffset? Since, string? Role, IReadOnlyList<string>? Permissions, string? BuiltIn)
    {
        public Given? Given => Role is { } role && Source is { } source ? new Given(role, Permissions ?? [], BuiltIn, source, SourceId ?? "", Since ?? default) : null;
    }

    /// <summary>An open workspace that was asked about with one role that somebody has there or, where nobody has one, without.</summary>
    private sealed record InsideRow(
        Id<Organization> Organization, Id<Workspace> Workspace, Id<User>? User, RoleSource? Source, string? SourceId, DateTimeOffset? Since, string? Role, IReadOnlyList<string>? Permissions, string? BuiltIn)
    {
        public Given? Given => Role is { } role && Source is { } source ? new Given(role, Permissions ?? [], BuiltIn, source, SourceId ?? "", Since ?? default) { Workspace = Workspace } : null;
    }

    /// <summary>A role of either kind.</summary>
    private sealed record Given(string Role, IReadOnlyList<string> Permissions, string? BuiltIn, RoleSource Source, string SourceId, DateTimeOffset Since)
    {
        public Id<Workspace>? Workspace { get; init; }
    }

    /// <returns>One answer for each question, in their order.</returns>
    public async Task<IReadOnlyList<PermissionAnswer>> AnswerAsync(IReadOnlyList<PermissionQuestion> questions, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(questions.Count, Most);
        var apis = await catalog.AllAsync(db, ct);
        var (users, organizations) = (questions.Select(q => q.UserId).Distinct().ToArray(), questions.Select(q => q.OrganizationId).Distinct().ToArray());
        var asked = questions.Select(q => q.Workspace).OfType<Id<Workspace>>().Distinct().ToArray();
        var rows = Compiled.GetValue(db.Model, static _ => CompileRows())(db, users, organizations);
        var known = (await rows.ToListAsync(ct)).ToLookup(r => (r.User, r.Organization));
        var inside = asked.Length == 0 ? [] : await InsideAsync(users, asked, ct);
        var open = inside.Select(i => (i.Organization, i.Workspace)).ToHashSet();
        var held = inside.ToLookup(i => (i.User, i.Organization, i.Workspace), i => i.Given);
        return [.. questions.Select(q => Answer(
            q, [.. known[(q.UserId, q.OrganizationId)]],
            q.Workspace is not { } named ? [] : open.Contains((q.OrganizationId, named)) ? held[(q.UserId, q.OrganizationId, named)].OfType<Given>() : null, apis))];
    }

    /// <summary>The most frequent statement of an app's backend: compiled once, which is half of what it would cost.</summary>
    private static Func<IdpDbContext, Id<User>[], Id<Organization>[], IAsyncEnumerable<Row>> CompileRows() => EF.CompileAsyncQuery((IdpDbContext db, Id<User>[] users, Id<Organization>[] organizations) =>
        from m in db.Memberships.IgnoreQueryFilters(OrganizationFilter)
        where users.Contains(m.UserId) && organizations.Contains(m.OrganizationId)
        join u in db.Users on m.UserId equals u.Id
        join o in db.Organizations on m.OrganizationId equals o.Id
        join h in db.MembershipRoles on new { m.OrganizationId, MembershipId = m.Id } equals new { h.OrganizationId, h.MembershipId } into helds
        from held in helds.DefaultIfEmpty()
        join r in db.Roles on new { Owner = held.RoleOrganizationId, Id = held.RoleId } equals new { Owner = r.OrganizationId, r.Id } into roles
        from role in roles.DefaultIfEmpty()
        select new Row(
            m.UserId, m.OrganizationId, u.Status, o.Status, m.Status, held == null ? null : held.Source, held == null ? null : held.SourceId,
            held == null ? null : held.AssignedAt, role == null ? null : role.Key, role == null ? null : role.Permissions, role == null ? null : role.BuiltInBase));

    /// <summary>Of its own, so that a hundred people and a hundred workspaces are not ten thousand rows of people.</summary>
    private Task<List<InsideRow>> InsideAsync(Id<User>[] users, Id<Workspace>[] asked, CancellationToken ct) => (
        from w in db.Workspaces.IgnoreQueryFilters(OrganizationFilter)
        where asked.Contains(w.Id) && w.Status == WorkspaceStatus.Active
        join h in
            from i in db.WorkspaceRoles
            join m in db.Memberships.IgnoreQueryFilters(OrganizationFilter) on new { i.OrganizationId, i.MembershipId } equals new { m.OrganizationId, MembershipId = m.Id }
            join r in db.Roles on new { Owner = i.RoleOrganizationId, Id = i.RoleId } equals new { Owner = r.OrganizationId, r.Id }
            where users.Contains(m.UserId) && asked.Contains(i.WorkspaceId)
            select new { i.OrganizationId, i.WorkspaceId, m.UserId, i.Source, i.SourceId, i.AssignedAt, r.Key, r.Permissions, r.BuiltInBase }
            on new { w.OrganizationId, WorkspaceId = w.Id } equals new { h.OrganizationId, h.WorkspaceId } into helds
        from held in helds.DefaultIfEmpty()
        select new InsideRow(
            w.OrganizationId, w.Id, held == null ? null : held.UserId, held == null ? null : held.Source, held == null ? null : held.SourceId, held == null ? null : held.AssignedAt,
            held == null ? null : held.Key, held == null ? null : held.Permissions, held == null ? null : held.BuiltInBase)).AsNoTracking().ToListAsync(ct);

    /// <param name="inside">What is held in the workspace that was asked about; null when that is not open.</param>
    private static PermissionAnswer Answer(PermissionQuestion question, IReadOnlyList<Row> rows, IEnumerable<Given>? inside, IReadOnlyCollection<Api> apis)
    {
        var declared = apis.Where(a => question.Api is null || a.Identifier == question.Api).SelectMany(a => a.Permissions).Where(p => p.Name == question.Permission).ToList();
        if (declared.Count == 0) return new PermissionAnswer(PermissionReason.PermissionUnknown, []);
        if (rows is not [var any, ..] || any.Status == MembershipStatus.Removed) return new PermissionAnswer(PermissionReason.NotAMember, []);
        if (any.OrganizationStatus != OrganizationStatus.Active) return new PermissionAnswer(PermissionReason.OrganizationInactive, []);
        if (any.UserStatus != UserStatus.Active) return new PermissionAnswer(PermissionReason.UserSuspended, []);
        if (any.Status != MembershipStatus.Active) return new PermissionAnswer(PermissionReason.MembershipInactive, []);
        if (inside is null) return new PermissionAnswer(PermissionReason.WorkspaceUnavailable, []);

        var defaults = declared.SelectMany(p => p.BuiltInRoles).ToHashSet(StringComparer.Ordinal);
        var paths = rows.Select(r => r.Given).OfType<Given>().Concat(inside)
            .Select(g => (Given: g, Own: g.Permissions.Contains(question.Permission), Default: g.BuiltIn is { } builtIn && defaults.Contains(builtIn)))
            .Where(p => p.Own || p.Default)
            .Select(p => new PermissionPath(p.Given.Role, !p.Own, p.Given.Source, p.Given.SourceId is { Length: > 0 } source ? source : null, p.Given.Since) { Workspace = p.Given.Workspace })
            .OrderBy(p => p.Role, StringComparer.Ordinal).ThenBy(p => p.Workspace).ThenBy(p => p.Source).ThenBy(p => p.SourceId, StringComparer.Ordinal).ToList();
        return new PermissionAnswer(paths.Count > 0 ? PermissionReason.Granted : PermissionReason.PermissionMissing, paths);
    }
}
