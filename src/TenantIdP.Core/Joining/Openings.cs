using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Joining;

/// <summary>What a person may do about an organization that they are not in.</summary>
public enum OpeningKind
{
    /// <summary>Joined at a sign-in.</summary>
    Automatic,

    /// <summary>One click.</summary>
    Offered,

    /// <summary>They may ask.</summary>
    Suggested,

    /// <summary>They have asked.</summary>
    Requested,

    /// <summary>They were denied.</summary>
    Denied,
}

/// <param name="Domain">The verified domain that opens it, with its default role.</param>
public sealed record Opening(Id<Organization> Organization, Slug Slug, string Name, OpeningKind Kind, OrganizationDomain Domain, EmailAddress Address)
{
    /// <summary>The person can do something now.</summary>
    public bool IsOpen => Kind is OpeningKind.Offered or OpeningKind.Suggested;
}

/// <summary>
/// Which organizations a person may join by a domain (FEATURES.md row 16). A verified address, a verified domain that is the most specific one for it, an active organization, and
/// no membership there of whatever status: who was removed or deactivated is asked by nobody (row 33). Crosses organizations, because that is the question; asked about the person
/// who asks.
/// </summary>
public sealed class Openings(IdpDbContext db)
{
    private sealed record Held(OrganizationDomain Domain, Slug Slug, string Name, OrganizationStatus Status, bool IsKnown, JoinRequestStatus? Request, IReadOnlyList<HostName> OfOthers);

    /// <summary>Those that this session may use, by name.</summary>
    public async Task<IReadOnlyList<Opening>> OfAsync(Session session, CancellationToken ct)
    {
        var id = session.UserId;
        var addresses = await (
            from e in db.UserEmails
            where e.UserId == id && e.VerifiedAt != null
            join u in db.Users on e.UserId equals u.Id
            where u.Status == UserStatus.Active && !u.IsOperator
            orderby e.IsPrimary descending, e.Id
            select new { e.Address, e.Domain, e.VerifiedAt, u.CreatedByOrganization }).AsNoTracking().ToListAsync(ct);
        if (addresses.Count == 0) return [];

        var held = await HeldAsync(id, [.. addresses.Select(a => a.Domain).Distinct()], ct);
        var found = new List<Opening>();
        foreach (var one in addresses)
        {
            var holder = one.Domain.SelfAndParents().Select(held.GetValueOrDefault).FirstOrDefault(h => h is not null && (h.Domain.Host == one.Domain || h.Domain.IncludeSubdomains));
            if (holder is not { Domain: { IsVerified: true } domain, Status: OrganizationStatus.Active, IsKnown: false } || !EmailAddress.TryParse(one.Address, out var address)) continue;
            if (!Proves(session, domain.OrganizationId)) continue;
            // The address was proven before this organization held the domain, by an account that another one made or while it may have been in the hands of another holder: whoever has
            // it may be of that one (SECURITY.md C6), so a person decides.
            var isInherited = one.VerifiedAt < domain.VerifiedAt
                && (one.CreatedByOrganization is { } maker ? maker != domain.OrganizationId : one.Domain.SelfAndParents().Intersect(holder.OfOthers).Any());
            if (KindOf(domain.Assignment, isInherited, holder.Request) is { } kind) found.Add(new Opening(domain.OrganizationId, holder.Slug, holder.Name, kind, domain, address));
        }

        return [.. found.GroupBy(o => o.Organization).Select(g => g.OrderBy(o => o.Kind).First()).OrderBy(o => o.Name, StringComparer.CurrentCultureIgnoreCase).ThenBy(o => o.Organization)];
    }

    /// <summary>By whom the person is known: a credential of this instance or the organization's own sign-in. Another organization's word joins nobody to this one (DESIGN.md section 6.1).</summary>
    private static bool Proves(Session session, Id<Organization> organization) => session.Proofs.Any(p => p.ConnectionId is null || p.OrganizationId == organization);

    private static OpeningKind? KindOf(AssignmentMode mode, bool isInherited, JoinRequestStatus? request) => (mode, request) switch
    {
        (AssignmentMode.Off, _) => null,
        (_, JoinRequestStatus.Denied) => OpeningKind.Denied, // an admin's word about this person, whatever the domain says of everybody
        (AssignmentMode.Auto, _) when !isInherited => OpeningKind.Automatic,
        (AssignmentMode.Offer, _) when !isInherited => OpeningKind.Offered,
        (_, JoinRequestStatus.Pending) => OpeningKind.Requested,
        (_, JoinRequestStatus.Approved) => null, // and ended since: row 33
        (_, null) => OpeningKind.Suggested,
        _ => null,
    };

    private async Task<Dictionary<HostName, Held>> HeldAsync(Id<User> user, IReadOnlyCollection<HostName> hosts, CancellationToken ct)
    {
        var wanted = hosts.SelectMany(host => host.SelfAndParents()).Distinct().ToArray();
        var rows = await (
            from d in db.Domains.IgnoreAutoIncludes().IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where wanted.Contains(d.Host) && d.VerifiedAt != null
            join o in db.Organizations on d.OrganizationId equals o.Id
            select new
            {
                Domain = d, o.Slug, o.DisplayName, o.Status, IsKnown = db.Memberships.Any(m => m.OrganizationId == o.Id && m.UserId == user),
                OfOthers = db.HostHolders.Where(h => wanted.Contains(h.Host) && h.HolderId != o.Id).Select(h => h.Host).ToList(),
                Request = db.JoinRequests.Where(r => r.OrganizationId == o.Id && r.UserId == user).Select(r => (JoinRequestStatus?)r.Status).FirstOrDefault(),
            }).AsNoTracking().ToListAsync(ct);
        return rows.ToDictionary(r => r.Domain.Host, r => new Held(r.Domain, r.Slug, r.DisplayName, r.Status, r.IsKnown, r.Request, r.OfOthers));
    }
}
