using System.Text.Json.Nodes;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Management;

namespace TenantIdP.Server.Configuration;

/// <summary>Domains by their host. A file claims; it verifies only as an operator does, with a reason. Rules name connections, which are made before.</summary>
internal sealed class DomainConfig(DomainService domains, DomainRouting routing, ConnectionService connections) : ConfigKind
{
    private const string Verified = "verified";
    private const string Reason = "reason";
    private const string Subdomains = "includeSubdomains";
    private const string Rules = "connections";
    private const string ConnectionName = "connection";
    private const string Host = "host";

    public static readonly ConfigSchema Kind = new("domains", "domain", key => HostName.TryParse(key, out var host) ? host.Value : null,
    [
        new(Subdomains, Shape.Flag),
        new("assignment", Shape.Choice(ConfigJson.ToTexts<AssignmentMode>())),
        new("defaultRole", Shape.Text),
        new(Rules, Shape.ListOf(Shape.Whole(new(ConnectionName, Shape.Name), new(Host, Shape.Text, PropertyTraits.Nullable)))),
        new(Verified, Shape.Flag),
        new(Reason, Shape.Name, PropertyTraits.Told),
    ]);

    public override ConfigSchema Schema => Kind;

    public override async Task<IReadOnlyList<ConfigItem>> ReadAsync(Id<Organization> owner, CancellationToken ct)
    {
        var found = await ConfigJson.AllAsync(page => domains.ListAsync(owner, page, ct));
        var names = found.Any(d => d.Connections.Count > 0) ? (await ConnectionsAsync(owner, ct)).ToDictionary(c => c.Id, c => c.DisplayName) : [];
        return [.. found.Select(d => Of(d, names))];
    }

    public override async Task<Result> CreateAsync(Id<Organization> owner, ConfigEdit edit, CancellationToken ct)
    {
        var claimed = await domains.ClaimAsync(owner, edit.Wanted.Key, edit.Patch[Subdomains]?.GetValue<bool>() ?? false, ct);
        return claimed.IsOk ? await ChangeAsync(owner, claimed.Value.Id, null, edit, ct) : claimed.Error;
    }

    public override Task<Result> UpdateAsync(Id<Organization> owner, ConfigItem seen, ConfigEdit edit, CancellationToken ct) => ChangeAsync(owner, Id<OrganizationDomain>.Parse(seen.Id, null), seen.Version, edit, ct);

    public override Task<Result> DeleteAsync(Id<Organization> owner, ConfigItem seen, CancellationToken ct) => domains.ReleaseAsync(owner, Id<OrganizationDomain>.Parse(seen.Id, null), ct);

    public override string? Objection(ConfigItem wanted, IReadOnlyList<PropertyChange> changes)
    {
        if (changes.FirstOrDefault(c => c.Path == Verified) is not { After: { } after } change) return null;
        if (after.GetValue<bool>()) return wanted.Values[Reason] is null ? "verified needs a reason: why you vouch for it." : null;
        return change.Before is null ? null : "A verification is not taken back; release the domain.";
    }

    // What a proof in the DNS gave is proven anew elsewhere, so it is no configuration.
    public override JsonObject ToExport(string owner, ConfigItem seen)
    {
        var values = base.ToExport(owner, seen);
        if (values[Reason] is null) values.Remove(Verified);
        return values;
    }

    private async Task<Result> ChangeAsync(Id<Organization> owner, Id<OrganizationDomain> id, int? version, ConfigEdit edit, CancellationToken ct)
    {
        var values = new JsonObject(edit.Patch.Where(v => v.Key is not (Verified or Reason)).Select(v => KeyValuePair.Create(v.Key, v.Value?.DeepClone())));
        if (values[Rules] is JsonArray rules)
        {
            var known = (await ConnectionsAsync(owner, ct)).ToLookup(c => c.DisplayName, c => c.Id, StringComparer.Ordinal);
            foreach (var rule in rules.OfType<JsonObject>())
            {
                var name = rule[ConnectionName]!.GetValue<string>(); // all members of such an object are there
                if (!known.Contains(name)) return DomainErrors.ConnectionUnknown;
                rule.Remove(ConnectionName);
                rule["connectionId"] = known[name].First().ToString();
            }
        }

        if (values.Count > 0)
        {
            var changes = ConfigJson.To<DomainChanges>(values);
            if (!changes.IsOk) return changes.Error;
            var updated = await routing.UpdateAsync(owner, id, changes.Value, Granter.Instance, version, ct);
            if (!updated.IsOk) return updated.Error;
        }

        return edit.Patch[Verified]?.GetValue<bool>() == true ? (await domains.VerifyByOperatorAsync(owner, id, edit.Wanted.Values[Reason]?.GetValue<string>() ?? "", ct)).WithoutValue() : Result.Ok;
    }

    private Task<IReadOnlyList<Connection>> ConnectionsAsync(Id<Organization> owner, CancellationToken ct) => ConfigJson.AllAsync(page => connections.ListAsync(owner, page, ct));

    private static JsonObject Rule(string connection, string? host) => host is null ? new JsonObject { [ConnectionName] = connection } : new JsonObject { [ConnectionName] = connection, [Host] = host };

    private static ConfigItem Of(OrganizationDomain d, Dictionary<Id<Connection>, string> names)
    {
        var stored = ConfigJson.Of(DomainResponse.From(d));
        stored[Rules] = new JsonArray([.. d.Connections.OrderBy(c => c.Position).Select(c => Rule(names[c.ConnectionId], c.Host))]);
        var values = ConfigProperties.Canonical(stored, Kind.Properties);
        if (d is { VerifiedBy: VerificationMethod.Operator, VerificationReason: { } reason }) values[Reason] = reason;
        return new ConfigItem(d.Host.Value, values) { Id = d.Id.ToString(), Version = d.Version };
    }
}
