using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Roles;

/// <summary>Brings the built-in roles of the instance to what this version publishes; custom roles are left alone.</summary>
public static class RoleSeeding
{
    public static async Task SeedAsync(IdpDbContext db, TimeProvider clock, CancellationToken ct)
    {
        var (now, refreshed) = (clock.GetUtcNow(), new List<Role>());
        // The instance's roles: no organization is entered yet.
        var stored = await db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => r.OrganizationId == Organization.Instance).ToListAsync(ct);
        foreach (var (key, displayName, permissions) in BuiltInRoles.All)
        {
            if (stored.Find(r => r.Key == key) is { } role)
            {
                if (role.RefreshBuiltIn(permissions, now)) refreshed.Add(role);
            }
            else
            {
                db.Roles.Add(Role.BuiltIn(key, displayName, permissions, now));
            }
        }

        if (!db.ChangeTracker.HasChanges()) return;
        await db.InTransactionAsync<bool>(
            async () =>
            {
                await db.SaveChangesAsync(ct);
                var hierarchy = new RoleHierarchy(db, clock);
                foreach (var role in refreshed) await hierarchy.PassOnAsync(role, ct);
                return true;
            }, ct);
    }
}
