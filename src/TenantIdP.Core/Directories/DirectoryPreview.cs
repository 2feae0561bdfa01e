using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Directories;

/// <summary>What would become of a user whom a directory creates.</summary>
public enum ForecastOutcome
{
    /// <summary>Somebody new, with an account of their own and a verified address where they have one.</summary>
    Create,

    /// <summary>An account that there is.</summary>
    Link,

    /// <summary>Somebody whom a directory had deactivated or deleted.</summary>
    Revive,

    /// <summary>Somebody new outside the verified domains, pending until they accept the mail.</summary>
    Invite,

    /// <summary>Somebody new outside the verified domains, as a guest.</summary>
    Guest,
    Refuse,
}

/// <summary>What a create would do now.</summary>
/// <param name="By">How somebody whom there is was found.</param>
/// <param name="MemberId">Of a member, whatever the status.</param>
/// <param name="UserId">Of an account that there is.</param>
/// <param name="Error">Why it would be refused.</param>
public sealed record DirectoryForecast(ForecastOutcome Outcome, DirectoryMatch? By, Id<Membership>? MemberId, Id<User>? UserId, Error? Error)
{
    internal static DirectoryForecast Of(ForecastOutcome outcome) => new(outcome, null, null, null, null);

    internal static DirectoryForecast Refused(Error error) => new(ForecastOutcome.Refuse, null, null, null, error);
}

/// <summary>
/// Says of users whom a directory does not have yet what a create of each would do now, alone and active, and changes nothing. The rules are those of the create itself
/// (<see cref="DirectoryKnown"/>, <see cref="DirectoryCorrelation"/>, <see cref="DirectoryMembers"/>, <see cref="DirectoryProfiles"/>, <see cref="JoinRules"/>); what is read for them is read for all at once,
/// in at most fifteen statements. It tells an organization nothing that a create would not (SECURITY.md E3).
/// </summary>
public sealed class DirectoryPreview(IdpDbContext db, DirectoryCorrelation correlation, JoinRules joins)
{
    public const int MaxUsers = 500;

    /// <summary>Somebody who may become or be a member again, as far as the rules of every way in are concerned.</summary>
    /// <param name="Before">The address that the directory had of them.</param>
    private sealed record Candidate(DirectoryForecast Forecast, Joiner? Joiner, EmailAddress? Before);

    /// <param name="users">At most <see cref="MaxUsers"/>.</param>
    /// <returns>One for each, in their order.</returns>
    public async Task<Result<IReadOnlyList<DirectoryForecast>>> RunAsync(Id<Organization> organization, Id<OrganizationDirectory> id, IReadOnlyList<DirectoryUserFacts> users, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(users.Count, MaxUsers);
        if (await db.Directories.AsNoTracking().SingleOrDefaultAsync(d => d.OrganizationId == organization && d.Id == id, ct) is not { } directory) return DirectoryErrors.NotFound;
        var candidates = await CandidatesAsync(directory, users, ct);
        var allowed = new Queue<Result>(await joins.CheckEachAsync(organization, [.. candidates.Select(c => c.Joiner).OfType<Joiner>()], ct));
        var profiles = await ProfilesAsync(directory, users, candidates, ct);
        var forecasts = new List<DirectoryForecast>(users.Count);
        foreach (var (candidate, facts) in candidates.Zip(users))
        {
            var judged = candidate.Joiner is null ? Result.Ok : DirectoryMembers.Told(allowed.Dequeue()); // in their order
            if (judged.IsOk) judged = profiles.Judge(candidate, facts);
            forecasts.Add(judged.IsOk ? candidate.Forecast : DirectoryForecast.Refused(judged.Error));
        }

        return forecasts;
    }

    private async Task<List<Candidate>> CandidatesAsync(OrganizationDirectory directory, IReadOnlyList<DirectoryUserFacts> users, CancellationToken ct)
    {
        var organization = directory.OrganizationId;
        var rows = await db.Known(directory, users).AsNoTracking().ToListAsync(ct);
        var known = users.Select(facts => rows.Where(r => r.IsKnownBy(facts)).ToList()).ToList();
        var former = users.Select((facts, i) => DirectoryKnown.Conflict(known[i], facts) is null ? DirectoryKnown.Former(known[i], facts) : null).ToList();
        var found = await correlation.FindAsync(directory, users, ct);
        var (ids, accounts) = (former.Select(f => f?.MembershipId).OfType<Id<Membership>>().ToArray(), found.Select(f => f.Value?.User).OfType<Id<User>>().Distinct().ToArray());
        var members = await db.Memberships.AsNoTracking().Where(m => m.OrganizationId == organization && (ids.Contains(m.Id) || accounts.Contains(m.UserId))).ToListAsync(ct);
        var said = (await db.FormerRowsAsync(organization, [.. members.Where(IsEnded).Select(m => m.Id)], ct)).ToLookup(r => r.MembershipId);
        return
        [
            .. users.Select((facts, i) =>
            {
                if (DirectoryKnown.Conflict(known[i], facts) is { } taken) return new Candidate(DirectoryForecast.Refused(taken), null, null);
                if (former[i] is { } row) return Back(row, members.First(m => m.Id == row.MembershipId), facts);
                if (!found[i].IsOk) return new Candidate(DirectoryForecast.Refused(found[i].Error!), null, null); // not Ok
                var one = found[i].Value!; // it is Ok
                return one.User is { } user ? Linked(one, user, members.Find(m => m.UserId == user), said, facts) : New(directory, one, facts);
            }),
        ];
    }

    private static Candidate Back(DirectoryUser row, Membership membership, DirectoryUserFacts facts)
    {
        var by = row.HasExternalIdOf(facts) ? DirectoryMatch.ExternalId : DirectoryMatch.UserName;
        var before = EmailAddress.TryParse(row.PrimaryEmail, out var address) ? address : (EmailAddress?)null;
        return new Candidate(
            new DirectoryForecast(ForecastOutcome.Revive, by, membership.Id, membership.UserId, null), IsEnded(membership) ? new Joiner(membership.UserId, DirectoryMembers.ShownAgain(facts, row.WasPending)) : null, before);
    }

    private static Candidate Linked(Correlated found, Id<User> user, Membership? membership, ILookup<Id<Membership>, FormerRow> said, DirectoryUserFacts facts)
    {
        var link = new DirectoryForecast(ForecastOutcome.Link, found.By, membership?.Id, user, null);
        if (membership is null) return new Candidate(link, new Joiner(user, null), null);
        if (!IsEnded(membership)) return new Candidate(link, null, null);
        if (!DirectoryKnown.MayBeginAgain(said[membership.Id])) return new Candidate(DirectoryForecast.Refused(DirectoryUserErrors.MembershipEnded), null, null);
        return new Candidate(link with { Outcome = ForecastOutcome.Revive }, new Joiner(user, DirectoryMembers.ShownAgain(facts, said[membership.Id].Any(r => r.WasPending))), null);
    }

    private static Candidate New(OrganizationDirectory directory, Correlated found, DirectoryUserFacts facts)
    {
        var outcome = found.IsInside ? ForecastOutcome.Create : DirectoryMembers.Waits(directory, found.IsInside) ? ForecastOutcome.Invite : ForecastOutcome.Guest;
        return new Candidate(DirectoryForecast.Of(outcome), new Joiner(null, DirectoryMembers.Shown(directory, facts, found.IsInside)), null);
    }

    private static bool IsEnded(Membership membership) => membership.Status is not (MembershipStatus.Active or MembershipStatus.Pending);

    /// <summary>What the directory would make of the accounts of those it finds.</summary>
    private async Task<Profiles> ProfilesAsync(OrganizationDirectory directory, IReadOnlyList<DirectoryUserFacts> users, List<Candidate> candidates, CancellationToken ct)
    {
        var accounts = candidates.Select(c => c.Forecast.UserId).OfType<Id<User>>().Distinct().ToArray();
        if (accounts.Length == 0) return new Profiles(directory, [], [], []);
        var addresses = candidates.Zip(users).Where(c => c.First.Forecast.UserId is not null).Select(c => c.Second.Address).OfType<EmailAddress>().ToList();
        var domains = await db.OwnDomainsAsync(directory.OrganizationId, [.. addresses.Select(a => a.Domain).Distinct()], ct);
        if (!directory.OwnsProfile) return new Profiles(directory, domains, [], []);
        var ours = await db.OursAlone(directory.OrganizationId).AsNoTracking().Include(u => u.Emails).Where(u => accounts.Contains(u.Id)).ToDictionaryAsync(u => u.Id, ct);
        var keys = addresses.Select(a => a.Normalized).Distinct().ToArray();
        var owners = keys.Length == 0 ? [] : await db.UserEmails.Where(e => keys.Contains(e.Normalized) && e.VerifiedAt != null).ToDictionaryAsync(e => e.Normalized, e => e.UserId, ct);
        return new Profiles(directory, domains, ours, owners);
    }

    private sealed record Profiles(OrganizationDirectory Directory, Dictionary<HostName, OrganizationDomain> Domains, Dictionary<Id<User>, User> Ours, Dictionary<string, Id<User>> Owners)
    {
        public Result Judge(Candidate candidate, DirectoryUserFacts facts)
        {
            if (candidate.Forecast.UserId is not { } id || DirectoryProfiles.Moved(candidate.Before, facts) is not { } address) return Result.Ok;
            var inside = Domains.ContainsKey(address.Domain);
            var may = DirectoryProfiles.MayLeave(Directory, candidate.Before, inside);
            if (!may.IsOk || !Ours.TryGetValue(id, out var user) || DirectoryProfiles.Stands(user, address, inside)) return may;
            return DirectoryProfiles.Moves(user, candidate.Before, address, inside, Owners.TryGetValue(address.Normalized, out var owner) && owner != id) is { IsOk: false, Error: { } wrong } ? wrong : Result.Ok;
        }
    }
}
