using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Domains;

/// <summary>
/// Which addresses an organization takes (<see cref="Organization.MembershipDomains"/>). A person is taken when one of their verified addresses is allowed: they may be in several
/// organizations, each with its own domain, and have one primary address. Asked by every way in through <see cref="JoinRules"/>, and where an address goes. Who is in already stays.
/// Crosses organizations: who holds a domain, and the memberships of the person whose address goes.
/// </summary>
public sealed class MembershipDomainRules(IdpDbContext db)
{
    private const int Chunk = 500;

    /// <summary>Whether the organization takes somebody at this address, who has verified it or will have before they join.</summary>
    public async Task<Result> CheckAsync(Id<Organization> organization, EmailAddress address, CancellationToken ct)
    {
        var policy = await PolicyAsync(organization, ct);
        return policy is null ? OrganizationErrors.NotFound : await AllowsAnyAsync(organization, policy, [address.Domain], ct) ? Result.Ok : MemberErrors.EmailDomainNotAllowed;
    }

    /// <summary>Refuses to take an address from a person that one of their organizations knows them by, and has no other that it allows.</summary>
    /// <param name="user">With their addresses, as they would be.</param>
    /// <param name="lost">The domain of the address that goes.</param>
    internal async Task<Result> CheckLossAsync(User user, HostName lost, CancellationToken ct)
    {
        var id = user.Id;
        var policies = await (
            from m in db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where m.UserId == id && (m.Status == MembershipStatus.Active || m.Status == MembershipStatus.Pending)
            join o in db.Organizations on m.OrganizationId equals o.Id
            where o.MembershipDomains != MembershipDomains.Any
            orderby o.Id
            select new { o.Id, Policy = new MembershipDomainPolicy(o.MembershipDomains, o.MembershipDomainList) }).AsNoTracking().ToListAsync(ct);
        var left = user.Emails.Where(e => e.VerifiedAt is not null).Select(e => e.Domain).ToArray();
        foreach (var place in policies)
        {
            // Who was in before the rule and never had an allowed address may do as they like.
            if (await AllowsAnyAsync(place.Id, place.Policy, [lost], ct) && !await AllowsAnyAsync(place.Id, place.Policy, left, ct)) return MemberErrors.EmailDomainNotAllowed;
        }

        return Result.Ok;
    }

    internal async Task<bool> AllowsAnyAsync(Id<Organization> organization, MembershipDomainPolicy policy, IReadOnlyCollection<HostName> verified, CancellationToken ct) =>
        policy.Mode == MembershipDomains.Any || (await AllowedAsync(organization, policy, verified, ct)).Count > 0;

    /// <summary>Those of the hosts whose addresses the organization takes.</summary>
    internal async Task<IReadOnlySet<HostName>> AllowedAsync(Id<Organization> organization, MembershipDomainPolicy policy, IReadOnlyCollection<HostName> hosts, CancellationToken ct) => policy.Mode switch
    {
        MembershipDomains.Any => hosts.ToHashSet(),
        MembershipDomains.List => hosts.Where(host => policy.Hosts.Contains(host.Value, StringComparer.Ordinal)).ToHashSet(),
        MembershipDomains.VerifiedOnly => (await db.HoldersAsync(hosts, ct)).Where(h => h.Value == organization).Select(h => h.Key).ToHashSet(),
    };

    /// <summary>Members, active and pending, none of whose verified addresses the organization would take today: who was in before the rule.</summary>
    internal async Task<IQueryable<Membership>> OutsideAsync(Id<Organization> organization, CancellationToken ct)
    {
        var members = db.Memberships.Where(m => m.OrganizationId == organization && (m.Status == MembershipStatus.Active || m.Status == MembershipStatus.Pending));
        var policy = await PolicyAsync(organization, ct);
        if (policy is null or { Mode: MembershipDomains.Any }) return members.Where(m => false);
        var hosts = await db.UserEmails.Where(e => e.VerifiedAt != null && members.Any(m => m.UserId == e.UserId)).Select(e => e.Domain).Distinct().ToListAsync(ct);
        var allowed = new List<HostName>();
        foreach (var chunk in hosts.Chunk(Chunk)) allowed.AddRange(await AllowedAsync(organization, policy, chunk, ct));
        return members.Where(m => !db.UserEmails.Any(e => e.UserId == m.UserId && e.VerifiedAt != null && allowed.Contains(e.Domain)));
    }

    private Task<MembershipDomainPolicy?> PolicyAsync(Id<Organization> organization, CancellationToken ct) =>
        db.Organizations.AsNoTracking().Where(o => o.Id == organization).Select(o => new MembershipDomainPolicy(o.MembershipDomains, o.MembershipDomainList)).SingleOrDefaultAsync(ct);
}

/// <summary>What an organization says about addresses.</summary>
internal sealed record MembershipDomainPolicy(MembershipDomains Mode, IReadOnlyList<string> Hosts);
