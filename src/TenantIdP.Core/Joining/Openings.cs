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

/// <param name="Domain">The domain that opens it, with its default role: verified, or affiliated for those who ask.</param>
public sealed record Opening(Id<Organization> Organization, Slug Slug, string Name, OpeningKind Kind, OrganizationDomain Domain, EmailAddress Address)
{
    /// <summary>The person can do something now.</summary>
    public bool IsOpen => Kind is OpeningKind.Offered or OpeningKind.Suggested;

    /// <summary>The organization has proven that the domain of the address is its own.</summary>
    public bool IsOfOwner => Domain.IsVerified;
}

/// <summary>
/// Which organizations a person may join by a domain (FEATURES.md row 16). A verified address, a verified domain that is the most specific one for it, an active organization, and
/// no membership there of whatever status: who was removed or deactivated is asked by nobody (row 33). While nobody holds the host, those that are affiliated with it let people
/// ask (row 14). Crosses organizations, because that is the question; asked about the person who asks.
/// </summary>
public sealed class Openings(IdpDbContext db, TimeProvider clock)
{
    /// <summary>Affiliated organizations that a person is asked about, those of longest standing: anybody with a mailbox may make one more.</summary>
    public const int MostAffiliated = 20;

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
            if (!EmailAddress.TryParse(one.Address, out var address)) continue;
            foreach (var place in held.Of(one.Domain).Where(p => p is { Status: OrganizationStatus.Active, IsKnown: false } && Proves(session, p.Domain.OrganizationId)))
            {
                var domain = place.Domain;
                // The address was proven before this organization held the domain, by an account that another one made or while it may have been in the hands of another holder: whoever
                // has it may be of that one (SECURITY.md C6), so a person decides.
                var isInherited = one.VerifiedAt < domain.VerifiedAt
                    && (one.CreatedByOrganization is { } maker ? maker != domain.OrganizationId : one.Domain.SelfAndParents().Intersect(place.OfOthers).Any());
                if (KindOf(domain.Assignment, isInherited || !domain.IsVerified, place.Request) is { } kind) found.Add(new Opening(domain.OrganizationId, place.Slug, place.Name, kind, domain, address));
            }
        }

        return [.. found.GroupBy(o => o.Organization).Select(g => g.OrderBy(o => o.Kind).First()).OrderBy(o => o.Name, StringComparer.CurrentCultureIgnoreCase).ThenBy(o => o.Organization)];
    }

    /// <summary>By whom the person is known: a credential of this instance or the organization's own sign-in. Another organization's word joins nobody to this one (DESIGN.md section 6.1).</summary>
    private static bool Proves(Session session, Id<Organization> organization) => session.Proofs.Any(p => p.ConnectionId is null || p.OrganizationId == organization);

    /// <param name="onlyByAsking">A person of the organization decides, whatever the domain says.</param>
    private static OpeningKind? KindOf(AssignmentMode mode, bool onlyByAsking, JoinRequestStatus? request) => (mode, request) switch
    {
        (AssignmentMode.Off, _) => null,
        (_, JoinRequestStatus.Denied) => OpeningKind.Denied, // an admin's word about this person, whatever the domain says of everybody
        (AssignmentMode.Auto, _) when !onlyByAsking => OpeningKind.Automatic,
        (AssignmentMode.Offer, _) when !onlyByAsking => OpeningKind.Offered,
        (_, JoinRequestStatus.Pending) => OpeningKind.Requested,
        (_, JoinRequestStatus.Approved) => null, // and ended since: row 33
        (_, null) => OpeningKind.Suggested,
        _ => null,
    };

    private async Task<HeldHosts> HeldAsync(Id<User> user, IReadOnlyCollection<HostName> hosts, CancellationToken ct)
    {
        var (wanted, exact, since) = (hosts.SelectMany(host => host.SelfAndParents()).Distinct().ToArray(), hosts.ToArray(), clock.GetUtcNow() - OrganizationDomain.AffiliatedFor);
        var rows = await (
            from d in db.Domains.IgnoreAutoIncludes().IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where (wanted.Contains(d.Host) && d.VerifiedAt != null) || (exact.Contains(d.Host) && d.AffiliatedAt != null && d.AffiliatedAt > since && d.VerifiedAt == null)
            join o in db.Organizations on d.OrganizationId equals o.Id
            orderby d.VerifiedAt == null, d.AffiliatedAt, d.Id
            select new
            {
                Domain = d, o.Slug, o.DisplayName, o.Status, IsKnown = db.Memberships.Any(m => m.OrganizationId == o.Id && m.UserId == user),
                OfOthers = db.HostHolders.Where(h => wanted.Contains(h.Host) && h.HolderId != o.Id).Select(h => h.Host).ToList(),
                Request = db.JoinRequests.Where(r => r.OrganizationId == o.Id && r.UserId == user).Select(r => (JoinRequestStatus?)r.Status).FirstOrDefault(),
            }).Take(wanted.Length + MostAffiliated).AsNoTracking().ToListAsync(ct);
        return new HeldHosts([.. rows.Select(r => new Held(r.Domain, r.Slug, r.DisplayName, r.Status, r.IsKnown, r.Request, r.OfOthers))]);
    }

    /// <summary>What was found for all of a person's addresses.</summary>
    private sealed class HeldHosts(IReadOnlyList<Held> all)
    {
        private readonly Dictionary<HostName, Held> holders = all.Where(h => h.Domain.IsHeld).ToDictionary(h => h.Domain.Host);

        /// <summary>Who holds the host, and nobody besides: a hold that has lapsed opens nothing, and leaves nothing to those who are only affiliated.</summary>
        public IEnumerable<Held> Of(HostName host)
        {
            var holder = host.SelfAndParents().Select(holders.GetValueOrDefault).FirstOrDefault(h => h is not null && (h.Domain.Host == host || h.Domain.IncludeSubdomains));
            if (holder is null) return all.Where(h => !h.Domain.IsHeld && h.Domain.Host == host).Take(MostAffiliated);
            return holder.Domain.IsVerified ? [holder] : [];
        }
    }
}
