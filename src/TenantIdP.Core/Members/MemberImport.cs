using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Members;

/// <summary>One person, as an admin of one organization knows them.</summary>
public sealed record MemberImportRow
{
    /// <summary>In a domain that the organization has verified.</summary>
    public string? Email { get; init; }

    /// <summary>Keys; without any, the role member.</summary>
    public IReadOnlyList<string>? Roles { get; init; }

    /// <summary>Of a new account; one that there is keeps its own.</summary>
    public string? Name { get; init; }

    public string? GivenName { get; init; }
    public string? FamilyName { get; init; }

    /// <summary>What can be said of the row without asking the store.</summary>
    internal Result<JudgedMemberRow> Judge()
    {
        if (!EmailAddress.TryParse(Email, out var address)) return UserErrors.EmailInvalid;
        var profile = new UserProfile { Name = Name, GivenName = GivenName, FamilyName = FamilyName }.Check();
        if (!profile.IsOk) return profile.Error;
        if (Roles?.Any(r => r is null) == true) return RoleErrors.Unknown;
        return new JudgedMemberRow(address, profile.Value, [.. (Roles is { Count: > 0 } roles ? roles : [BuiltInRoles.Member]).Distinct(StringComparer.Ordinal)]);
    }
}

internal sealed record JudgedMemberRow(EmailAddress Email, UserProfile Profile, IReadOnlyList<string> Roles);

/// <summary>
/// Brings people into one organization for its own admins. An organization speaks only for the addresses of its own domains, proven by DNS or an operator's word: whoever has one
/// joins, with an account that is there, unchanged, or a new one. No passwords: one is a proof in every organization, and who may add members does not hold the mail of the
/// domain. Each row is whole or not at all, in a transaction of its own under the usual locks.
/// </summary>
public sealed class MemberImport(IdpDbContext db, JoinRules joins, EventLog events, TimeProvider clock)
{
    public const int MaxRows = 1_000;
    public const int BatchSize = 50;

    private const int Attempts = 3;

    // No error that anybody sees: it takes the transaction back.
    private readonly Error rehearsal = new(ErrorKind.Conflict, "rehearsed", "Taken back.");

    private static readonly Dictionary<string, Error> Unique = new()
    {
        ["ux_user_emails_normalized"] = VersionErrors.ChangedMeanwhile,
        ["ux_memberships_organization_id_user_id"] = VersionErrors.ChangedMeanwhile,
    };

    /// <param name="rows">One that could not be read is its error.</param>
    /// <param name="granter">Gives the roles, so needs the right to give each of them.</param>
    /// <returns>One outcome for each row, in their order.</returns>
    public async Task<IReadOnlyList<ImportOutcome>> RunAsync(Id<Organization> organization, IReadOnlyList<Result<MemberImportRow>> rows, bool dryRun, Granter granter, CancellationToken ct)
    {
        var outcomes = new List<ImportOutcome>(rows.Count);
        foreach (var row in rows)
        {
            var judged = row.IsOk ? row.Value.Judge() : row.Error;
            outcomes.Add(judged.IsOk ? await OneAsync(organization, judged.Value, dryRun, granter, ct) : ImportOutcome.Failed(judged.Error));
        }

        return outcomes;
    }

    private async Task<ImportOutcome> OneAsync(Id<Organization> organization, JudgedMemberRow row, bool dryRun, Granter granter, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            ImportOutcome? rehearsed = null;
            var result = await db.InTransactionAsync<ImportOutcome>(
                async () =>
                {
                    var applied = await ApplyAsync(organization, row, granter, ct);
                    if (!applied.IsOk || !dryRun) return applied;
                    rehearsed = applied.Value.Status == ImportStatus.Created ? new ImportOutcome(ImportStatus.Created, null, [], null) : applied.Value;
                    return rehearsal;
                }, ct);
            db.ChangeTracker.Clear();
            if (rehearsed is not null) return rehearsed;
            if (result.IsOk) return result.Value;
            // Somebody has made the same person at the same moment: the next attempt finds them.
            if (attempt == Attempts || result.Error != VersionErrors.ChangedMeanwhile) return ImportOutcome.Failed(result.Error);
        }
    }

    private async Task<Result<ImportOutcome>> ApplyAsync(Id<Organization> organization, JudgedMemberRow row, Granter granter, CancellationToken ct)
    {
        if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
        db.EnterOrganization(organization);
        var place = await db.Organizations.AsNoTracking().SingleAsync(o => o.Id == organization, ct);
        if (place.Status == OrganizationStatus.Deleting) return OrganizationErrors.Deleting;

        // Asked before anything about the person: an address elsewhere gets the same answer whether anybody has it or not.
        if (await db.OwnDomainAsync(organization, row.Email.Domain, ct) is not { ProvesMail: true }) return ImportErrors.OutsideDomains;

        var found = await db.RolesAsync(organization, row.Roles, ct);
        if (!row.Roles.All(found.ContainsKey)) return RoleErrors.Unknown;
        var roles = row.Roles.Select(key => found[key]).ToList();
        if (roles.Count > joins.MaxRoles) return MemberErrors.TooManyRoles;
        if (!await granter.CoversAsync(db, roles, ct)) return RoleErrors.Escalation;

        var address = row.Email.Normalized;
        var known = await db.UserEmails.Where(e => e.Normalized == address && e.VerifiedAt != null).Select(e => (Id<User>?)e.UserId).SingleOrDefaultAsync(ct);
        return known is { } user ? await AddAsync(place, user, roles, granter, ct) : await CreateAsync(organization, row, roles, granter, ct);
    }

    /// <summary>An account that is there: nothing of it changes but that it is in this organization, too.</summary>
    private async Task<Result<ImportOutcome>> AddAsync(Organization place, Id<User> user, List<Role> roles, Granter granter, CancellationToken ct)
    {
        var organization = place.Id;
        if (!await db.LockAsync(user, ct)) return VersionErrors.ChangedMeanwhile;
        if (!await db.Users.AnyAsync(u => u.Id == user && u.Status == UserStatus.Active && !u.IsOperator, ct)) return ImportErrors.PersonUnavailable;
        var membership = await db.Memberships.Include(m => m.Roles).SingleOrDefaultAsync(m => m.OrganizationId == organization && m.UserId == user, ct);
        if (membership is null)
        {
            var allowed = await joins.CheckAsync(organization, user, ct);
            return allowed.IsOk ? await SaveAsync(await JoinAsync(organization, user, roles, granter, ct), ImportStatus.Updated, ct) : allowed.Error;
        }

        // Who was removed or deactivated stays so, however often the same file is sent.
        if (membership.Status is not (MembershipStatus.Active or MembershipStatus.Pending)) return MemberErrors.Ended;
        var missing = roles.Where(role => membership.Roles.All(held => held.RoleId != role.Id)).ToList();
        if (missing.Count == 0) return new ImportOutcome(ImportStatus.Unchanged, user, [membership.Id], null);
        if (place.DirectoryAuthoritative && membership.HasDirectoryRoles) return MemberErrors.ManagedByDirectory;
        if (membership.Roles.Select(held => held.RoleId).Distinct().Count() + missing.Count > joins.MaxRoles) return MemberErrors.TooManyRoles;
        foreach (var role in missing)
        {
            membership.Grant(role, RoleSource.Api, "", clock.GetUtcNow());
            events.Record(EventTypes.MemberRoleGranted, organization, membership.Id.ToString(), new { userId = user, role = role.Key, source = RoleSource.Api, by = "import" });
        }

        return await SaveAsync(membership, ImportStatus.Updated, ct);
    }

    private async Task<Result<ImportOutcome>> CreateAsync(Id<Organization> organization, JudgedMemberRow row, List<Role> roles, Granter granter, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var user = User.Create(PersonName.None, now, organization);
        var allowed = await joins.CheckAsync(organization, user.Id, [row.Email], ct);
        if (!allowed.IsOk) return allowed.Error;
        user.Change(row.Profile, now);
        user.AddEmail(row.Email, verified: true, now); // the organization holds the domain
        db.Users.Add(user);
        events.Record(
            EventTypes.UserCreated, organization, user.Id.ToString(), new { by = "import" }, new { emails = user.Emails.Select(e => e.Address), name = user.Name });
        return await SaveAsync(await JoinAsync(organization, user.Id, roles, granter, ct), ImportStatus.Created, ct);
    }

    private async Task<Membership> JoinAsync(Id<Organization> organization, Id<User> user, List<Role> roles, Granter granter, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var membership = Membership.Join(organization, user, now);
        foreach (var role in roles) membership.Grant(role, RoleSource.Api, "", now);
        db.Memberships.Add(membership);
        events.Record(EventTypes.MemberJoined, organization, membership.Id.ToString(), new { userId = user, by = "import", roles = roles.Select(r => r.Key) });
        // As where one is added: the default workspace comes with the role member, from somebody who may give it.
        if (await db.FindDefaultAsync(organization, ct) is { } found && await granter.CoversAsync(db, [found.Role], ct)) db.JoinDefault(events, membership, roles, RoleSource.Api, "", found, now);
        return membership;
    }

    private async Task<Result<ImportOutcome>> SaveAsync(Membership membership, ImportStatus status, CancellationToken ct)
    {
        var saved = await db.TrySaveAsync(Unique, ct);
        return saved.IsOk ? new ImportOutcome(status, membership.UserId, [membership.Id], null) : saved.Error;
    }
}
