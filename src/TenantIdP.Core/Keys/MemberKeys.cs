using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Keys;

/// <summary>What becomes of a member's keys when their membership changes; in the caller's transaction and tenant scope.</summary>
internal static class MemberKeys
{
    /// <summary>Who was removed has no key any more, also when somebody brings them back. Keys of who is deactivated wait for them.</summary>
    public static async Task RevokeKeysAsync(this IdpDbContext db, EventLog events, Id<Organization> organization, Id<User> maker, CancellationToken ct)
    {
        foreach (var key in await db.ApiKeys.Where(k => k.OrganizationId == organization && k.CreatedBy == maker).ToListAsync(ct)) db.Revoke(key, events);
    }

    /// <summary>Of a merged account: they are the survivor's, and end where the person was removed.</summary>
    /// <param name="status">Of the membership after the merge.</param>
    public static async Task MergeKeysAsync(this IdpDbContext db, EventLog events, Id<Organization> organization, Id<User> from, Id<User> into, MembershipStatus status, DateTimeOffset now, CancellationToken ct)
    {
        foreach (var key in await db.ApiKeys.Where(k => k.OrganizationId == organization && k.CreatedBy == from).ToListAsync(ct))
        {
            if (status == MembershipStatus.Removed)
            {
                db.Revoke(key, events);
                continue;
            }

            var before = EventLog.FactsOf(KeyService.Facts(key));
            key.MoveTo(into, now);
            events.RecordChange(EventTypes.KeyUpdated, organization, key.Id.ToString(), before, KeyService.Facts(key));
        }

        if (status == MembershipStatus.Removed) await db.RevokeKeysAsync(events, organization, into, ct);
    }

    public static void Revoke(this IdpDbContext db, ApiKey key, EventLog events)
    {
        db.ApiKeys.Remove(key);
        events.Record(EventTypes.KeyRevoked, key.OrganizationId, key.Id.ToString(), KeyService.Facts(key));
    }
}
