using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Apps;

public static class GivenConsents
{
    /// <summary>Whether a person has allowed an app that much: asked where a request is answered, and where a later one names another API without a page in between.</summary>
    /// <param name="api">Null for a token that opens userinfo only.</param>
    /// <param name="since">They must have been asked then or later; null for whenever it was.</param>
    public static async Task<bool> HasAllowedAsync(this IdpDbContext db, Id<User> user, Id<App> app, IReadOnlyList<string> scopes, string? api, DateTimeOffset? since, CancellationToken ct) =>
        await db.AppConsents.AsNoTracking().SingleOrDefaultAsync(c => c.UserId == user && c.AppId == app, ct) is { } given && given.Covers(scopes, api) && !(given.GivenAt < since);
}
