using System.Text.Json.Nodes;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Server.Management;

namespace TenantIdP.Server.Configuration;

/// <summary>Domains by their host. A file claims; it verifies only as an operator does, with a reason.</summary>
internal sealed class DomainConfig(DomainService domains) : ConfigKind
{
    private const string Verified = "verified";
    private const string Reason = "reason";

    public static readonly ConfigSchema Kind = new("domains", "domain", key => HostName.TryParse(key, out var host) ? host.Value : null,
    [
        new("includeSubdomains", Shape.Flag, PropertyTraits.Fixed),
        new(Verified, Shape.Flag),
        new(Reason, Shape.Name, PropertyTraits.Told),
    ]);

    public override ConfigSchema Schema => Kind;

    public override async Task<IReadOnlyList<ConfigItem>> ReadAsync(Id<Organization> owner, CancellationToken ct) =>
        [.. (await ConfigJson.AllAsync(page => domains.ListAsync(owner, page, ct))).Select(Of)];

    public override async Task<Result> CreateAsync(Id<Organization> owner, ConfigEdit edit, CancellationToken ct)
    {
        var claimed = await domains.ClaimAsync(owner, edit.Wanted.Key, edit.Patch["includeSubdomains"]?.GetValue<bool>() ?? false, ct);
        return claimed.IsOk ? await VerifyAsync(owner, claimed.Value.Id, edit, ct) : claimed.Error;
    }

    public override Task<Result> UpdateAsync(Id<Organization> owner, ConfigItem seen, ConfigEdit edit, CancellationToken ct) => VerifyAsync(owner, Id<OrganizationDomain>.Parse(seen.Id, null), edit, ct);

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

    private async Task<Result> VerifyAsync(Id<Organization> owner, Id<OrganizationDomain> id, ConfigEdit edit, CancellationToken ct) =>
        edit.Patch[Verified]?.GetValue<bool>() == true ? (await domains.VerifyByOperatorAsync(owner, id, edit.Wanted.Values[Reason]?.GetValue<string>() ?? "", ct)).WithoutValue() : Result.Ok;

    private static ConfigItem Of(OrganizationDomain d)
    {
        var values = ConfigProperties.Canonical(ConfigJson.Of(DomainResponse.From(d)), Kind.Properties);
        if (d is { VerifiedBy: VerificationMethod.Operator, VerificationReason: { } reason }) values[Reason] = reason;
        return new ConfigItem(d.Host.Value, values) { Id = d.Id.ToString(), Version = d.Version };
    }
}
