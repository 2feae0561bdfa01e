using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Joining;

/// <param name="Name">As the person calls themselves.</param>
public sealed record JoinRequestView(JoinRequest Request, string? Name);

/// <summary>What admins do with the requests of people who want to join the organization that was entered.</summary>
public sealed class JoinRequestService(IdpDbContext db, DomainJoins joins, EventLog events, TimeProvider clock)
{
    /// <param name="status">Null for all.</param>
    public async Task<Result<Page<JoinRequestView>>> ListAsync(Id<Organization> organization, JoinRequestStatus? status, PageRequest page, CancellationToken ct)
    {
        var requests = db.JoinRequests.AsNoTracking().Where(r => r.OrganizationId == organization);
        if (status is { } wanted) requests = requests.Where(r => r.Status == wanted);
        var found = await requests.PageAsync(page, r => r.Id, ct);
        if (!found.IsOk) return found.Error;
        var users = found.Value.Items.Select(r => r.UserId).ToArray();
        var names = await db.Users.Where(u => users.Contains(u.Id)).Select(u => new { u.Id, u.Name }).ToDictionaryAsync(u => u.Id, u => u.Name, ct);
        return new Page<JoinRequestView>([.. found.Value.Items.Select(r => new JoinRequestView(r, names.GetValueOrDefault(r.UserId)))], found.Value.Next);
    }

    public async Task<Result<JoinRequestView>> FindAsync(Id<Organization> organization, Id<JoinRequest> id, CancellationToken ct) =>
        await db.JoinRequests.AsNoTracking().SingleOrDefaultAsync(r => r.OrganizationId == organization && r.Id == id, ct) is { } found ? await DescribeAsync(found, ct) : JoinErrors.NotFound;

    /// <summary>Makes the person a member with the default role of the domain. The caller gives it, so needs the right to.</summary>
    public Task<Result<JoinRequestView>> ApproveAsync(Id<Organization> organization, Id<JoinRequest> id, Granter granter, CancellationToken ct) =>
        DecideAsync(
            organization, id, JoinRequestStatus.Approved, EventTypes.JoinApproved, async request =>
            {
                var user = request.UserId;
                if (!await db.LockAsync(user, ct) || !await db.Users.AnyAsync(u => u.Id == user && u.Status == UserStatus.Active, ct)) return JoinErrors.Outdated;
                var membership = await db.Memberships.AsNoTracking().SingleOrDefaultAsync(m => m.OrganizationId == organization && m.UserId == user, ct);
                if (membership is { Status: MembershipStatus.Active or MembershipStatus.Pending }) return Result.Ok; // who came another way meanwhile
                if (membership is not null) return MemberErrors.Ended;
                if (await DomainAsync(organization, user, ct) is not { } domain) return JoinErrors.Outdated;
                if (!await granter.CoversAsync(db, [await joins.RoleAsync(domain, ct)], ct)) return RoleErrors.Escalation;
                var added = await joins.AddAsync(user, domain, "join_request", ct);
                return added.IsOk ? Result.Ok : added.Error;
            }, ct);

    public Task<Result<JoinRequestView>> DenyAsync(Id<Organization> organization, Id<JoinRequest> id, CancellationToken ct) =>
        DecideAsync(organization, id, JoinRequestStatus.Denied, EventTypes.JoinDenied, _ => Task.FromResult(Result.Ok), ct);

    private Task<Result<JoinRequestView>> DecideAsync(Id<Organization> organization, Id<JoinRequest> id, JoinRequestStatus status, string type, Func<JoinRequest, Task<Result>> decide, CancellationToken ct) =>
        db.InTransactionAsync<JoinRequestView>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                db.EnterOrganization(organization);
                var request = await db.JoinRequests.SingleOrDefaultAsync(r => r.OrganizationId == organization && r.Id == id, ct);
                if (request is null) return JoinErrors.NotFound;
                if (request.Status != JoinRequestStatus.Pending) return JoinErrors.Decided;
                var decided = await decide(request);
                if (!decided.IsOk) return decided.Error;
                request.Decide(status, clock.GetUtcNow());
                events.Record(type, organization, id.ToString(), new { userId = request.UserId });
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? await DescribeAsync(request, ct) : saved.Error;
            }, ct);

    /// <summary>The organization's own domain by which the person may ask, of an address that they have verified; null when there is none any more.</summary>
    private async Task<OrganizationDomain?> DomainAsync(Id<Organization> organization, Id<User> user, CancellationToken ct)
    {
        var addresses = await db.UserEmails.Where(e => e.UserId == user && e.VerifiedAt != null).OrderByDescending(e => e.IsPrimary).Select(e => e.Address).ToListAsync(ct);
        foreach (var text in addresses)
        {
            if (EmailAddress.TryParse(text, out var address) && await db.AskableDomainAsync(organization, address.Domain, clock.GetUtcNow(), ct) is { } domain) return domain;
        }

        return null;
    }

    private async Task<JoinRequestView> DescribeAsync(JoinRequest request, CancellationToken ct)
    {
        var user = request.UserId;
        return new JoinRequestView(request, await db.Users.Where(u => u.Id == user).Select(u => u.Name).SingleOrDefaultAsync(ct));
    }
}
