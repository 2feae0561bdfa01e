using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Members;

/// <summary>Bound to <c>TenantIdP:Members</c>.</summary>
public sealed record MemberOptions
{
    public const string Section = "TenantIdP:Members";

    /// <summary>Nobody is in two organizations. People who are when it is switched on stay where they are.</summary>
    public bool Exclusive { get; init; }

    /// <summary>How many different roles people and apps may give one member. What a directory or a connection gives is bounded by its rules.</summary>
    [Range(1, 1_000)]
    public int MaxRoles { get; init; } = 50;

    /// <summary>How many roles of its own an organization may have.</summary>
    [Range(0, 10_000)]
    public int MaxCustomRoles { get; init; } = 100;
}

/// <summary>
/// Whether one more person may join an organization: the domains of their addresses, its member limit, and who may be in one organization only. Asked by every way in, under the
/// lock of the person (or the person is new) and, where there is a limit, of the organization. Crosses organizations: the other memberships of one person.
/// </summary>
public sealed class JoinRules(IdpDbContext db, MembershipDomainRules domains, MemberOptions options)
{
    /// <summary>For a person who is in the store, with the addresses that they have verified.</summary>
    public Task<Result> CheckAsync(Id<Organization> organization, Id<User> user, CancellationToken ct) => CheckAsync(organization, user, null, ct);

    /// <param name="verified">What a person who is being made has verified; null for one who is in the store.</param>
    public async Task<Result> CheckAsync(Id<Organization> organization, Id<User> user, IReadOnlyCollection<EmailAddress>? verified, CancellationToken ct)
    {
        var facts = await (
            from o in db.Organizations.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where o.Id == organization
            select new
            {
                o.MemberLimit, o.ExclusiveMembership, o.MembershipDomains, o.MembershipDomainList,
                Members = o.MemberLimit == null ? 0 : db.Memberships.Count(m => m.OrganizationId == o.Id && m.UserId != user && (m.Status == MembershipStatus.Active || m.Status == MembershipStatus.Pending)),
                Elsewhere = db.Memberships.Any(m => m.UserId == user && m.OrganizationId != o.Id && (m.Status == MembershipStatus.Active || m.Status == MembershipStatus.Pending)),
                Bound = (from m in db.Memberships
                         join e in db.Organizations on m.OrganizationId equals e.Id
                         where m.UserId == user && m.OrganizationId != o.Id && e.ExclusiveMembership && (m.Status == MembershipStatus.Active || m.Status == MembershipStatus.Pending)
                         select m).Any(),
            }).SingleOrDefaultAsync(ct);
        if (facts is null) return OrganizationErrors.NotFound;
        if (facts.MembershipDomains != MembershipDomains.Any)
        {
            var hosts = verified?.Select(address => address.Domain).ToArray() ?? await db.UserEmails.Where(e => e.UserId == user && e.VerifiedAt != null).Select(e => e.Domain).ToArrayAsync(ct);
            if (!await domains.AllowsAnyAsync(organization, new MembershipDomainPolicy(facts.MembershipDomains, facts.MembershipDomainList), hosts, ct)) return MemberErrors.EmailDomainNotAllowed;
        }

        return Judge(facts.Bound, facts.Elsewhere && (options.Exclusive || facts.ExclusiveMembership), facts.MemberLimit, facts.Members);
    }

    /// <summary>The same of many, each as if they came alone and nobody with them, in at most four statements for any number; to be shown, so without a lock.</summary>
    internal async Task<IReadOnlyList<Result>> CheckEachAsync(Id<Organization> organization, IReadOnlyList<Joiner> joiners, CancellationToken ct)
    {
        if (joiners.Count == 0) return [];
        var place = await (
            from o in db.Organizations
            where o.Id == organization
            select new
            {
                o.MemberLimit, o.ExclusiveMembership, Policy = new MembershipDomainPolicy(o.MembershipDomains, o.MembershipDomainList),
                Members = o.MemberLimit == null ? 0 : db.Memberships.Count(m => m.OrganizationId == o.Id && (m.Status == MembershipStatus.Active || m.Status == MembershipStatus.Pending)),
            }).SingleOrDefaultAsync(ct);
        if (place is null) return [.. joiners.Select(_ => (Result)OrganizationErrors.NotFound)];
        var users = joiners.Select(j => j.User).OfType<Id<User>>().Distinct().ToArray();
        var standing = users.Length == 0 ? [] : await (
            from m in db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where users.Contains(m.UserId) && (m.Status == MembershipStatus.Active || m.Status == MembershipStatus.Pending)
            join o in db.Organizations on m.OrganizationId equals o.Id
            select new { m.UserId, m.OrganizationId, o.ExclusiveMembership }).ToListAsync(ct);
        var isAny = place.Policy.Mode == MembershipDomains.Any;
        var verified = isAny || users.Length == 0 ? [] : await db.UserEmails.Where(e => users.Contains(e.UserId) && e.VerifiedAt != null).Select(e => new { e.UserId, e.Domain }).ToListAsync(ct);
        var allowed = isAny ? null : await domains.AllowedAsync(organization, place.Policy, [.. verified.Select(v => v.Domain).Concat(joiners.SelectMany(j => j.Verified ?? []).Select(a => a.Domain)).Distinct()], ct);
        var (others, own) = (standing.Where(s => s.OrganizationId != organization).ToLookup(s => s.UserId), standing.Where(s => s.OrganizationId == organization).Select(s => s.UserId).ToHashSet());
        var hosts = verified.ToLookup(v => v.UserId, v => v.Domain);
        return
        [
            .. joiners.Select(joiner =>
            {
                var shown = joiner.Verified?.Select(a => a.Domain) ?? (joiner.User is { } known ? hosts[known] : []);
                if (allowed is not null && !shown.Any(allowed.Contains)) return MemberErrors.EmailDomainNotAllowed;
                var elsewhere = joiner.User is { } user ? others[user].ToList() : [];
                return Judge(
                    elsewhere.Exists(o => o.ExclusiveMembership), elsewhere.Count > 0 && (options.Exclusive || place.ExclusiveMembership), place.MemberLimit,
                    place.Members - (joiner.User is { } member && own.Contains(member) ? 1 : 0));
            }),
        ];
    }

    /// <param name="bound">Another organization of theirs allows no second one.</param>
    /// <param name="refused">They are in another one, and this one allows none.</param>
    /// <param name="members">Without the person.</param>
    private static Result Judge(bool bound, bool refused, int? limit, int members)
    {
        if (bound || refused) return MemberErrors.SingleOrganization;
        return limit is { } most && members >= most ? MemberErrors.LimitReached : Result.Ok;
    }

    /// <summary>Whether one person may be in all of these.</summary>
    internal async Task<bool> AdmitTogetherAsync(IReadOnlyCollection<Id<Organization>> organizations, CancellationToken ct) =>
        organizations.Count < 2 || (!options.Exclusive && !await db.Organizations.AnyAsync(o => organizations.Contains(o.Id) && o.ExclusiveMembership, ct));

    internal bool IsExclusive => options.Exclusive;

    internal int MaxRoles => options.MaxRoles;

    /// <summary>Whether nothing of the organization itself stands in the way of a person who is in no other one.</summary>
    internal static bool AdmitsAnybody(Organization organization) => organization is { MemberLimit: null, ExclusiveMembership: false, MembershipDomains: MembershipDomains.Any };

    /// <summary>The same inside a sign-in or a directory's request, whose transaction holds no lock yet.</summary>
    /// <param name="verified">What a person who is being made just now has verified; null for one who is in the store.</param>
    public async Task<Result> CheckAtSignInAsync(Id<Organization> organization, Id<User> user, IReadOnlyCollection<EmailAddress>? verified, CancellationToken ct)
    {
        var isNew = verified is not null;

        // The organization's row is written only where there is a rule to keep: a limit, or that of one who may be elsewhere. First sign-ins of new people don't wait for each other.
        if (!isNew || await db.Organizations.AnyAsync(o => o.Id == organization && o.MemberLimit != null, ct)) await db.LockAsync(organization, ct);
        if (!isNew) await db.LockAsync(user, ct);
        return await CheckAsync(organization, user, verified, ct);
    }

    /// <summary>The members of an organization who are in another one, too: what stands in the way of making it exclusive.</summary>
    public async Task<Result<Page<MemberElsewhere>>> ElsewhereAsync(Id<Organization> organization, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<Membership>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        var members = Elsewhere(organization);
        if (after is { } id) members = members.Where(m => m.Id > id);
        var found = await members.OrderBy(m => m.Id).TakePageAsync(page, m => m.Id.ToString(), ct);
        var users = found.Items.Select(m => m.UserId).ToArray();
        var others = await db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking()
            .Where(m => users.Contains(m.UserId) && m.OrganizationId != organization && (m.Status == MembershipStatus.Active || m.Status == MembershipStatus.Pending))
            .Select(m => new { m.UserId, m.OrganizationId }).ToListAsync(ct);
        var known = others.ToLookup(o => o.UserId, o => o.OrganizationId);
        return new Page<MemberElsewhere>([.. found.Items.Select(m => new MemberElsewhere(m.Id, m.UserId, [.. known[m.UserId].Order()]))], found.Next);
    }

    internal Task<bool> AnyElsewhereAsync(Id<Organization> organization, CancellationToken ct) => Elsewhere(organization).AnyAsync(ct);

    private IQueryable<Membership> Elsewhere(Id<Organization> organization) =>
        from m in db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking()
        where m.OrganizationId == organization && (m.Status == MembershipStatus.Active || m.Status == MembershipStatus.Pending)
            && db.Memberships.Any(o => o.UserId == m.UserId && o.OrganizationId != organization && (o.Status == MembershipStatus.Active || o.Status == MembershipStatus.Pending))
        select m;
}

/// <summary>Somebody who may want to join.</summary>
/// <param name="User">Null for a person who is not in the store.</param>
/// <param name="Verified">What they have verified by then; null for what is in the store.</param>
internal sealed record Joiner(Id<User>? User, IReadOnlyCollection<EmailAddress>? Verified);

/// <summary>A member who is in other organizations, too.</summary>
public sealed record MemberElsewhere(Id<Membership> MemberId, Id<User> UserId, IReadOnlyList<Id<Organization>> Organizations);
