using System.Text.Json;
using System.Text.Json.Nodes;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Management;

namespace TenantIdP.Server.Configuration;

/// <summary>
/// Organizations by their slug, which is the tenant's to change: what says that one is meant, and not whoever has its slug today, is a pin. One ends only when the file says so.
/// </summary>
internal sealed class OrganizationConfig(OrganizationService organizations, OrganizationList list, OrganizationDeletion deletion, SsoEnforcementService enforcement)
{
    public const string State = "state";
    public const string Active = "active";
    public const string Suspended = "suspended";
    public const string Deleted = "deleted";
    public const string Pin = "id";
    private const string ExternalId = "externalId";
    private const string SlugName = "slug";
    private const string RequireSso = "requireSso";
    private const string Enforcement = "ssoEnforcement";

    public static readonly ConfigSchema Kind = new("organizations", "organization", key => Slug.TryParse(key, out var slug) ? slug.Value : null,
    [
        new(Pin, Shape.Text, PropertyTraits.Told),
        new("displayName", Shape.Name, PropertyTraits.Required),
        new(ExternalId, Shape.Text, PropertyTraits.Nullable),
        new(State, Shape.Choice(Active, Suspended, Deleted)),
        new(RequireSso, Shape.Flag),
        new(Enforcement, Shape.Whole(new("exceptRoles", Shape.Set), new("rolloutPercent", Shape.Number), new("rolloutRoles", Shape.Set, PropertyTraits.Nullable)), PropertyTraits.Nullable),
        new("acceptHomeSso", Shape.Flag),
        new("memberLimit", Shape.Number, PropertyTraits.Nullable),
        new("exclusiveMembership", Shape.Flag),
        new("membershipDomains", Shape.Choice("any", "verified_only", "list")),
        new("membershipDomainList", Shape.Hosts),
        new("directoryAuthoritative", Shape.Flag),
        new("allowDifferentEmail", Shape.Flag),
        new("metadata", Shape.Json),
    ]);

    /// <summary>Whether the file says which organization it means by what a tenant can't change.</summary>
    public static bool IsPinned(ConfigItem wanted) => Text(wanted, Pin) is not null || Text(wanted, ExternalId) is not null;

    /// <summary>The organization that the file means. Its pin is matched first; a slug that leads to another one is a problem, and nothing is changed.</summary>
    public async Task<ConfigItem?> FindAsync(ConfigItem wanted, ConfigProblems problems, CancellationToken ct)
    {
        var (id, externalId) = (Text(wanted, Pin), Text(wanted, ExternalId));
        var led = (await organizations.FindBySlugAsync(wanted.Key, ct)).Value; // by a former slug, too, which is not its key
        var holder = led?.Slug.Value == wanted.Key ? led : null;
        Organization? pinned = null;
        if (id is not null)
        {
            pinned = Id<Organization>.TryParse(id, out var known) && known != Organization.Instance ? (await organizations.FindAsync(known, ct)).Value : null;
            if (pinned is null) return Refuse("config_organization_unknown", $"There is no organization {Terminal.Quote(id)} here. In a file of another instance, leave the ids out (export --without-ids).");
        }
        else if (externalId is not null)
        {
            pinned = (await organizations.FindByExternalIdAsync(externalId, ct)).Value;
        }

        if (holder is not null && pinned?.Id != holder.Id && (pinned is not null || externalId is not null))
            return Refuse("config_organization_mismatch", $"The slug {Terminal.Quote(wanted.Key)} is that of {holder.Id}, which is not the organization that the file pins. If it is the one you mean, say id: {holder.Id}.");
        if (pinned is null && holder is null && led is not null)
            return Refuse("config_organization_renamed", $"The organization {Terminal.Quote(wanted.Key)} was renamed to {Terminal.Quote(led.Slug.Value)}. If it is the one you mean, say id: {led.Id}; another one can have this slug after {OrganizationSlug.Kept.Days} days at most.");
        return (pinned ?? holder) is { } found ? Of(found) : null;

        ConfigItem? Refuse(string code, string message)
        {
            problems.Add(new ConfigProblem(code, message, wanted.Place?.Line ?? 0, wanted.Place?.Column ?? 0));
            return null;
        }
    }

    /// <summary>Another slug for an organization that is pinned; null when it has the file's, and when it ends.</summary>
    public static PropertyChange? Renaming(ConfigItem wanted, ConfigItem? seen) => seen is null || seen.Key == wanted.Key || wanted.Values[State]?.GetValue<string>() == Deleted ? null : new PropertyChange(SlugName, seen.Key, wanted.Key, Shape.Text);

    public async Task<IReadOnlyList<Organization>> ListAsync(CancellationToken ct) => await ConfigJson.AllAsync(page => list.ListAsync(new OrganizationFilter(), page, ct));

    public async Task<Result<ConfigItem>> CreateAsync(ConfigItem wanted, CancellationToken ct)
    {
        var values = Only(wanted.Values, "displayName", ExternalId, "metadata");
        values[SlugName] = wanted.Key;
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

        return await ChangeAsync(seen, Without(patch, patch[RequireSso]?.GetValue<bool>() == true ? [State, Enforcement, RequireSso] : [State, Enforcement]), ct);
    }

    /// <summary>What comes after: a policy that they must fulfil, and the end.</summary>
    public async Task<Result> EndAsync(ConfigItem seen, JsonObject patch, CancellationToken ct)
    {
        if (patch[RequireSso]?.GetValue<bool>() == true || patch.ContainsKey(Enforcement))
        {
            var required = await EnforceAsync(seen, patch, ct);
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

    /// <summary>People are no configuration: those who are named for break-glass stay named.</summary>
    private async Task<Result<ConfigItem>> EnforceAsync(ConfigItem seen, JsonObject patch, CancellationToken ct)
    {
        var isRequired = patch[RequireSso]?.GetValue<bool>() ?? seen.Values[RequireSso]!.GetValue<bool>(); // Of sets it
        var wanted = (patch.ContainsKey(Enforcement) ? patch[Enforcement] : seen.Values[Enforcement])?.DeepClone().AsObject() ?? [];
        var spares = wanted["exceptRoles"] is JsonArray { Count: > 0 };
        wanted["mode"] = !isRequired ? "optional" : spares ? "required_except_roles" : "required";
        var request = ConfigJson.To<SetSsoEnforcementRequest>(wanted);
        if (!request.IsOk) return request.Error;
        var changed = await enforcement.SetAsync(Id(seen), request.Value.ToNew(), Granter.Instance, seen.Version, ct);
        return changed.IsOk ? Of(changed.Value) : changed.Error;
    }

    private async Task<Result<ConfigItem>> ChangeAsync(ConfigItem seen, JsonObject patch, CancellationToken ct)
    {
        if (patch.Count == 0) return seen;
        var changes = ConfigJson.To<OrganizationChanges>(patch);
        if (!changes.IsOk) return changes.Error;
        var changed = await organizations.UpdateAsync(Id(seen), changes.Value, Granter.Instance, seen.Version, ct);
        return changed.IsOk ? Of(changed.Value) : changed.Error;
    }

    private static string? Text(ConfigItem wanted, string name) => wanted.Values[name]?.GetValue<string>() is { Length: > 0 } text ? text : null;

    private static Id<Organization> Id(ConfigItem seen) => Id<Organization>.Parse(seen.Id, null);

    public static ConfigItem Of(Organization o)
    {
        var response = ConfigJson.Of(OrganizationResponse.From(o));
        response[State] = o.Status switch { OrganizationStatus.Active => Active, OrganizationStatus.Suspended => Suspended, _ => Deleted };
        return new ConfigItem(o.Slug.Value, ConfigProperties.Canonical(response, Kind.Properties)) { Id = o.Id.ToString(), Version = o.Version };
    }

    private static JsonObject Only(JsonObject values, params string[] names) => new(values.Where(v => names.Contains(v.Key)).Select(v => KeyValuePair.Create(v.Key, v.Value?.DeepClone())));

    private static JsonObject Without(JsonObject values, params string[] names) => new(values.Where(v => !names.Contains(v.Key)).Select(v => KeyValuePair.Create(v.Key, v.Value?.DeepClone())));
}
