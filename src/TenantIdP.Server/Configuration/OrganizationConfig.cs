using System.Text.Json;
using System.Text.Json.Nodes;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Management;

namespace TenantIdP.Server.Configuration;

/// <summary>Organizations by their slug. One ends only when the file says so.</summary>
internal sealed class OrganizationConfig(OrganizationService organizations, OrganizationList list, OrganizationDeletion deletion)
{
    public const string State = "state";
    public const string Active = "active";
    public const string Suspended = "suspended";
    public const string Deleted = "deleted";
    private const string RequireSso = "requireSso";

    public static readonly ConfigSchema Kind = new("organizations", "organization", key => Slug.TryParse(key, out var slug) ? slug.Value : null,
    [
        new("displayName", Shape.Name, PropertyTraits.Required),
        new("externalId", Shape.Text, PropertyTraits.Nullable),
        new(State, Shape.Choice(Active, Suspended, Deleted)),
        new(RequireSso, Shape.Flag),
        new("acceptHomeSso", Shape.Flag),
        new("memberLimit", Shape.Number, PropertyTraits.Nullable),
        new("exclusiveMembership", Shape.Flag),
        new("directoryAuthoritative", Shape.Flag),
        new("metadata", Shape.Json),
    ]);

    public async Task<ConfigItem?> FindAsync(string slug, CancellationToken ct)
    {
        var found = await organizations.FindBySlugAsync(slug, ct);
        return found.IsOk && found.Value.Slug.Value == slug ? Of(found.Value) : null; // a former slug leads there, too, and is not its key
    }

    public async Task<IReadOnlyList<Organization>> ListAsync(CancellationToken ct) => await ConfigJson.AllAsync(page => list.ListAsync(new OrganizationFilter(), page, ct));

    public async Task<Result<ConfigItem>> CreateAsync(ConfigItem wanted, CancellationToken ct)
    {
        var values = Only(wanted.Values, "displayName", "externalId", "metadata");
        values["slug"] = wanted.Key;
        var request = ConfigJson.To<CreateOrganizationRequest>(values);
        if (!request.IsOk) return request.Error;
        var created = await organizations.CreateAsync(new NewOrganization(request.Value.DisplayName, request.Value.Slug, request.Value.ExternalId) { Metadata = request.Value.Metadata }, ct);
        return created.IsOk ? Of(created.Value) : created.Error;
    }

    /// <summary>What comes before the things that are in it: it must be there, and nothing may be required that they still fulfil.</summary>
    public async Task<Result<ConfigItem>> BeginAsync(ConfigItem seen, JsonObject patch, CancellationToken ct)
    {
        if (patch[State]?.GetValue<string>() == Active)
        {
            var opened = seen.Values[State]!.GetValue<string>() == Deleted ? await deletion.RestoreAsync(Id(seen), ct) : await organizations.ResumeAsync(Id(seen), ct); // Of sets it
            if (!opened.IsOk) return opened.Error;
            seen = Of(opened.Value);
        }

        return await ChangeAsync(seen, Without(patch, patch[RequireSso]?.GetValue<bool>() == true ? [State, RequireSso] : [State]), ct);
    }

    /// <summary>What comes after: a policy that they must fulfil, and the end.</summary>
    public async Task<Result> EndAsync(ConfigItem seen, JsonObject patch, CancellationToken ct)
    {
        if (patch[RequireSso]?.GetValue<bool>() == true)
        {
            var required = await ChangeAsync(seen, Only(patch, RequireSso), ct);
            if (!required.IsOk) return required.Error;
            seen = required.Value;
        }

        return patch[State]?.GetValue<string>() switch
        {
            Suspended => (await organizations.SuspendAsync(Id(seen), ct)).WithoutValue(),
            Deleted => (await deletion.DeleteAsync(Id(seen), seen.Version, ct)).WithoutValue(),
            _ => Result.Ok,
        };
    }

    private async Task<Result<ConfigItem>> ChangeAsync(ConfigItem seen, JsonObject patch, CancellationToken ct)
    {
        if (patch.Count == 0) return seen;
        var changes = ConfigJson.To<OrganizationChanges>(patch);
        if (!changes.IsOk) return changes.Error;
        var changed = await organizations.UpdateAsync(Id(seen), changes.Value, Granter.Instance, seen.Version, ct);
        return changed.IsOk ? Of(changed.Value) : changed.Error;
    }

    private static Id<Organization> Id(ConfigItem seen) => Id<Organization>.Parse(seen.Id, null);

    private static ConfigItem Of(Organization o)
    {
        var response = ConfigJson.Of(OrganizationResponse.From(o));
        response[State] = o.Status switch { OrganizationStatus.Active => Active, OrganizationStatus.Suspended => Suspended, _ => Deleted };
        return new ConfigItem(o.Slug.Value, ConfigProperties.Canonical(response, Kind.Properties)) { Id = o.Id.ToString(), Version = o.Version };
    }

    private static JsonObject Only(JsonObject values, params string[] names) => new(values.Where(v => names.Contains(v.Key)).Select(v => KeyValuePair.Create(v.Key, v.Value?.DeepClone())));

    private static JsonObject Without(JsonObject values, params string[] names) => new(values.Where(v => !names.Contains(v.Key)).Select(v => KeyValuePair.Create(v.Key, v.Value?.DeepClone())));
}
