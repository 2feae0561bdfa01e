using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Events;

/// <summary>Erases what events say about people. The events stay, and so does the chain: it covers the salted hash of what is gone, and the salt goes too.</summary>
public sealed class EventErasure(IdpDbContext db)
{
    /// <summary>In every organization, in the caller's transaction. What the caller recorded itself must be saved before.</summary>
    /// <returns>How many events lost their personal data.</returns>
    public Task<int> EraseUsersAsync(IReadOnlyCollection<Id<User>> users, CancellationToken ct) =>
        db.PersonalEventData.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(p => p.UserId != null && users.Contains(p.UserId.Value)).ExecuteDeleteAsync(ct);
}
