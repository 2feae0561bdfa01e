using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Users;

/// <summary>What is kept under an id that became another one is still about the same person.</summary>
internal static class MergedAccounts
{
    /// <summary>The account and all that were merged into it, over any number of steps.</summary>
    public static async Task<List<Id<User>>> WithMergedAsync(this IdpDbContext db, Id<User> user, CancellationToken ct)
    {
        var (all, last) = (new List<Id<User>> { user }, new List<Id<User>> { user });
        while (last.Count > 0)
        {
            var into = last;
            last = await db.Users.Where(u => u.MergedInto != null && into.Contains(u.MergedInto.Value)).Select(u => u.Id).ToListAsync(ct);
            all.AddRange(last);
        }

        return all;
    }
}
