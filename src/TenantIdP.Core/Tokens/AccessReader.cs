using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Tokens;

/// <summary>Reads <see cref="AccessFacts"/> in one statement. Crosses organizations by design: it is what decides whether a person may.</summary>
public sealed class AccessReader(IdpDbContext db, TimeProvider clock)
{
    public Task<AccessFacts?> ReadAsync(Id<User> user, Id<Session> session, Id<Organization>? organization, IReadOnlyList<SessionProof> proofs, CancellationToken ct) =>
        ReadAsync(user, session, organization, null, proofs, ct);

    /// <param name="workspace">Looked for in <paramref name="organization"/> alone.</param>
    /// <param name="proofs">The proofs already known (of the grant or the session); the live session's newer ones are added.</param>
    /// <returns>Null when the user no longer exists.</returns>
    public async Task<AccessFacts?> ReadAsync(
        Id<User> user, Id<Session> session, Id<Organization>? organization, WorkspaceName? workspace, IReadOnlyList<SessionProof> proofs, CancellationToken ct)
    {
        // A default id matches no organization: Organization.Instance has no row.
        var target = organization ?? Organization.Instance;
        var known = proofs.Where(p => p.ConnectionId is not null).Select(p => p.ConnectionId!.Value).Distinct().ToArray(); // filtered on the line's start

        // A default id matches no workspace either.
        var (workspaceId, workspaces) = (workspace?.Id ?? default, db.Workspaces.Where(w => w.OrganizationId == target && w.Status == WorkspaceStatus.Active));
        workspaces = workspace?.Slug is { } slug ? workspaces.Where(w => w.Slug == slug) : workspaces.Where(w => w.Id == workspaceId);

        // A suspended organization's identity provider speaks for nobody, in no other one either.
        var connections = db.Connections.Where(c => c.Status == ConnectionStatus.Active && db.Organizations.Any(o => o.Id == c.OrganizationId && o.Status == OrganizationStatus.Active));

        // Left joins only, so that both stores run it as one plain statement; a row per role, proven connection and identity, of which there are few.
        var rows = await (
            from u in db.Users.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where u.Id == user
            join e in db.UserEmails.Where(e => e.IsPrimary) on u.Id equals e.UserId into emails
            from email in emails.DefaultIfEmpty()
            join d in db.Domains.ProvingMail() on email.Domain equals d.Host into homes
            from home in homes.DefaultIfEmpty()
            join s in db.Sessions.Where(s => s.Id == session) on u.Id equals s.UserId into sessions
            from s in sessions.DefaultIfEmpty()
            join m in db.Memberships.Where(m => m.OrganizationId == target) on u.Id equals m.UserId into memberships
            from m in memberships.DefaultIfEmpty()
            join h in db.MembershipRoles on new { m.OrganizationId, MembershipId = m.Id } equals new { h.OrganizationId, h.MembershipId } into helds
            from held in helds.DefaultIfEmpty()
            join r in db.Roles on new { Owner = held.RoleOrganizationId, Id = held.RoleId } equals new { Owner = r.OrganizationId, r.Id } into roles
            from role in roles.DefaultIfEmpty()
            join w in workspaces on m.OrganizationId equals w.OrganizationId into named
            from w in named.DefaultIfEmpty()
            join wm in db.WorkspaceMembers on new { m.OrganizationId, WorkspaceId = w.Id, MembershipId = m.Id } equals new { wm.OrganizationId, wm.WorkspaceId, wm.MembershipId } into inside
            from wm in inside.DefaultIfEmpty()
            join wh in db.WorkspaceRoles on new { wm.OrganizationId, wm.WorkspaceId, wm.MembershipId } equals new { wh.OrganizationId, wh.WorkspaceId, wh.MembershipId } into heldInside
            from wh in heldInside.DefaultIfEmpty()
            join wr in db.Roles on new { Owner = wh.RoleOrganizationId, Id = wh.RoleId } equals new { Owner = wr.OrganizationId, wr.Id } into rolesInside
            from wr in rolesInside.DefaultIfEmpty()
            from o in db.Organizations.Where(o => o.Id == target).DefaultIfEmpty()
            // The proofs in hand, and those the session gained since: a gained proof is of a connection that knows this person. One condition with an OR would read every
            // connection of the instance.
            from c in connections.Where(c => known.Contains(c.Id)).DefaultIfEmpty()
            join i in db.UserIdentities on u.Id equals i.UserId into identities
            from identity in identities.DefaultIfEmpty()
            join k in connections on new { identity.OrganizationId, Id = identity.ConnectionId } equals new { k.OrganizationId, k.Id } into knows
            from k in knows.DefaultIfEmpty()
            select new
            {
                User = new { u.Id, u.Status, u.Name, u.GivenName, u.FamilyName, u.IsOperator },
                Email = email == null ? null : email.Address,
                EmailVerifiedAt = email == null ? null : email.VerifiedAt,
                Home = home == null ? (Id<Organization>?)null : home.OrganizationId,
                SessionId = s == null ? (Id<Session>?)null : s.Id,
                SessionEndedAt = s == null ? null : s.EndedAt,
                SessionProofs = s == null ? null : s.Proofs,
                Organization = o == null ? null : new { o.Id, o.DisplayName, o.Slug, o.Status, o.RequireSso, o.Sso, o.AcceptHomeSso },
                Membership = m == null ? null : new { m.Id, m.Status, m.NameOverlay },
                RoleKey = role == null ? null : role.Key,
                RolePermissions = role == null ? null : role.Permissions,
                RoleExtends = role == null ? null : role.BuiltInBase,
                WorkspaceId = wm == null ? (Id<Workspace>?)null : wm.WorkspaceId,
                WorkspaceRoleKey = wr == null ? null : wr.Key,
                WorkspaceRolePermissions = wr == null ? null : wr.Permissions,
                WorkspaceRoleExtends = wr == null ? null : wr.BuiltInBase,
                Proven = c == null ? (Id<Connection>?)null : c.Id,
                Knows = k == null ? (Id<Connection>?)null : k.Id,
            }).AsNoTracking().ToListAsync(ct);
        if (rows.Count == 0) return null;
        var row = rows[0];
        var active = rows.SelectMany(r => new[] { r.Proven, r.Knows }).OfType<Id<Connection>>().ToHashSet();

        IReadOnlyList<SessionProof> merged = row.SessionProofs is { } gained && row.SessionEndedAt is null
            ? [.. proofs, .. gained.Where(g => !proofs.Any(p => p.ConnectionId == g.ConnectionId && p.At >= g.At && p.ChangedAt >= g.ChangedAt))]
            : proofs;

        return new AccessFacts
        {
            ReadAt = clock.GetUtcNow(),
            UserId = row.User.Id,
            UserStatus = row.User.Status,
            Name = row.User.Name,
            GivenName = row.User.GivenName,
            FamilyName = row.User.FamilyName,
            IsOperator = row.User.IsOperator,
            PrimaryEmail = row.Email,
            PrimaryEmailVerified = row.EmailVerifiedAt is not null,
            Home = row.EmailVerifiedAt is null ? null : row.Home,
            SessionStands = row.SessionId is not null && row.SessionEndedAt is null,
            Proofs = merged,
            ActiveConnections = active,
            OrganizationId = organization,
            OrganizationName = row.Organization?.DisplayName,
            OrganizationSlug = row.Organization?.Slug.Value,
            OrganizationStatus = row.Organization?.Status,
            RequireSso = row.Organization?.RequireSso ?? false,
            Sso = row.Organization?.Sso ?? SsoEnforcement.OfEverybody,
            AcceptHomeSso = row.Organization?.AcceptHomeSso ?? false,
            MembershipId = row.Membership?.Id,
            MembershipStatus = row.Membership?.Status,
            NameOverlay = row.Membership?.NameOverlay,
            Roles = Held(rows.Select(r => ((string?)r.RoleKey, (IReadOnlyList<string>?)r.RolePermissions, (string?)r.RoleExtends))),
            Workspace = row.WorkspaceId is { } inWorkspace
                ? new WorkspaceAccess(inWorkspace, Held(rows.Select(r => ((string?)r.WorkspaceRoleKey, (IReadOnlyList<string>?)r.WorkspaceRolePermissions, (string?)r.WorkspaceRoleExtends))))
                : null,
        };
    }

    /// <summary>What an active organization has granted an app, in one statement. Null for anything else, so that no answer tells which of the reasons it is.</summary>
    /// <param name="idOrSlug">Of the organization.</param>
    public async Task<AppAccess?> ReadAppAsync(string idOrSlug, Id<App> app, CancellationToken ct)
    {
        var organizations = db.Organizations.Where(o => o.Status == OrganizationStatus.Active);
        if (Id<Organization>.TryParse(idOrSlug, out var id)) organizations = organizations.Where(o => o.Id == id);
        else if (Slug.TryParse(idOrSlug, out var slug)) organizations = organizations.Where(o => o.Slug == slug);
        else return null;
        return await (
            from g in db.AppGrants.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where g.AppId == app
            join o in organizations on g.OrganizationId equals o.Id
            select new AppAccess(o.Id, o.Slug.Value, o.DisplayName, g.Permissions)).AsNoTracking().SingleOrDefaultAsync(ct);
    }

    private static IReadOnlyList<HeldRole> Held(IEnumerable<(string? Key, IReadOnlyList<string>? Permissions, string? Extends)> rows) =>
        [.. rows.Where(r => r.Key is not null)
            .GroupBy(r => r.Key!, r => (Permissions: r.Permissions ?? [], r.Extends)) // keys filtered just before
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new HeldRole(g.Key, [.. g.SelectMany(r => r.Permissions).Distinct()], g.First().Extends))];
}
