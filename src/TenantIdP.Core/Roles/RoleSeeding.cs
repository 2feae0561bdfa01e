using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Roles;

/// <summary>Brings the built-in roles of the instance to what this version publishes; custom roles are left alone.</summary>
public static class RoleSeeding
{
    public static async Task SeedAsync(IdpDbContext db, DateTimeOffset now, CancellationToken ct)
    {
        // The instance's roles: no organization is entered yet.
        var stored = await db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => r.OrganizationId == Organization.Instance).ToListAsync(ct);
        foreach (var (key, displayName, permissions) in BuiltInRoles.All)
        {
            if (stored.Find(r => r.Key == key) is { } role) role.RefreshBuiltIn(permissions, now);
            else db.Roles.Add(Role.BuiltIn(key, displayName, permissions, now));
        }

        await db.SaveChangesAsync(ct);
    }
}
