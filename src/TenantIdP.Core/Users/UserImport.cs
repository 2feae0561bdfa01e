using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Users;

/// <summary>
/// Makes people and memberships be as another program knows them, for an operator. People who are new are written together, a batch in one transaction; whoever is known and
/// differs, and everybody when a batch is refused, in a transaction of their own under the usual locks, so that one bad row stops no other. A row is whole or not at all.
/// </summary>
public sealed class UserImport(IdpDbContext db, EventLog events, JoinRules joins, TimeProvider clock)
{
    public const int MaxRows = 10_000;
    public const int BatchSize = 100;

    private const int Attempts = 3;

    // No error that anybody sees: it takes the transaction back.
    private readonly Error rehearsal = new(ErrorKind.Conflict, "rehearsed", "Taken back.");

    private static readonly Dictionary<string, Error> Unique = new()
    {
        ["ux_user_emails_normalized"] = UserErrors.EmailTaken with { Field = "emails" },
        ["ux_users_external_id"] = UserErrors.ExternalIdTaken,
        ["ux_memberships_organization_id_user_id"] = VersionErrors.ChangedMeanwhile,
    };

    private sealed record Planned(int Index, JudgedRow Row, IReadOnlyList<(Id<Organization> Organization, JudgedMembership Wanted)> Places);

    /// <param name="rows">At most <see cref="BatchSize"/>; one that could not be read is its error.</param>
    /// <returns>One outcome for each row, in their order.</returns>
    public async Task<IReadOnlyList<ImportOutcome>> RunAsync(IReadOnlyList<Result<ImportRow>> rows, ImportOptions options, CancellationToken ct)
    {
        var outcomes = new ImportOutcome[rows.Count];
        var planned = await PlanAsync(rows, outcomes, ct);
        var (together, alone) = await SortAsync(planned, options, outcomes, ct);
        alone.AddRange(await CreateTogetherAsync(together, options, outcomes, ct));
        foreach (var one in alone.OrderBy(p => p.Index)) outcomes[one.Index] = await AloneAsync(one, options, ct);
        return outcomes;
    }

    private async Task<List<Planned>> PlanAsync(IReadOnlyList<Result<ImportRow>> rows, ImportOutcome[] outcomes, CancellationToken ct)
    {
        var judged = rows.Select(row => row.IsOk ? row.Value.Judge() : row.Error).ToList();
        var organizations = await ImportPlaces.ReadAsync(db, judged.Where(j => j.IsOk).SelectMany(j => j.Value!.Memberships).Select(m => m.Place), ct); // those that are Ok
        var planned = new List<Planned>(rows.Count);
        for (var i = 0; i < judged.Count; i++)
        {
            if (judged[i] is not { IsOk: true, Value: { } row })
            {
                outcomes[i] = ImportOutcome.Failed(judged[i].Error!); // not Ok
                continue;
            }

            var found = row.Memberships.Select(m => organizations.Find(m.Place)).ToList();
            var places = row.Memberships.Zip(found).Select(p => (Organization: p.Second.Value, Wanted: p.First)).ToList();
            if (found.FirstOrDefault(f => !f.IsOk).Error is { } missing) outcomes[i] = ImportOutcome.Failed(missing);
            else if (places.DistinctBy(p => p.Organization).Count() < places.Count) outcomes[i] = ImportOutcome.Failed(ImportErrors.TooManyMemberships);
            else planned.Add(new Planned(i, row, places));
        }

        return planned;
    }

    /// <summary>Who is new can be written with others; who is as the row says needs nothing.</summary>
    private async Task<(List<Planned> Together, List<Planned> Alone)> SortAsync(List<Planned> planned, ImportOptions options, ImportOutcome[] outcomes, CancellationToken ct)
    {
        var (together, alone, known) = (new List<Planned>(), new List<Planned>(), new List<(Planned Row, User User)>());
        var facts = await ImportFacts.ReadAsync(db, [.. planned.Select(p => p.Row)], ct);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var one in planned)
        {
            var isFirst = true; // not &=: each name is noted
            foreach (var name in one.Row.Verified.Select(v => $"email {v}").Append($"id {one.Row.ExternalId ?? $"of row {one.Index}"}")) isFirst = seen.Add(name) && isFirst;
            var match = facts.Find(one.Row, options);
            if (!isFirst) alone.Add(one);
            else if (!match.IsOk) outcomes[one.Index] = ImportOutcome.Failed(match.Error);
            else if (match.Value.User is not { } user) together.Add(one);
            else if (facts.Stands(user, one.Row)) known.Add((one, user));
            else alone.Add(one);
        }

        var members = await MembersAsync(known, ct);
        foreach (var (one, user) in known)
        {
            var memberships = one.Places.Select(p => members.GetValueOrDefault((p.Organization, user.Id, p.Wanted))).ToList();
            if (memberships.All(id => id != default)) outcomes[one.Index] = new ImportOutcome(ImportStatus.Unchanged, user.Id, memberships, null);
            else alone.Add(one);
        }

        return (together, alone);
    }

    /// <summary>The memberships that are as their rows say.</summary>
    private async Task<Dictionary<(Id<Organization>, Id<User>, JudgedMembership), Id<Membership>>> MembersAsync(List<(Planned Row, User User)> known, CancellationToken ct)
    {
        var standing = new Dictionary<(Id<Organization>, Id<User>, JudgedMembership), Id<Membership>>();
        foreach (var organization in known.SelectMany(k => k.Row.Places.Select(p => (p.Organization, p.Wanted, User: k.User.Id))).GroupBy(p => p.Organization))
        {
            db.EnterOrganization(organization.Key);
            var roles = await db.RolesAsync(organization.Key, organization.SelectMany(p => p.Wanted.Roles), ct);
            var users = organization.Select(p => p.User).ToList();
            var found = await db.Memberships.AsNoTracking().Include(m => m.Roles).Where(m => m.OrganizationId == organization.Key && users.Contains(m.UserId)).ToDictionaryAsync(m => m.UserId, ct);
            foreach (var (_, wanted, user) in organization)
            {
                if (wanted.Roles.All(roles.ContainsKey) && found.TryGetValue(user, out var membership) && ImportFacts.Stands(membership, wanted, wanted.Roles.Select(key => roles[key])))
                    standing[(organization.Key, user, wanted)] = membership.Id;
            }
        }

        return standing;
    }

    /// <returns>The rows that have to go alone: a rule of their organization counts them one by one, or the batch was refused.</returns>
    private async Task<IReadOnlyList<Planned>> CreateTogetherAsync(List<Planned> rows, ImportOptions options, ImportOutcome[] outcomes, CancellationToken ct)
    {
        if (rows.Count == 0) return [];
        var (alone, done) = (new List<Planned>(), new Dictionary<int, ImportOutcome>());
        var result = await db.InTransactionAsync<bool>(
            async () =>
            {
                var places = await EnterAsync(rows, ct);
                var made = new List<(Planned Row, User User, Dictionary<Id<Organization>, Id<Membership>> Members)>();
                foreach (var one in rows)
                {
                    var allowed = Check(one, places);
                    if (!allowed.IsOk) done[one.Index] = ImportOutcome.Failed(allowed.Error);
                    else if (one.Places.Any(p => !JoinRules.AdmitsAnybody(places[p.Organization].Organization)) || (one.Places.Count > 1 && joins.IsExclusive)) alone.Add(one);
                    else made.Add((one, Create(one.Row), []));
                }

                var saved = await db.TrySaveAsync(Unique, ct);
                foreach (var organization in made.SelectMany(m => m.Row.Places.Select(p => (p.Organization, p.Wanted, m.User, m.Members))).GroupBy(p => p.Organization).OrderBy(g => g.Key))
                {
                    if (!saved.IsOk) return saved.Error;
                    db.EnterOrganization(organization.Key);
                    foreach (var (_, wanted, user, members) in organization) members[organization.Key] = Join(places[organization.Key], user.Id, wanted).Id;
                    saved = await db.TrySaveAsync(Unique, ct);
                }

                if (!saved.IsOk) return saved.Error;
                foreach (var (one, user, members) in made)
                    done[one.Index] = options.DryRun ? new ImportOutcome(ImportStatus.Created, null, [], null) : new ImportOutcome(ImportStatus.Created, user.Id, [.. one.Places.Select(p => members[p.Organization])], null);
                return options.DryRun ? rehearsal : true;
            }, ct);
        db.ChangeTracker.Clear();
        if (!result.IsOk && result.Error != rehearsal) return rows;
        foreach (var (index, outcome) in done) outcomes[index] = outcome;
        return alone;
    }

    private async Task<ImportOutcome> AloneAsync(Planned one, ImportOptions options, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            ImportOutcome? rehearsed = null;
            var result = await db.InTransactionAsync<ImportOutcome>(
                async () =>
                {
                    var applied = await ApplyAsync(one, options, ct);
                    if (!applied.IsOk || !options.DryRun) return applied;
                    rehearsed = applied.Value.Status == ImportStatus.Created ? new ImportOutcome(ImportStatus.Created, null, [], null) : applied.Value with { Members = [] };
                    return rehearsal;
                }, ct);
            db.ChangeTracker.Clear();
            if (rehearsed is not null) return rehearsed;
            if (result.IsOk) return result.Value;
            // Somebody has made the same person at the same moment: the next attempt finds them.
            if (attempt == Attempts || (result.Error != VersionErrors.ChangedMeanwhile && !Unique.ContainsValue(result.Error))) return ImportOutcome.Failed(result.Error);
        }
    }

    private async Task<Result<ImportOutcome>> ApplyAsync(Planned one, ImportOptions options, CancellationToken ct)
    {
        var (row, places) = (one.Row, await EnterAsync([one], ct));
        var allowed = Check(one, places);
        if (!allowed.IsOk) return allowed.Error;
        var facts = await ImportFacts.ReadAsync(db, [row], ct);
        var match = facts.Find(row, options);
        if (!match.IsOk) return match.Error;

        var (user, changed) = (match.Value.User, false);
        if (user is null)
        {
            user = Create(row);
        }
        else
        {
            if (!await db.LockAsync(user.Id, ct)) return UserErrors.NotFound;
            user = await db.Users.Include(u => u.Emails).SingleAsync(u => u.Id == match.Value.User!.Id, ct); // it is not null here
            if (user.IsEnded) return VersionErrors.ChangedMeanwhile;
            var before = OwnedProfile.Of(user);
            var updated = Update(user, row, await db.LocalCredentials.AnyAsync(c => c.UserId == user.Id, ct));
            if (!updated.IsOk) return updated.Error;
            if (await db.CheckOwnedAsync(user, before, ct) is { IsOk: false, Error: { } owned }) return owned;
            changed = updated.Value;
        }

        var saved = await db.TrySaveAsync(Unique, ct);
        if (!saved.IsOk) return saved.Error;
        var members = new List<Id<Membership>>();
        foreach (var (organization, wanted) in one.Places)
        {
            var joined = await JoinAsync(places[organization], user, wanted, ct);
            if (!joined.IsOk) return joined.Error;
            members.Add(joined.Value.Member);
            changed |= joined.Value.Changed;
        }

        return new ImportOutcome(match.Value.User is null ? ImportStatus.Created : changed ? ImportStatus.Updated : ImportStatus.Unchanged, user.Id, members, null);
    }

    private async Task<Result<(Id<Membership> Member, bool Changed)>> JoinAsync(ImportPlace place, User user, JudgedMembership wanted, CancellationToken ct)
    {
        var organization = place.Organization.Id;
        db.EnterOrganization(organization);
        var membership = await db.Memberships.Include(m => m.Roles).SingleOrDefaultAsync(m => m.OrganizationId == organization && m.UserId == user.Id, ct);
        var roles = place.Find(wanted.Roles);
        if (!roles.IsOk) return roles.Error;
        if (membership is not null && ImportFacts.Stands(membership, wanted, roles.Value)) return (membership.Id, false);
        if (membership is null)
        {
            if (user.Status != UserStatus.Active) return ImportErrors.NotActive;
            var allowed = wanted.Deactivated ? Result.Ok : await joins.CheckAsync(organization, user.Id, ct);
            if (!allowed.IsOk) return allowed.Error;
            membership = Join(place, user.Id, wanted);
        }
        else
        {
            // An import neither ends a membership nor brings one back: who was removed stays removed, however often the same file is sent.
            if (membership.Status != wanted.Status) return wanted.Deactivated ? MemberErrors.NotEnded : MemberErrors.Ended;
            var missing = roles.Value.Where(role => membership.Roles.All(r => r.RoleId != role.Id)).ToList();
            if (missing.Count > 0 && place.Organization.DirectoryAuthoritative && membership.HasDirectoryRoles) return MemberErrors.ManagedByDirectory;
            if (membership.Roles.Select(r => r.RoleId).Distinct().Count() + missing.Count > joins.MaxRoles) return MemberErrors.TooManyRoles;
            foreach (var role in missing)
            {
                membership.Grant(role, RoleSource.Api, "", clock.GetUtcNow());
                events.Record(EventTypes.MemberRoleGranted, organization, membership.Id.ToString(), new { userId = user.Id, role = role.Key, source = RoleSource.Api, by = "import" });
            }
        }

        var saved = await db.TrySaveAsync(Unique, ct);
        return saved.IsOk ? (membership.Id, true) : saved.Error;
    }

    private Membership Join(ImportPlace place, Id<User> user, JudgedMembership wanted)
    {
        var now = clock.GetUtcNow();
        var membership = Membership.Join(place.Organization.Id, user, now);
        foreach (var key in wanted.Roles) membership.Grant(place.Roles[key], RoleSource.Api, "", now);
        if (wanted.Deactivated) membership.Deactivate(now);
        db.Memberships.Add(membership);
        events.Record(EventTypes.MemberJoined, place.Organization.Id, membership.Id.ToString(), new { userId = user, by = "import", roles = wanted.Roles, status = wanted.Status });
        db.JoinDefault(events, membership, [.. wanted.Roles.Select(key => place.Roles[key])], RoleSource.Api, "", place.Default, now);
        return membership;
    }

    private User Create(JudgedRow row)
    {
        var now = clock.GetUtcNow();
        var user = User.Create(PersonName.None, now);
        user.Change(row.Profile, now);
        user.ChangeExternalId(row.ExternalId, now); // judged
        if (row.Metadata is { } given) user.ChangeMetadata(Metadata.Empty.Merge(given).Value ?? Metadata.Empty, now); // judged
        foreach (var email in row.Emails) user.AddEmail(email.Address, email.Verified, now);
        if (row.Emails.FirstOrDefault(e => e.Primary) is { } primary) user.MakePrimary(user.Emails.Single(e => e.Normalized == primary.Address.Normalized), now); // judged
        db.Users.Add(user);
        if (row.PasswordHash is { } hash) db.LocalCredentials.Add(LocalCredential.Create(user.Id, hash, now));
        events.RecordForInstance(
            EventTypes.UserCreated, user.Id.ToString(), new { by = "import", password = row.PasswordHash is not null }, new { emails = user.Emails.Select(e => e.Address), name = user.Name });
        return user;
    }

    /// <returns>Whether something has changed.</returns>
    private Result<bool> Update(User user, JudgedRow row, bool hasPassword)
    {
        var (now, target, profile) = (clock.GetUtcNow(), user.Id.ToString(), ImportFacts.Over(row.Profile, user.Profile));
        var changed = profile.DifferencesTo(user.Profile).ToList();
        if (changed.Count > 0) user.Change(profile, now);
        if (row.ExternalId is not null && row.ExternalId != user.ExternalId)
        {
            user.ChangeExternalId(row.ExternalId, now);
            changed.Add("externalId");
        }

        if (row.Metadata is { } patch)
        {
            var merged = user.Metadata.Merge(patch);
            if (!merged.IsOk) return merged.Error;
            if (merged.Value != user.Metadata) changed.Add("metadata");
            if (merged.Value != user.Metadata) user.ChangeMetadata(merged.Value, now);
        }

        if (changed.Count > 0) events.RecordForInstance(EventTypes.UserUpdated, target, new { changed, by = "import" });
        var emails = UpdateEmails(user, row, now);
        if (!emails.IsOk) return emails;

        // A password that the person has here is newer than what another program remembers.
        if (row.PasswordHash is not { } hash || hasPassword) return changed.Count > 0 || emails.Value;
        db.LocalCredentials.Add(LocalCredential.Create(user.Id, hash, now));
        user.Touch(now);
        events.RecordForInstance(EventTypes.PasswordChanged, target, new { by = "import" });
        return true;
    }

    private Result<bool> UpdateEmails(User user, JudgedRow row, DateTimeOffset now)
    {
        var changed = false;
        foreach (var given in row.Emails)
        {
            var known = user.Emails.FirstOrDefault(e => e.Normalized == given.Address.Normalized);
            if (known is null || (known.VerifiedAt is null && given.Verified))
            {
                if (known is null && user.Emails.Count == User.MaxEmails) return UserErrors.TooManyEmails;
                var email = user.AddEmail(given.Address, given.Verified, now);
                events.RecordForInstance(known is null ? EventTypes.UserEmailAdded : EventTypes.UserEmailVerified, user.Id.ToString(), new { emailId = email.Id, verified = given.Verified }, new { email = email.Address });
                (known, changed) = (email, true);
            }

            if (!given.Primary || known.IsPrimary) continue;
            var made = user.MakePrimary(known, now);
            if (!made.IsOk) return made.Error;
            events.RecordForInstance(EventTypes.UserPrimaryEmailChanged, user.Id.ToString(), new { emailId = known.Id }, new { email = known.Address });
            changed = true;
        }

        return changed;
    }

    private static Result Check(Planned one, Dictionary<Id<Organization>, ImportPlace> places)
    {
        foreach (var (organization, wanted) in one.Places)
        {
            if (!places.TryGetValue(organization, out var place)) return ImportErrors.OrganizationUnknown;
            if (place.Organization.Status == OrganizationStatus.Deleting) return OrganizationErrors.Deleting;
            if (place.Find(wanted.Roles) is { IsOk: false, Error: { } unknown }) return unknown;
        }

        return Result.Ok;
    }

    /// <summary>Locks the organizations of these rows, always in the same order, and reads what the rows need of them.</summary>
    private async Task<Dictionary<Id<Organization>, ImportPlace>> EnterAsync(IReadOnlyList<Planned> rows, CancellationToken ct)
    {
        var wanted = rows.SelectMany(r => r.Places).ToLookup(p => p.Organization, p => p.Wanted.Roles);
        var ids = new List<Id<Organization>>();
        foreach (var id in wanted.Select(w => w.Key).Order().ToList())
        {
            if (await db.LockAsync(id, ct)) ids.Add(id);
        }

        var places = new Dictionary<Id<Organization>, ImportPlace>();
        if (ids.Count == 0) return places;
        foreach (var organization in await db.Organizations.AsNoTracking().Where(o => ids.Contains(o.Id)).ToListAsync(ct))
        {
            db.EnterOrganization(organization.Id);
            places[organization.Id] = new ImportPlace(organization, await db.RolesAsync(organization.Id, wanted[organization.Id].SelectMany(keys => keys), ct), await db.FindDefaultAsync(organization.Id, ct));
        }

        return places;
    }
}
