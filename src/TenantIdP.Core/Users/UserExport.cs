using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Events;
using TenantIdP.Core.Joining;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Users;

/// <param name="Personal">Null when the event has none, or no longer.</param>
public sealed record ExportedEvent(Id<Event> Id, Id<Organization>? OrganizationId, string Type, DateTimeOffset OccurredAt, ActorKind ActorKind, string ActorId, string TargetId, JsonElement Data, JsonElement? Personal);

public sealed record ExportedWorkspace(Id<Organization> OrganizationId, Id<Workspace> Id, string DisplayName, DateTimeOffset JoinedAt, IReadOnlyList<MemberRole> Roles);

/// <summary>Everything that is held about one person, without what would let somebody sign in as them.</summary>
/// <param name="Resource">As the directory sent it (RFC 7643); null when it has deleted the user.</param>
public sealed record ExportedDirectoryUser(Id<Organization> OrganizationId, Id<OrganizationDirectory> DirectoryId, Id<DirectoryUser> Id, string UserName, string? ExternalId, string? PrimaryEmail, bool Active, JsonElement? Resource, DateTimeOffset CreatedAt, DateTimeOffset? DeletedAt)
{
    /// <summary>The names of the groups that the directory has put them in.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];
}


/// <param name="PasswordChangedAt">Null without a password.</param>
/// <param name="Events">About the person or caused by them; personal data only of those about them.</param>
public sealed record ExportedUser(
    User User, DateTimeOffset? PasswordChangedAt, IReadOnlyList<UserIdentity> Identities, IReadOnlyList<UserMembership> Memberships, IReadOnlyList<ExportedWorkspace> Workspaces, IReadOnlyList<Session> Sessions,
    IReadOnlyList<ExportedEvent> Events, IReadOnlyList<SignInTrace> SignInTraces)
{
    /// <summary>What they have asked organizations.</summary>
    public IReadOnlyList<JoinRequest> JoinRequests { get; init; } = [];

    public IReadOnlyList<ExportedDirectoryUser> DirectoryUsers { get; init; } = [];
}

/// <summary>
/// Answers a person's question what is held about them (GDPR article 15), under the ids that were merged into theirs, too. Crosses organizations, because that is the question.
/// </summary>
public sealed class UserExport(IdpDbContext db, UserMemberships memberships, EventLog events)
{
    /// <summary>A trace is saved with the event of its sign-in; callers may choose trace ids, so that the id alone could be another person's, too.</summary>
    private static readonly TimeSpan SameSignIn = TimeSpan.FromSeconds(10);

    public async Task<Result<ExportedUser>> ExportAsync(Id<User> id, CancellationToken ct)
    {
        if (await db.Users.AsNoTracking().Include(u => u.Emails).SingleOrDefaultAsync(u => u.Id == id, ct) is not { } user) return UserErrors.NotFound;
        var changedAt = await db.LocalCredentials.Where(c => c.UserId == id).Select(c => (DateTimeOffset?)c.ChangedAt).SingleOrDefaultAsync(ct);
        var identities = await db.UserIdentities.AsNoTracking().Where(i => i.UserId == id).OrderBy(i => i.Id).ToListAsync(ct);
        var all = await db.WithMergedAsync(id, ct);
        var sessions = await db.Sessions.AsNoTracking().Where(s => all.Contains(s.UserId)).OrderBy(s => s.Id).ToListAsync(ct);
        var joined = await AllMembershipsAsync(id, ct);
        if (!joined.IsOk) return joined.Error;
        var (found, traces) = await HistoryAsync(all, ct);
        var requests = await db.JoinRequests.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().Where(r => all.Contains(r.UserId)).OrderBy(r => r.Id).ToListAsync(ct);
        events.RecordForInstance(EventTypes.UserExported, id.ToString());
        await db.SaveChangesAsync(ct);
        return new ExportedUser(user, changedAt, identities, joined.Value, await WorkspacesAsync(id, ct), sessions, found, traces) { JoinRequests = requests, DirectoryUsers = await DirectoryUsersAsync(id, ct) };
    }

    private async Task<IReadOnlyList<ExportedDirectoryUser>> DirectoryUsersAsync(Id<User> id, CancellationToken ct)
    {
        var memberships = db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(m => m.UserId == id);
        var rows = await (
            from membership in memberships
            join user in db.DirectoryUsers on new { membership.OrganizationId, MembershipId = membership.Id } equals new { user.OrganizationId, user.MembershipId }
            orderby user.Id
            select user).AsNoTracking().ToListAsync(ct);
        var ids = rows.ConvertAll(u => u.Id);
        var names = await (
            from member in db.DirectoryGroupMembers.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where ids.Contains(member.DirectoryUserId)
            join inside in db.DirectoryGroups on new { member.OrganizationId, Id = member.GroupId } equals new { inside.OrganizationId, inside.Id }
            select new { member.DirectoryUserId, inside.DisplayName }).ToListAsync(ct);
        var groups = names.ToLookup(n => n.DirectoryUserId, n => n.DisplayName);
        return
        [
            .. rows.Select(u => new ExportedDirectoryUser(
                u.OrganizationId, u.DirectoryId, u.Id, u.UserName, u.ExternalId, u.PrimaryEmail, u.Active, u.Document.Length == 0 ? null : JsonElement.Parse(u.Document), u.CreatedAt, u.DeletedAt)
            {
                Groups = [.. groups[u.Id].Order(StringComparer.Ordinal)],
            }),
        ];
    }

    private async Task<Result<List<UserMembership>>> AllMembershipsAsync(Id<User> id, CancellationToken ct)
    {
        var all = new List<UserMembership>();
        for (string? after = null; ;)
        {
            var page = await memberships.ListAsync(id, new PageRequest(PageRequest.MaxLimit, after), ct);
            if (!page.IsOk) return page.Error;
            all.AddRange(page.Value.Items);
            if ((after = page.Value.Next) is null) return all;
        }
    }

    private async Task<IReadOnlyList<ExportedWorkspace>> WorkspacesAsync(Id<User> id, CancellationToken ct)
    {
        var rows = await (
            from membership in db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where membership.UserId == id
            join member in db.WorkspaceMembers on new { membership.OrganizationId, MembershipId = membership.Id } equals new { member.OrganizationId, member.MembershipId }
            join workspace in db.Workspaces on new { member.OrganizationId, Id = member.WorkspaceId } equals new { workspace.OrganizationId, workspace.Id }
            orderby workspace.Id
            select new
            {
                workspace.OrganizationId, workspace.Id, workspace.DisplayName, member.CreatedAt,
                Roles = (from held in db.WorkspaceRoles
                         join role in db.Roles on new { A = held.RoleOrganizationId, B = held.RoleId } equals new { A = role.OrganizationId, B = role.Id }
                         where held.OrganizationId == member.OrganizationId && held.WorkspaceId == member.WorkspaceId && held.MembershipId == member.MembershipId
                         select new { role.Key, held.Source }).ToList(),
            }).AsNoTracking().AsSingleQuery().ToListAsync(ct);
        return [.. rows.Select(r => new ExportedWorkspace(r.OrganizationId, r.Id, r.DisplayName, r.CreatedAt, [.. r.Roles.Select(o => MemberRole.Of(o.Key, o.Source, byDirectory: false)).OrderBy(o => o.Key, StringComparer.Ordinal).ThenBy(o => o.Source)]))];
    }

    private async Task<(List<ExportedEvent> Events, List<SignInTrace> Traces)> HistoryAsync(IReadOnlyList<Id<User>> ids, CancellationToken ct)
    {
        var names = ids.Select(id => id.ToString()).ToList();
        var rows = await EventsAsync(ids, names, ct);
        var signIns = rows.Where(r => names.Contains(r.Event.TargetId) && r.Event.Type == EventTypes.SignInSucceeded && r.Event.TraceId is not null).Select(r => r.Event).ToList();
        var traceIds = signIns.Select(e => e.TraceId!).Distinct().ToArray(); // filtered on the line before
        var candidates = await db.SignInTraces.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking()
            .Where(t => traceIds.Contains(t.TraceId) && t.Outcome == TraceOutcome.Succeeded).OrderBy(t => t.Id).ToListAsync(ct);
        var traces = candidates.Where(t => signIns.Any(e => e.OrganizationId == t.OrganizationId && e.TraceId == t.TraceId && (e.OccurredAt - t.OccurredAt).Duration() <= SameSignIn)).ToList();
        return ([.. rows.Select(r => Exported(r.Event, r.Personal is { UserId: { } about } && ids.Contains(about) ? r.Personal.Data : null))], traces);
    }

    /// <summary>Each by an index of its own, none of which has the whole log: what is not sealed yet first, because it may be sealed before the others are read.</summary>
    private async Task<List<(Event Event, EventPersonalData? Personal)>> EventsAsync(IReadOnlyList<Id<User>> ids, List<string> names, CancellationToken ct)
    {
        var all = db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]);
        IQueryable<Event>[] parts =
        [
            all.Where(e => e.Position == null && (names.Contains(e.TargetId) || (e.ActorKind == ActorKind.User && names.Contains(e.ActorId)))),
            all.Where(e => e.Position != null && names.Contains(e.TargetId)),
            all.Where(e => e.Position != null && names.Contains(e.ActorId) && e.ActorKind == ActorKind.User),
        ];
        var found = new Dictionary<Id<Event>, (Event Event, EventPersonalData? Personal)>();
        foreach (var part in parts)
        {
            var rows = await (
                from e in part
                join p in db.PersonalEventData on new { e.OrganizationId, EventId = e.Id } equals new { p.OrganizationId, p.EventId } into personals
                from personal in personals.DefaultIfEmpty()
                select new { Event = e, Personal = personal }).AsNoTracking().ToListAsync(ct);
            foreach (var row in rows) found[row.Event.Id] = (row.Event, row.Personal);
        }

        // What is about the person and says so in its personal data only: a sign-in with their address that was refused.
        var about = await (
            from p in db.PersonalEventData.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where p.UserId != null && ids.Contains(p.UserId.Value)
            join e in db.Events on new { p.OrganizationId, Id = p.EventId } equals new { e.OrganizationId, e.Id }
            select new { Event = e, Personal = p }).AsNoTracking().ToListAsync(ct);
        foreach (var row in about) found[row.Event.Id] = (row.Event, row.Personal);
        return [.. found.Values.OrderBy(r => r.Event.Id)];
    }

    private static ExportedEvent Exported(Event e, string? personal) =>
        new(e.Id, e.OrganizationId == Organization.Instance ? null : e.OrganizationId, e.Type, e.OccurredAt, e.ActorKind, e.ActorId, e.TargetId, JsonElement.Parse(e.Data), personal is null ? null : JsonElement.Parse(personal));
}
