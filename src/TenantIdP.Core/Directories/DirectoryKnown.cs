using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Directories;

/// <summary>What a directory of the organization has said last of a member.</summary>
internal sealed record FormerRow(Id<Membership> MembershipId, bool Stands, bool WasPending);

/// <summary>Whom a directory knows already, tombstones included, and who of them stands in the way of a new user or comes back as one.</summary>
internal static class DirectoryKnown
{
    /// <summary>Everybody of the directory who has one of these names or external ids; by the index of each.</summary>
    public static IQueryable<DirectoryUser> Known(this IdpDbContext db, OrganizationDirectory directory, IReadOnlyCollection<DirectoryUserFacts> facts)
    {
        var keys = facts.Select(f => DirectoryKey.Of(f.UserName)).Distinct().ToArray();
        var externals = facts.Select(f => f.ExternalId).OfType<string>().Distinct().ToArray();
        var all = db.DirectoryUsers.Where(u => u.OrganizationId == directory.OrganizationId && u.DirectoryId == directory.Id);
        var ids = all.Where(u => u.DeletedAt == null && keys.Contains(u.UserNameKey)).Select(u => u.Id).Concat(all.Where(u => u.DeletedAt != null && keys.Contains(u.UserNameKey)).Select(u => u.Id));
        if (externals.Length > 0)
        {
            ids = ids.Concat(all.Where(u => u.DeletedAt == null && u.ExternalId != null && externals.Contains(u.ExternalId)).Select(u => u.Id))
                .Concat(all.Where(u => u.DeletedAt != null && u.ExternalId != null && externals.Contains(u.ExternalId)).Select(u => u.Id));
        }

        return db.DirectoryUsers.Where(u => u.OrganizationId == directory.OrganizationId && ids.Contains(u.Id));
    }

    /// <summary>Whether a row is one of those that <see cref="Known"/> reads for the facts.</summary>
    public static bool IsKnownBy(this DirectoryUser row, DirectoryUserFacts facts) => row.UserNameKey == DirectoryKey.Of(facts.UserName) || row.HasExternalIdOf(facts);

    public static bool HasExternalIdOf(this DirectoryUser row, DirectoryUserFacts facts) => facts.ExternalId is not null && row.ExternalId == facts.ExternalId;

    /// <summary>Whoever stands keeps name and id. Who is inactive does, too, unless it is they who come back: so the same request twice, or with <c>active</c> false, changes nothing.</summary>
    public static Error? Conflict(IReadOnlyCollection<DirectoryUser> known, DirectoryUserFacts facts)
    {
        var live = known.Where(u => u.IsLive).ToList();
        return live.Count == 0 || (live.Count == 1 && !live[0].Active && facts.Active && Former(known, facts) == live[0]) ? null : Taken(live, facts);
    }

    public static Error Taken(IReadOnlyCollection<DirectoryUser> others, DirectoryUserFacts facts) =>
        others.Any(u => u.UserNameKey == DirectoryKey.Of(facts.UserName)) ? DirectoryUserErrors.UserNameTaken : DirectoryUserErrors.ExternalIdTaken;

    /// <summary>Who comes back: by the external id, which is the person's; else by the name, whoever had it last.</summary>
    public static DirectoryUser? Former(IReadOnlyCollection<DirectoryUser> known, DirectoryUserFacts facts) =>
        known.OrderByDescending(u => u.HasExternalIdOf(facts)).ThenByDescending(u => u.IsLive).ThenByDescending(u => u.DeletedAt).FirstOrDefault(u => !u.Stands);

    /// <summary>What directories of the organization say of these members.</summary>
    public static async Task<IReadOnlyList<FormerRow>> FormerRowsAsync(this IdpDbContext db, Id<Organization> organization, IReadOnlyCollection<Id<Membership>> members, CancellationToken ct) =>
        members.Count == 0
            ? []
            : await db.DirectoryUsers.Where(u => u.OrganizationId == organization && members.Contains(u.MembershipId))
                .Select(u => new FormerRow(u.MembershipId, u.Active && u.DeletedAt == null, u.WasPending)).ToListAsync(ct);

    /// <summary>Ended by a directory of this organization, such as the one before this one, a membership is a directory's to begin again; by anybody else, it is not.</summary>
    public static bool MayBeginAgain(IEnumerable<FormerRow> rows) => rows.Any(r => !r.Stands);
}
