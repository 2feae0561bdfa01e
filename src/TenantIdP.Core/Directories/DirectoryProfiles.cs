using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Directories;

/// <summary>
/// Names and addresses from a directory to the people they are about, in the caller's transaction and tenant scope. The name goes to the membership, and so to this organization's
/// tokens alone. The account itself follows only where the organization made it and nobody else knows it (<see cref="ProfileOwnership"/>).
/// </summary>
public sealed class DirectoryProfiles(IdpDbContext db, EventLog events, TimeProvider clock)
{
    private static readonly string[] NameOnly = ["name"];

    /// <param name="before">The address as it was; null for a user who is being made.</param>
    internal async Task<Result> FollowAsync(OrganizationDirectory directory, Membership membership, EmailAddress? before, DirectoryUserFacts facts, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (directory.OwnsProfile) membership.OverlayOfDirectory(facts.Name.Display, now);
        var address = Moved(before, facts);
        var isNew = db.Entry(membership).State == EntityState.Added && db.Users.Local.Any(u => u.Id == membership.UserId && db.Entry(u).State == EntityState.Added);
        if (isNew) return Result.Ok; // made of the same facts

        var inside = address is { } moved && await db.OwnDomainAsync(directory.OrganizationId, moved.Domain, ct) is not null;
        if (address is not null && MayLeave(directory, before, inside) is { IsOk: false } outside) return outside;
        if (!directory.OwnsProfile || await OursAsync(directory, membership, ct) is not { } user) return Result.Ok;
        Rename(directory, user, facts.Name, now);
        return address is { } wanted ? await MoveAsync(directory, user, before, wanted, inside, now, ct) : Result.Ok;
    }

    /// <summary>The address that is new; null when none is.</summary>
    internal static EmailAddress? Moved(EmailAddress? before, DirectoryUserFacts facts) => facts.Address is { } sent && (before is null || sent != before) ? sent : null;

    /// <summary>Whether somebody whom the directory has may have an address outside the verified domains.</summary>
    internal static Result MayLeave(OrganizationDirectory directory, EmailAddress? before, bool inside) =>
        before is not null && !inside && directory.OutsideDomains == OutsideDomains.Reject ? DirectoryUserErrors.EmailDomainNotAllowed : Result.Ok;

    /// <summary>Whether the account has the address already, as good as the directory's word makes it.</summary>
    internal static bool Stands(User user, EmailAddress wanted, bool inside) =>
        user.Emails.FirstOrDefault(e => e.Normalized == wanted.Normalized) is { IsPrimary: true } known && (known.VerifiedAt is not null || !inside);

    /// <param name="isOthers">Somebody else has verified it.</param>
    /// <returns>Whether the account gets the address; what it has not by then stays the directory's word alone.</returns>
    internal static Result<bool> Moves(User user, EmailAddress? before, EmailAddress wanted, bool inside, bool isOthers)
    {
        if (inside && isOthers) return DirectoryUserErrors.EmailTaken;
        // An unverified address never stands in for one that is.
        if (!inside && user.Emails.Any(e => e.VerifiedAt is not null)) return false;
        var isNew = user.Emails.All(e => e.Normalized != wanted.Normalized && e.Normalized != before?.Normalized);
        return isNew && user.Emails.Count >= User.MaxEmails ? UserErrors.TooManyEmails : true;
    }

    /// <summary>The account, locked, where no other organization and no operator has a say in it.</summary>
    private async Task<User?> OursAsync(OrganizationDirectory directory, Membership membership, CancellationToken ct)
    {
        var ours = db.OursAlone(directory.OrganizationId).Where(u => u.Id == membership.UserId);
        if (!await ours.AnyAsync(ct) || !await db.LockAsync(membership.UserId, ct)) return null;
        return await ours.Include(u => u.Emails).SingleOrDefaultAsync(ct);
    }

    private void Rename(OrganizationDirectory directory, User user, PersonName name, DateTimeOffset now)
    {
        if ((user.Name, user.GivenName, user.FamilyName) == (name.Display, name.Given, name.Family)) return;
        var before = EventLog.FactsOf(new { user.Name, user.GivenName, user.FamilyName });
        user.Change(user.Profile with { Name = name.Display, GivenName = name.Given, FamilyName = name.Family }, now);
        events.Record(
            EventTypes.UserUpdated, directory.OrganizationId, user.Id.ToString(), new { changed = NameOnly, by = "directory", directoryId = directory.Id },
            EventLog.WithChanges(before, new { user.Name, user.GivenName, user.FamilyName }));
    }

    /// <summary>The new address takes the place of the one that the directory gave before. Only inside the verified domains does it count as verified.</summary>
    private async Task<Result> MoveAsync(OrganizationDirectory directory, User user, EmailAddress? before, EmailAddress wanted, bool inside, DateTimeOffset now, CancellationToken ct)
    {
        if (Stands(user, wanted, inside)) return Result.Ok;
        var isOthers = inside && await db.UserEmails.AnyAsync(e => e.Normalized == wanted.Normalized && e.VerifiedAt != null && e.UserId != user.Id, ct);
        var moves = Moves(user, before, wanted, inside, isOthers);
        if (!moves.IsOk) return moves.Error;
        if (!moves.Value) return Result.Ok;
        var known = user.Emails.FirstOrDefault(e => e.Normalized == wanted.Normalized);
        var former = before is { } old ? user.Emails.FirstOrDefault(e => e.Normalized == old.Normalized) : null;
        var email = user.AddEmail(wanted, inside, now);
        user.MakePrimary(email, now);
        Record(directory, known is null ? EventTypes.UserEmailAdded : EventTypes.UserPrimaryEmailChanged, user, email);
        if (former is null || former.Id == email.Id || !user.RemoveEmail(former, now).IsOk) return Result.Ok;
        Record(directory, EventTypes.UserEmailRemoved, user, former);
        return Result.Ok;
    }

    private void Record(OrganizationDirectory directory, string type, User user, UserEmail email) => events.Record(
        type, directory.OrganizationId, user.Id.ToString(),
        new { emailId = email.Id, verified = email.VerifiedAt is not null, primary = email.IsPrimary, by = "directory", directoryId = directory.Id }, new { email = email.Address });
}
