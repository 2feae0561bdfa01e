using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Core.Roles;

/// <summary>Who gives or takes roles, with the roles they hold in the organization. Nobody passes on more than they have (SECURITY.md C10).</summary>
public sealed class Granter
{
    private readonly IReadOnlyList<HeldRole> roles;

    private Granter(bool isInstance, IReadOnlyList<HeldRole> roles) => (IsInstance, this.roles) = (isInstance, roles);

    /// <summary>An operator or an app with the whole management scope.</summary>
    public static Granter Instance { get; } = new(true, []);

    public bool IsInstance { get; }

    public bool IsOwner => IsInstance || roles.Any(r => r.Key == BuiltInRoles.Owner);

    public static Granter Holding(IReadOnlyList<HeldRole> roles) => new(false, roles);

    /// <summary>Whether this caller may give or take all of these roles.</summary>
    public Task<bool> CoversAsync(IdpDbContext db, IReadOnlyCollection<Role> wanted, CancellationToken ct) =>
        (wanted.Any(r => r is { IsBuiltIn: true, Key: BuiltInRoles.Owner }) && !IsOwner) || !wanted.All(IsAssigner)
            ? Task.FromResult(false)
            : CoversAsync(db, [.. wanted.Select(r => r.BuiltInBase).OfType<string>()], wanted.SelectMany(r => r.Permissions), ct);

    /// <summary>Whether this caller holds all of these permissions.</summary>
    public Task<bool> CoversAsync(IdpDbContext db, IEnumerable<string> permissions, CancellationToken ct) => CoversAsync(db, [], permissions, ct);

    /// <summary>A role may say which roles' holders give and take it. Owners always may: the list is theirs to change.</summary>
    private bool IsAssigner(Role role) => role.AssignableBy.Count == 0 || IsOwner || roles.Any(r => role.AssignableBy.Contains(r.Key));

    private async Task<bool> CoversAsync(IdpDbContext db, IReadOnlyCollection<string> builtInKeys, IEnumerable<string> permissions, CancellationToken ct)
    {
        if (IsInstance) return true;

        // An API may declare that a built-in role holds one of its permissions; the role's own list doesn't show that.
        var declared = (await db.Apis.AsNoTracking().Select(a => a.Permissions).ToListAsync(ct)).SelectMany(p => p).ToList();
        var keys = roles.Select(r => r.BuiltIn).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var held = roles.SelectMany(r => r.Permissions).Concat(declared.Where(p => p.BuiltInRoles.Any(keys.Contains)).Select(p => p.Name)).ToHashSet(StringComparer.Ordinal);
        return permissions.Concat(declared.Where(p => p.BuiltInRoles.Any(builtInKeys.Contains)).Select(p => p.Name)).All(held.Contains);
    }
}
