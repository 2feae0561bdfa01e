using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Directories;

/// <summary>What of an account a directory owns, where it does (FEATURES.md row 27).</summary>
internal sealed record OwnedProfile(PersonName Name, string? PrimaryAddress)
{
    public static OwnedProfile Of(User user) => new(new PersonName(user.Name, user.GivenName, user.FamilyName), user.PrimaryEmail?.Normalized);
}

/// <summary>
/// Whose account is an organization's alone, so that its directory names and addresses it, and nobody else does. Crosses organizations to see that nobody else knows the account.
/// </summary>
internal static class ProfileOwnership
{
    /// <summary>Accounts that the organization made, and that no other organization and no operator has a say in.</summary>
    public static IQueryable<User> OursAlone(this IdpDbContext db, Id<Organization> organization) =>
        db.Users.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(u => u.Status == UserStatus.Active && !u.IsOperator && u.CreatedByOrganization == organization
            && !db.Memberships.Any(m => m.UserId == u.Id && m.OrganizationId != organization));

    /// <summary>One change of one person by anybody but a directory, as <see cref="UserLock.ChangeAsync"/>; refused when it changes what a directory owns.</summary>
    public static Task<Result<T>> ChangeProfileAsync<T>(this IdpDbContext db, Id<User> id, IReadOnlyDictionary<string, Error> unique, Func<User, Task<Result<T>>> change, CancellationToken ct) where T : notnull =>
        db.ChangeAsync<T>(
            id, unique, async user =>
            {
                var before = OwnedProfile.Of(user);
                var changed = await change(user);
                if (!changed.IsOk) return changed;
                return await db.CheckOwnedAsync(user, before, ct) is { IsOk: false, Error: { } owned } ? owned : changed;
            }, ct);

    /// <summary>Refuses what has changed of a person by anybody but their directory. Asks nothing where nothing that may be owned has changed.</summary>
    /// <param name="user">As they would be.</param>
    public static async Task<Result> CheckOwnedAsync(this IdpDbContext db, User user, OwnedProfile before, CancellationToken ct)
    {
        if (OwnedProfile.Of(user) == before || user.CreatedByOrganization is not { } organization) return Result.Ok;
        var id = user.Id;
        var isOwned = await db.OursAlone(organization).AnyAsync(u => u.Id == id
            && db.DirectoryUsers.Any(d => d.OrganizationId == organization && d.UserId == id && d.DeletedAt == null
                && db.Directories.Any(o => o.OrganizationId == organization && o.Id == d.DirectoryId && o.OwnsProfile)), ct);
        return isOwned ? UserErrors.ManagedByDirectory : Result.Ok;
    }
}
