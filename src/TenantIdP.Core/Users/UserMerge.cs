using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Users;

/// <summary>
/// Makes two accounts of one person one. What the merged account had moves to the survivor, its sessions end, and its id is refused for ever. Crosses organizations: the
/// memberships of both people, each changed in its own organization's scope and under its lock.
/// </summary>
public sealed class UserMerge(IdpDbContext db, EventLog events, SessionService sessions, JoinRules joins, TimeProvider clock)
{
    /// <summary>What <see cref="MergeAsync"/> would do now.</summary>
    public async Task<Result<MergePlan>> PlanAsync(Id<User> into, Id<User> from, CancellationToken ct)
    {
        var facts = await ReadAsync(into, from, ct);
        if (!facts.IsOk) return facts.Error;
        var allowed = await CheckAsync(facts.Value, ct);
        db.ChangeTracker.Clear(); // read to be shown, not to be changed
        return allowed.IsOk ? facts.Value.Plan() : allowed.Error;
    }

    public Task<Result<MergePlan>> MergeAsync(Id<User> into, Id<User> from, CancellationToken ct) =>
        db.AttemptAsync<MergePlan>(
            async () =>
            {
                if (into == from) return UserErrors.MergeWithItself;
                var locked = await db.LockWithOrganizationsAsync([into, from], ct);
                return locked.IsOk ? await MergeLockedAsync(into, from, ct) : locked.Error;
            }, ct);

    /// <summary>The same for a caller that holds the locks of both people and of the organizations that the merged one is in, in a transaction.</summary>
    internal async Task<Result<MergePlan>> MergeLockedAsync(Id<User> into, Id<User> from, CancellationToken ct)
    {
        var read = await ReadAsync(into, from, ct);
        if (!read.IsOk) return read.Error;
        var facts = read.Value;
        if (await CheckAsync(facts, ct) is { IsOk: false, Error: { } refused }) return refused;
        var plan = facts.Plan();

        // In the order in which a sign-in writes these rows, so that neither waits for the other. Once the identities have moved, a sign-in that was under way has finished,
        // or starts again and finds the survivor: only then is nothing added to the merged account any more, and what was added last is looked for.
        await MovePasswordAsync(facts, ct);
        foreach (var (mine, theirs) in facts.Pairs().ToList()) await MoveMembershipAsync(facts, mine, theirs, ct);
        await MoveRequestsAsync(into, from, ct);
        var ended = await sessions.EndAllAsync(from, ct);
        await MoveProfileAsync(facts, ct);
        foreach (var identity in facts.Identities) identity.MoveTo(into);
        await db.SaveChangesAsync(ct);
        ended += await sessions.EndAllAsync(from, ct);
        if (await db.HasMembershipsAsync(from, ct)) return VersionErrors.ChangedMeanwhile;
        events.RecordForInstance(
            EventTypes.UserMerged, into.ToString(),
            new { from, into, plan.Identities, memberships = plan.Memberships.Select(m => m.MembershipId), plan.Password, plan.ExternalId, sessions = ended },
            new { emails = plan.Emails.Select(e => e.Address) });
        await db.SaveChangesAsync(ct);
        return plan with { Sessions = ended };
    }

    private async Task<Result<MergeFacts>> ReadAsync(Id<User> into, Id<User> from, CancellationToken ct)
    {
        if (into == from) return UserErrors.MergeWithItself;
        Id<User>[] both = [into, from];
        var users = await db.Users.Include(u => u.Emails).Where(u => both.Contains(u.Id)).ToDictionaryAsync(u => u.Id, ct);
        if (!users.TryGetValue(into, out var survivor)) return UserErrors.NotFound;
        if (!users.TryGetValue(from, out var merged)) return UserErrors.NotFound with { Kind = ErrorKind.Invalid, Field = "from" };
        var identities = await db.UserIdentities.Where(i => i.UserId == from).OrderBy(i => i.Id).ToListAsync(ct);
        var memberships = await db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Include(m => m.Roles).Where(m => both.Contains(m.UserId)).ToListAsync(ct);
        var passwords = await db.LocalCredentials.Where(c => both.Contains(c.UserId)).ToDictionaryAsync(c => c.UserId, ct);
        var keys = await db.ApiKeys.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().Where(k => k.CreatedBy == into || k.CreatedBy == from).OrderBy(k => k.Id).ToListAsync(ct);
        var standing = await db.Sessions.CountAsync(s => s.UserId == from && s.EndedAt == null, ct);
        return new MergeFacts(survivor, merged, identities, memberships, passwords.GetValueOrDefault(into), passwords.GetValueOrDefault(from), standing) { Keys = keys };
    }

    /// <summary>What is true of the two, and of the organizations that the survivor would be in: a merge is one more way in, and keeps the rules of the others.</summary>
    private async Task<Result> CheckAsync(MergeFacts facts, CancellationToken ct)
    {
        var allowed = facts.Check();
        if (!allowed.IsOk) return allowed;
        var together = facts.Together();
        // Who was in several before a rule forbade it stays there; two people who each kept it are not made one who doesn't.
        if (together.All(facts.Alone(facts.Into).Contains) || together.All(facts.Alone(facts.From).Contains)) return Result.Ok;
        return await joins.AdmitTogetherAsync(together, ct) ? Result.Ok : MemberErrors.SingleOrganization;
    }

    /// <summary>What the survivor has asked an organization, and was answered, stands.</summary>
    private async Task MoveRequestsAsync(Id<User> into, Id<User> from, CancellationToken ct)
    {
        var requests = await db.JoinRequests.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => r.UserId == into || r.UserId == from).OrderBy(r => r.OrganizationId).ToListAsync(ct);
        foreach (var theirs in requests.Where(r => r.UserId == from).ToList())
        {
            db.EnterOrganization(theirs.OrganizationId);
            if (requests.Any(mine => mine.UserId == into && mine.OrganizationId == theirs.OrganizationId)) db.JoinRequests.Remove(theirs);
            else theirs.MoveTo(into, clock.GetUtcNow());
            await db.SaveChangesAsync(ct);
        }
    }

    private async Task MovePasswordAsync(MergeFacts facts, CancellationToken ct)
    {
        var from = facts.From.Id;
        await db.PasswordAttempts.Where(a => a.UserId == from).ExecuteDeleteAsync(ct); // in the order in which a try takes these rows
        await db.MailedCodes.Where(c => c.UserId == from).ExecuteDeleteAsync(ct);
        await db.AppConsents.Where(c => c.UserId == from).ExecuteDeleteAsync(ct); // the survivor was not asked
        if (facts.FromPassword is not { } password) return;
        db.LocalCredentials.Remove(password);
        if (facts.IntoPassword is null) db.LocalCredentials.Add(LocalCredential.Create(facts.Into.Id, password.PasswordHash, clock.GetUtcNow()));
        await db.SaveChangesAsync(ct);
    }

    private async Task MoveProfileAsync(MergeFacts facts, CancellationToken ct)
    {
        var (now, emails, externalId) = (clock.GetUtcNow(), facts.From.Emails.ToList(), facts.From.ExternalId);
        facts.From.MergeInto(facts.Into.Id, now);
        await db.SaveChangesAsync(ct); // a verified address and an external id are unique: they are free before they are given

        foreach (var email in emails) facts.Into.Adopt(email, now);
        if (facts.Into.ExternalId is null) facts.Into.ChangeExternalId(externalId, now); // it was valid where it comes from
        facts.Into.Touch(now);
        await db.SaveChangesAsync(ct);
    }

    private async Task MoveMembershipAsync(MergeFacts facts, Membership? mine, Membership theirs, CancellationToken ct)
    {
        var (now, outcome) = (clock.GetUtcNow(), MergeFacts.Outcome(mine, theirs));
        db.EnterOrganization(theirs.OrganizationId);
        foreach (var row in await db.DirectoryUsers.Where(u => u.OrganizationId == theirs.OrganizationId && u.MembershipId == theirs.Id).ToListAsync(ct)) row.MoveTo(mine ?? theirs, facts.Into.Id);
        if (mine is null)
        {
            theirs.MoveTo(facts.Into.Id, now);
        }
        else
        {
            await db.MergeWorkspacesAsync(mine, theirs, now, ct);
            mine.Absorb(theirs, now);
            db.Memberships.Remove(theirs);
        }

        await db.MergeKeysAsync(events, theirs.OrganizationId, facts.From.Id, facts.Into.Id, outcome.Status, now, ct);
        events.Record(
            EventTypes.MemberMerged, theirs.OrganizationId, outcome.MembershipId.ToString(),
            new { userId = facts.Into.Id, fromUserId = facts.From.Id, fromMembershipId = theirs.Id, outcome.Outcome, outcome.Status, outcome.Conflict });
        await db.SaveChangesAsync(ct);
    }
}
