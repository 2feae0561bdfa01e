using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Directories;

/// <summary>
/// Users of a directory, whose organization was entered. Each change is one transaction with what it means for the person: membership, grants, profile and events, or nothing. Two
/// changes of one user at once don't lose each other: the second is judged again on what the first has left.
/// </summary>
public sealed class DirectoryUserService(IdpDbContext db, DirectoryMembers members, DirectoryLeavers leavers, DirectoryProfiles profiles, DirectoryUserEvents events, TimeProvider clock)
{
    private static readonly Dictionary<string, Error> Unique = new()
    {
        [DirectoryUserMapping.UserNameIndex] = VersionErrors.ChangedMeanwhile,
        [DirectoryUserMapping.ExternalIdIndex] = VersionErrors.ChangedMeanwhile,
        ["ux_user_emails_normalized"] = VersionErrors.ChangedMeanwhile,
        ["ux_user_emails_user_id_normalized"] = VersionErrors.ChangedMeanwhile,
        ["ux_memberships_organization_id_user_id"] = VersionErrors.ChangedMeanwhile,
        ["pk_directory_user_emails"] = VersionErrors.ChangedMeanwhile,
    };

    /// <summary>
    /// Makes a user. One whom this directory has deactivated or deleted, known by externalId or else by userName, is brought back under the same id; one who stands is refused and
    /// not changed.
    /// </summary>
    public Task<Result<DirectoryUser>> CreateAsync(OrganizationDirectory directory, DirectoryUserFacts facts, CancellationToken ct) =>
        ToldAsync(
            directory, facts, async () =>
            {
                var known = await KnownAsync(directory, facts, ct);
                if (DirectoryKnown.Conflict(known, facts) is { } taken) return taken;
                return DirectoryKnown.Former(known, facts) is { } former ? await ReviveAsync(directory, former, facts, ct) : await AddAsync(directory, facts, ct);
            }, ct);

    /// <summary>Makes a user what the directory says now.</summary>
    /// <param name="judge">From the user as it is to the facts as they are to be; asked again when somebody else has changed it meanwhile.</param>
    public Task<Result<DirectoryUser>> ChangeAsync(OrganizationDirectory directory, Id<DirectoryUser> id, Func<DirectoryUser, Result<DirectoryUserFacts>> judge, CancellationToken ct) =>
        ToldAsync(
            directory, null, async () =>
            {
                if (await FindTrackedAsync(directory, id, ct) is not { } row) return DirectoryUserErrors.NotFound;
                var judged = judge(row);
                if (!judged.IsOk) return judged.Error;
                var facts = judged.Value;
                if (Changed(row, facts) is not { Count: > 0 } changed) return row;
                if (row.UserNameKey != DirectoryKey.Of(facts.UserName) || row.ExternalId != facts.ExternalId)
                {
                    var others = (await KnownAsync(directory, facts, ct)).Where(u => u.Id != id && u.IsLive).ToList();
                    if (others.Count > 0) return DirectoryKnown.Taken(others, facts);
                }

                return await ApplyAsync(directory, row, facts, changed, ct);
            }, ct);

    /// <summary>Deletes a user: the membership is removed and remembered.</summary>
    /// <param name="may">Whether this version may be deleted.</param>
    public async Task<Result> DeleteAsync(OrganizationDirectory directory, Id<DirectoryUser> id, Func<DirectoryUser, Result> may, CancellationToken ct)
    {
        var deleted = await ToldAsync(
            directory, null, async () =>
            {
                if (await FindTrackedAsync(directory, id, ct) is not { } row) return DirectoryUserErrors.NotFound;
                var allowed = may(row);
                if (!allowed.IsOk) return allowed.Error;
                await leavers.RemoveAsync(directory, row, ct);
                events.Record(EventTypes.DirectoryUserDeleted, row, null);
                row.Delete(clock.GetUtcNow());
                return await SavedAsync(row, ct);
            }, ct);
        return deleted.IsOk ? Result.Ok : deleted.Error;
    }

    private async Task<Result<DirectoryUser>> AddAsync(OrganizationDirectory directory, DirectoryUserFacts facts, CancellationToken ct)
    {
        var joined = await members.JoinAsync(directory, facts, ct);
        if (!joined.IsOk) return joined.Error;
        var membership = joined.Value;
        var row = DirectoryUser.Create(directory, membership, facts, clock.GetUtcNow());
        if (await profiles.FollowAsync(directory, membership, null, facts, ct) is { IsOk: false, Error: { } refused }) return refused;
        if (!facts.Active)
        {
            if (db.Entry(membership).State == EntityState.Added) leavers.BeginInactive(row, membership);
            else await leavers.DeactivateAsync(directory, row, ct);
        }

        db.DirectoryUsers.Add(row);
        if (db.Entry(membership).State == EntityState.Added) members.Ask(row, membership);
        events.Record(EventTypes.DirectoryUserCreated, row, null);
        return await SavedAsync(row, ct);
    }

    private async Task<Result<DirectoryUser>> ReviveAsync(OrganizationDirectory directory, DirectoryUser row, DirectoryUserFacts facts, CancellationToken ct)
    {
        row.Restore();
        return await ApplyAsync(directory, row, facts, [.. Changed(row, facts), "restored"], ct);
    }

    private async Task<Result<DirectoryUser>> ApplyAsync(OrganizationDirectory directory, DirectoryUser row, DirectoryUserFacts facts, IReadOnlyList<string> changed, CancellationToken ct)
    {
        var (stood, before) = (row.Active, EmailAddress.TryParse(row.PrimaryEmail, out var address) ? address : (EmailAddress?)null);
        Membership? membership = null;
        if (!stood && facts.Active)
        {
            var revived = await members.ReviveAsync(directory, row, facts, ct);
            if (!revived.IsOk) return revived.Error;
            membership = revived.Value;
        }

        if (stood && !facts.Active) await leavers.DeactivateAsync(directory, row, ct);
        if (row.Document.Length == 0 || before != facts.Address || changed.Contains("name"))
        {
            membership ??= db.Memberships.Local.FirstOrDefault(m => m.Id == row.MembershipId)
                ?? await db.Memberships.SingleAsync(m => m.OrganizationId == row.OrganizationId && m.Id == row.MembershipId, ct);
            if (await profiles.FollowAsync(directory, membership, before, facts, ct) is { IsOk: false, Error: { } refused }) return refused;
        }

        var asked = before != facts.Address || !stood ? membership : null;
        if (asked is not null) await members.AskNoMoreAsync(row, asked, facts, ct);
        row.Describe(facts, clock.GetUtcNow());
        if (asked is not null) members.Ask(row, asked);
        events.Record(EventTypes.DirectoryUserUpdated, row, changed);
        return await SavedAsync(row, ct);
    }

    private Task<DirectoryUser?> FindTrackedAsync(OrganizationDirectory directory, Id<DirectoryUser> id, CancellationToken ct) =>
        db.DirectoryUsers.Include(u => u.Emails).SingleOrDefaultAsync(u => u.OrganizationId == directory.OrganizationId && u.DirectoryId == directory.Id && u.Id == id && u.DeletedAt == null, ct);

    private Task<List<DirectoryUser>> KnownAsync(OrganizationDirectory directory, DirectoryUserFacts facts, CancellationToken ct) => db.Known(directory, [facts]).Include(u => u.Emails).ToListAsync(ct);

    private static List<string> Changed(DirectoryUser row, DirectoryUserFacts facts)
    {
        var changed = new List<string>();
        if (row.UserName != facts.UserName) changed.Add("userName");
        if (row.ExternalId != facts.ExternalId) changed.Add("externalId");
        if (row.Active != facts.Active) changed.Add("active");
        if (row.PrimaryEmail != facts.Address?.Value) changed.Add("email");
        if ((row.DisplayName, row.GivenName, row.FamilyName) != (facts.Name.Display, facts.Name.Given, facts.Name.Family)) changed.Add("name");
        if (changed.Count == 0 && row.Document != facts.Document) changed.Add("attributes");
        return changed;
    }

    private async Task<Result<DirectoryUser>> SavedAsync(DirectoryUser row, CancellationToken ct)
    {
        var saved = await db.TrySaveAsync(Unique, ct);
        return saved.IsOk ? row : saved.Error;
    }

    /// <summary>Attempts it, and tells the organization of an address that it does not allow.</summary>
    private async Task<Result<DirectoryUser>> ToldAsync(OrganizationDirectory directory, DirectoryUserFacts? facts, Func<Task<Result<DirectoryUser>>> work, CancellationToken ct)
    {
        var result = await db.AttemptAsync(work, ct);
        if (result.IsOk || result.Error.Code != DirectoryUserErrors.EmailDomainNotAllowed.Code) return result;
        await events.RefusedAsync(directory, result.Error, facts?.Address, ct);
        return result;
    }
}
