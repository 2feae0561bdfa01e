using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Events;

/// <summary>Erases what events say about a person. The events stay, and so does the chain: it covers the salted hash of what is gone, and the salt goes too.</summary>
public sealed class EventErasure(IdpDbContext db)
{
    /// <summary>In every organization, in the caller's transaction. What the caller recorded itself must be saved before.</summary>
    /// <returns>How many events lost their personal data.</returns>
    public Task<int> EraseUserAsync(Id<User> user, CancellationToken ct) =>
        db.PersonalEventData.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(p => p.UserId == user).ExecuteDeleteAsync(ct);
}
