using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Roles;

/// <summary>
/// Which roles of the instance an organization may see and give: the tiers of a plan. Owner and member are in every set, because an organization can't be without them; an
/// organization's own roles are in none and stay its own.
/// </summary>
public sealed class RoleSet : IHasIdPrefix, IVersioned
{
    /// <summary>How many sets an instance has.</summary>
    public const int Most = 100;

    public const int MaxRoles = 200;

    private readonly List<RoleSetRole> roles = [];

    private RoleSet(Id<RoleSet> id, string displayName, DateTimeOffset createdAt) => (Id, DisplayName, CreatedAt, UpdatedAt) = (id, displayName, createdAt, createdAt);

    public static string IdPrefix => "rst";

    /// <summary>Roles that no set leaves out.</summary>
    public static IReadOnlyList<string> Always { get; } = [BuiltInRoles.Member, BuiltInRoles.Owner];

    public Id<RoleSet> Id { get; private set; }
    public string DisplayName { get; private set; }
    public IReadOnlyList<RoleSetRole> Roles => roles;
    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }
    public int Version { get; private set; }

    public static Result<RoleSet> Create(string displayName, IReadOnlyList<Role> roles, DateTimeOffset now)
    {
        var set = new RoleSet(Id<RoleSet>.New(now), "", now);
        var changed = set.Change(displayName, roles, now);
        return changed.IsOk ? set : changed.Error;
    }

    /// <param name="wanted">Roles of the instance, owner and member among them.</param>
    public Result Change(string displayName, IReadOnlyList<Role> wanted, DateTimeOffset now)
    {
        var name = Kernel.DisplayName.Check(displayName, "displayName");
        if (!name.IsOk) return name.Error;
        if (wanted.Count > MaxRoles) return RoleSetErrors.TooManyRoles;
        (DisplayName, UpdatedAt) = (name.Value, now);
        roles.RemoveAll(has => wanted.All(r => r.Id != has.RoleId));
        roles.AddRange(wanted.Where(r => roles.All(has => has.RoleId != r.Id)).Select(r => new RoleSetRole(Id, r.OrganizationId, r.Id)));
        return Result.Ok;
    }
}

/// <summary>One role of one set. A deleted role is in none.</summary>
public sealed class RoleSetRole
{
    internal RoleSetRole(Id<RoleSet> roleSetId, Id<Organization> roleOrganizationId, Id<Role> roleId) => (RoleSetId, RoleOrganizationId, RoleId) = (roleSetId, roleOrganizationId, roleId);

    public Id<RoleSet> RoleSetId { get; private set; }

    /// <summary>The instance, always.</summary>
    public Id<Organization> RoleOrganizationId { get; private set; }

    public Id<Role> RoleId { get; private set; }
}
