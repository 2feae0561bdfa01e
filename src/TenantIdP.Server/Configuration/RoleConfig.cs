using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Management;

namespace TenantIdP.Server.Configuration;

/// <summary>Roles of the instance or of one organization, by their key. The built-in four are the server's own.</summary>
internal sealed class RoleConfig(RoleService roles) : ConfigKind
{
    private const string Extends = "extends";

    public static readonly ConfigSchema Kind = new("roles", "role", key => BuiltInRoles.IsBuiltIn(key) ? null : key,
    [
        new("displayName", Shape.Name, PropertyTraits.Required),
        new("permissions", Shape.Set),
        new(Extends, Shape.Text, PropertyTraits.Nullable),
        new("assignableBy", Shape.Set),
    ]);

    public override ConfigSchema Schema => Kind;

    public override async Task<IReadOnlyList<ConfigItem>> ReadAsync(Id<Organization> owner, CancellationToken ct) =>
    [
        .. (await ConfigJson.AllAsync(page => roles.ListAsync(owner, new RoleFilter(), page, ct))).Where(r => r.OrganizationId == owner && !r.IsBuiltIn)
            .Select(r => new ConfigItem(r.Key, ConfigProperties.Canonical(ConfigJson.Of(RoleResponse.From(r)), Kind.Properties)) { Id = r.Id.ToString(), Version = r.Version }),
    ];

    public override async Task<Result> CreateAsync(Id<Organization> owner, ConfigEdit edit, CancellationToken ct)
    {
        edit.Patch["key"] = edit.Wanted.Key;
        var request = ConfigJson.To<CreateRoleRequest>(edit.Patch);
        if (!request.IsOk) return request.Error;
        return (await roles.CreateAsync(owner, request.Value.ToNew(), Granter.Instance, ct)).WithoutValue();
    }

    public override async Task<Result> UpdateAsync(Id<Organization> owner, ConfigItem seen, ConfigEdit edit, CancellationToken ct)
    {
        var changes = ConfigJson.To<RoleChanges>(edit.Patch);
        return changes.IsOk ? (await roles.UpdateAsync(owner, Id<Role>.Parse(seen.Id, null), changes.Value, Granter.Instance, seen.Version, ct)).WithoutValue() : changes.Error;
    }

    /// <summary>A role comes after the one that it extends.</summary>
    public override IEnumerable<ConfigItem> InOrder(IReadOnlyCollection<ConfigItem> items)
    {
        var known = items.ToDictionary(i => i.Key, StringComparer.Ordinal);
        return items.OrderBy(Above);

        int Above(ConfigItem item)
        {
            var above = 0;
            for (var next = item; above < RoleHierarchy.Longest && next.Values[Extends]?.GetValue<string>() is { } key && known.TryGetValue(key, out var over); next = over) above++;
            return above;
        }
    }

    public override Task<Result> DeleteAsync(Id<Organization> owner, ConfigItem seen, CancellationToken ct) => roles.DeleteAsync(owner, Id<Role>.Parse(seen.Id, null), Granter.Instance, ct);
}
