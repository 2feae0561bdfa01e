using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Joining;

/// <summary>
/// Joins people to organizations by the domain of their address, each in a transaction of its own: what <see cref="Openings"/> says is asked again under the locks, and the rules
/// of every way in are kept. Never gives a role that changes the organization, never brings a removed member back.
/// </summary>
public sealed class DomainJoins(IdpDbContext db, Openings openings, JoinRules joins, EventLog events, InvitationConsumption invitations, TimeProvider clock)
{
    private static readonly Dictionary<string, Error> Unique = new()
    {
        ["ux_memberships_organization_id_user_id"] = MemberErrors.AlreadyMember,
        ["ux_join_requests_organization_id_user_id"] = JoinErrors.Unavailable,
    };

    /// <summary>After a sign-in: joins where that is automatic, and says what else is open. A rule that stands in the way (a limit, an exclusive membership) is no reason to refuse the sign-in.</summary>
    public async Task<IReadOnlyList<Opening>> AtSignInAsync(Session session, CancellationToken ct)
    {
        var found = await openings.OfAsync(session, ct);
        foreach (var automatic in found.Where(o => o.Kind == OpeningKind.Automatic)) await JoinAsync(session, automatic.Organization, OpeningKind.Automatic, ct);
        return [.. found.Where(o => o.Kind != OpeningKind.Automatic)];
    }

    /// <summary>The person clicked.</summary>
    public Task<Result<Membership>> AcceptAsync(Session session, Id<Organization> organization, CancellationToken ct) => JoinAsync(session, organization, OpeningKind.Offered, ct);

    /// <summary>The person asks the organization's admins.</summary>
    public Task<Result<JoinRequest>> AskAsync(Session session, Id<Organization> organization, CancellationToken ct) =>
        db.InTransactionAsync<JoinRequest>(
            async () =>
            {
                if (await LockedAsync(session, organization, OpeningKind.Suggested, ct) is not { } opening) return JoinErrors.Unavailable;
                var request = JoinRequest.Ask(organization, session.UserId, opening.Address.Value, clock.GetUtcNow());
                db.JoinRequests.Add(request);
                events.Record(EventTypes.JoinRequested, organization, request.Id.ToString(), new { userId = session.UserId, domain = opening.Domain.Host.Value }, new { email = request.Email }, session.UserId);
                var saved = await db.TrySaveAsync(Unique, ct);
                return saved.IsOk ? request : saved.Error;
            }, ct);

    private Task<Result<Membership>> JoinAsync(Session session, Id<Organization> organization, OpeningKind kind, CancellationToken ct) =>
        db.InTransactionAsync<Membership>(
            async () =>
            {
                if (await LockedAsync(session, organization, kind, ct) is not { } opening) return JoinErrors.Unavailable;
                return await AddAsync(session.UserId, opening.Domain, kind == OpeningKind.Automatic ? "domain" : "domain_offer", ct);
            }, ct);

    /// <summary>Under the locks of the organization and of the person, in that order as everywhere.</summary>
    private async Task<Opening?> LockedAsync(Session session, Id<Organization> organization, OpeningKind kind, CancellationToken ct)
    {
        if (!await db.LockAsync(organization, ct) || !await db.LockAsync(session.UserId, ct)) return null;
        db.EnterOrganization(organization);
        return (await openings.OfAsync(session, ct)).FirstOrDefault(o => o.Organization == organization && o.Kind == kind);
    }

    /// <summary>In the caller's transaction, scope and locks.</summary>
    internal async Task<Result<Membership>> AddAsync(Id<User> user, OrganizationDomain domain, string by, CancellationToken ct)
    {
        var (organization, now) = (domain.OrganizationId, clock.GetUtcNow());
        var allowed = await joins.CheckAsync(organization, user, ct);
        if (!allowed.IsOk) return allowed.Error;
        var membership = Membership.Join(organization, user, now);
        db.Memberships.Add(membership);
        // Where an invitation is used up, its roles are theirs, and it says who has joined.
        if (!await invitations.ConsumeAsync(await invitations.FindAsync(organization, user, null, ct), membership, "domain", ct))
        {
            var role = await RoleAsync(domain, ct);
            membership.Grant(role, RoleSource.Domain, domain.Id.ToString(), now);
            events.Record(EventTypes.MemberJoined, organization, membership.Id.ToString(), new { userId = user, by, domainId = domain.Id, roles = new[] { role.Key } });
            await db.JoinDefaultAsync(events, membership, [role], RoleSource.Domain, domain.Id.ToString(), now, ct);
        }

        var saved = await db.TrySaveAsync(Unique, ct);
        return saved.IsOk ? membership : saved.Error;
    }

    /// <summary>The role may be gone, or be more than it was when it was chosen: then the plain one.</summary>
    internal async Task<Role> RoleAsync(OrganizationDomain domain, CancellationToken ct)
    {
        var found = await db.RolesAsync(domain.OrganizationId, [domain.DefaultRoleKey], ct);
        if (found.TryGetValue(domain.DefaultRoleKey, out var role) && !BuiltInRoles.GivesControl(role)) return role;
        return await db.Roles.AsNoTracking().SingleAsync(r => r.OrganizationId == Organization.Instance && r.Key == BuiltInRoles.Member, ct);
    }
}
