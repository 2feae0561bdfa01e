using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Server.Management;

/// <summary>Who calls, as far as they were admitted to the endpoint that runs.</summary>
internal sealed class ManagementCaller
{
    private IReadOnlySet<string> permissions = new HashSet<string>();

    /// <summary>The person, unless an app calls for itself.</summary>
    public Id<User>? User { get; private set; }

    /// <summary>When the person proved who they are, by what counts for the organization; null for apps and keys.</summary>
    public DateTimeOffset? ProvenAt { get; private set; }

    /// <summary>The organization of the token, when it is of one.</summary>
    public Id<Organization>? Organization { get; private set; }

    /// <summary>The workspace of the person's token, which permits nothing here.</summary>
    public Id<Workspace>? Workspace { get; set; }

    public Granter Granter { get; private set; } = Granter.Holding([]);

    public bool IsInstance => Granter.IsInstance;

    public bool Has(string permission) => IsInstance || permissions.Contains(permission);

    public void IsApp() => Granter = Granter.Instance;

    public void IsUser(Id<User> user, Id<Organization>? organization, IReadOnlyList<Core.Tokens.HeldRole> roles, DateTimeOffset? provenAt)
    {
        (User, Organization, Granter, ProvenAt) = (user, organization, Granter.Holding(roles), provenAt);
        permissions = roles.SelectMany(r => r.Permissions).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Nobody's: something that acts in one organization for itself, with permissions of its own.</summary>
    public void IsBound(Id<Organization> organization, IReadOnlyList<string> granted)
    {
        (Organization, Granter) = (organization, Granter.Holding([new Core.Tokens.HeldRole("", granted)])); // no role has this key
        permissions = granted.ToHashSet(StringComparer.Ordinal);
    }
}
