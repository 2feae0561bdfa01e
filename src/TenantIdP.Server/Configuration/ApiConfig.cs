using TenantIdP.Core.Apis;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Management;

namespace TenantIdP.Server.Configuration;

/// <summary>APIs by their identifier. The management API is the server's own.</summary>
internal sealed class ApiConfig(ApiService apis, IssuerOptions issuer) : ConfigKind
{
    public static readonly ConfigSchema Kind = new("apis", "api", key => key,
    [
        new("displayName", Shape.Name, PropertyTraits.Required),
        new("scopes", Shape.Set),
        new("permissions", Shape.ListOf(Shape.Whole(new("name", Shape.Text), new("builtInRoles", Shape.Set)), "name")),
        new("accessTokenSeconds", Shape.Number, PropertyTraits.Nullable),
        new("signingAlgorithm", Shape.Choice("ES256", "RS256")),
    ]);

    public override ConfigSchema Schema => Kind;

    public override async Task<IReadOnlyList<ConfigItem>> ReadAsync(Id<Organization> owner, CancellationToken ct) =>
    [
        .. (await ConfigJson.AllAsync(page => apis.ListAsync(page, ct))).Where(a => a.Identifier != issuer.ManagementApi)
            .Select(a => new ConfigItem(a.Identifier, ConfigProperties.Canonical(ConfigJson.Of(ApiResponse.From(a)), Kind.Properties)) { Id = a.Id.ToString(), Version = a.Version }),
    ];

    public override async Task<Result> CreateAsync(Id<Organization> owner, ConfigEdit edit, CancellationToken ct)
    {
        edit.Patch["identifier"] = edit.Wanted.Key;
        var request = ConfigJson.To<CreateApiRequest>(edit.Patch);
        return request.IsOk ? (await apis.CreateAsync(request.Value.ToNew(), ct)).WithoutValue() : request.Error;
    }

    public override async Task<Result> UpdateAsync(Id<Organization> owner, ConfigItem seen, ConfigEdit edit, CancellationToken ct)
    {
        var changes = ConfigJson.To<ApiChanges>(edit.Patch);
        return changes.IsOk ? (await apis.UpdateAsync(Id<Api>.Parse(seen.Id, null), changes.Value, seen.Version, ct)).WithoutValue() : changes.Error;
    }

    public override Task<Result> DeleteAsync(Id<Organization> owner, ConfigItem seen, CancellationToken ct) => apis.DeleteAsync(Id<Api>.Parse(seen.Id, null), ct);
}
