using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Federation.Saml;
using TenantIdP.Server.Management;

namespace TenantIdP.Server.Configuration;

/// <summary>Connections by their name, which is unique among those of a file's organization.</summary>
internal sealed class ConnectionConfig(ConnectionService connections, ConnectionWrites writes, SamlConnectionService saml, AppService apps, SecretBox secrets) : ConfigKind
{
    private const string State = "state";
    private const string UntestedReason = "untestedReason";
    private const string Secret = "clientSecret";
    private const string Saml = "saml";
    private const string StartsAt = "idpInitiatedApp";
    private const string Pinned = "certificates";
    private const string Active = "active";

    /// <summary>A change of these drops the secret, which must never go where its owner didn't send it.</summary>
    private static readonly string[] DropSecret = ["issuer", "clientId", "subjectClaim", "tenantId"];

    public static readonly ConfigSchema Kind = new("connections", "connection", DisplayName.Clean,
    [
        new("kind", Shape.Choice(ConfigJson.ToTexts<ConnectionKind>()), PropertyTraits.Required | PropertyTraits.Fixed),
        new(State, Shape.Choice(Active, "disabled")),
        new(UntestedReason, Shape.Name, PropertyTraits.Told),
        new("issuer", Shape.Text),
        new("clientId", Shape.Text),
        new(Secret, SecretShape.Instance, PropertyTraits.Secret),
        new("scopes", Shape.Set),
        new("subjectClaim", Shape.Text),
        new("tenantId", Shape.Text, PropertyTraits.Nullable),
        new("jit", Shape.Choice(ConfigJson.ToTexts<JitMode>())),
        new("defaultRole", Shape.Text),
        new("trustEmail", Shape.Flag),
        new("allowOutsideDomains", Shape.Flag),
        new("ssoRoles", Shape.Whole(new("attribute", Shape.Text), new("rules", Shape.ListOf(Shape.Whole(new("value", Shape.Text), new("role", Shape.Text))))), PropertyTraits.Nullable),
        new(Saml, SamlShape.Instance),
    ]);

    public override ConfigSchema Schema => Kind;

    public override async Task<IReadOnlyList<ConfigItem>> ReadAsync(Id<Organization> owner, CancellationToken ct)
    {
        var found = await ConfigJson.AllAsync(page => connections.ListAsync(owner, page, ct));
        var ids = found.Where(c => c.Saml is not null).Select(c => c.Id).ToList();
        var (pinned, aliases) = (await saml.CertificatesAsync(owner, ids, ct), await saml.AcsAliasesAsync(owner, ids, ct));
        var named = found.Any(c => c.Saml?.IdpInitiatedApp is not null) ? (await AppsAsync(ct)).ToDictionary(a => a.ClientId, a => a.Name) : [];
        return [.. found.Select(c => Of(c, pinned[c.Id], aliases[c.Id], named))];
    }

    public override async Task<Result> CreateAsync(Id<Organization> owner, ConfigEdit edit, CancellationToken ct)
    {
        var values = await ToRequestAsync(edit.Patch, ct);
        values["displayName"] = edit.Wanted.Key;
        if (edit.Wanted.Secret is { } secret) values[Secret] = secret.Reveal();
        var request = ConfigJson.To<CreateConnectionRequest>(values);
        if (!request.IsOk) return request.Error;
        var created = await writes.CreateAsync(owner, request.Value, ct);
        return created.IsOk ? await ToStateAsync(owner, created.Value, edit.Wanted, ct) : created.Error;
    }

    public override async Task<Result> UpdateAsync(Id<Organization> owner, ConfigItem seen, ConfigEdit edit, CancellationToken ct)
    {
        var id = Id<Connection>.Parse(seen.Id, null);
        var values = await ToRequestAsync(edit.Patch, ct);
        if (edit.Wanted.Secret is { } secret && (edit.SetsSecret || DropSecret.Any(values.ContainsKey))) values[Secret] = secret.Reveal();
        if (values[Saml] is JsonObject changed && changed.ContainsKey(Pinned)) await KeepFromMetadataAsync(owner, id, changed, ct);
        var updated = await connections.FindAsync(owner, id, ct);
        if (values.Count > 0)
        {
            var request = ConfigJson.To<ConnectionChangesRequest>(values);
            if (!request.IsOk) return request.Error;
            updated = await writes.UpdateAsync(owner, id, request.Value, seen.Version, ct);
        }

        return updated.IsOk ? await ToStateAsync(owner, updated.Value, edit.Wanted, ct) : updated.Error;
    }

    public override Task<Result> DeleteAsync(Id<Organization> owner, ConfigItem seen, CancellationToken ct) => connections.DeleteAsync(owner, Id<Connection>.Parse(seen.Id, null), ct);

    public override async Task<bool> HasSecretAsync(Id<Organization> owner, ConfigItem seen, string secret, CancellationToken ct)
    {
        var found = await connections.FindAsync(owner, Id<Connection>.Parse(seen.Id, null), ct);
        return found is { IsOk: true, Value: { ClientSecretSealed: { } held } connection }
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(secrets.Open(held, connection.SecretPlace)), SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
    }

    // What a test sign-in gave is tested anew elsewhere, so it is no configuration; an operator's word is.
    public override JsonObject ToExport(string owner, ConfigItem seen)
    {
        var values = base.ToExport(owner, seen);
        if (values[State]?.GetValue<string>() is not "disabled" && values[UntestedReason] is null) values.Remove(State);
        if (values[Secret] is not null) values[Secret] = SecretSource.Generate(owner, seen.Key);
        else values.Remove(Secret);
        return values;
    }

    private static ConfigItem Of(Connection c, IEnumerable<ConnectionCertificate> pinned, IEnumerable<string> aliases, Dictionary<string, string> apps)
    {
        var response = ConfigJson.Of(ConnectionResponse.From(c, null));
        response[State] = response["status"]?.DeepClone();
        response.Remove(Saml);
        if (c.UntestedReason is null || c.Status != ConnectionStatus.Active) response.Remove(UntestedReason);
        if (c.Saml is { } settings)
        {
            foreach (var name in new[] { "issuer", "clientId", "scopes", "subjectClaim", "tenantId" }) response.Remove(name);
            var part = ConfigJson.Of(settings);
            part["entityId"] = c.Issuer;
            part["acsAliases"] = new JsonArray([.. aliases.Select(a => JsonValue.Create(a))]);
            if (settings.IdpInitiatedApp is { } app) part[StartsAt] = apps.GetValueOrDefault(app, app);

            // Those of a metadata address come and go with it; one that was pasted is here alone.
            part[Pinned] = new JsonArray([.. pinned.Where(p => settings.MetadataUrl is null || p.Source == CertificateSource.Manual).Select(p => JsonValue.Create(Certificates.ToPem(Convert.FromBase64String(p.Der))))]);
            response[Saml] = part;
        }

        var values = ConfigProperties.Canonical(response, Kind.Properties);
        if (c.ClientSecretSealed is not null) values[Secret] = Shape.Secret;
        return new ConfigItem(c.DisplayName, values) { Id = c.Id.ToString(), Version = c.Version };
    }

    private async Task<JsonObject> ToRequestAsync(JsonObject patch, CancellationToken ct)
    {
        var values = patch.DeepClone().AsObject();
        values.Remove(State);
        values.Remove(UntestedReason);
        values.Remove(Secret);
        if (values[Saml] is JsonObject part && part[StartsAt]?.GetValue<string>() is { } name && (await AppsAsync(ct)).FirstOrDefault(a => a.Name == name) is { ClientId: { } clientId }) part[StartsAt] = clientId;
        return values;
    }

    private async Task<List<(string ClientId, string Name)>> AppsAsync(CancellationToken ct) =>
        [.. (await ConfigJson.AllAsync(page => apps.ListAsync(page, ct))).GroupBy(a => a.DisplayName).Where(g => g.Count() == 1).Select(g => (g.Single().ClientId, g.Key))];

    // A list of certificates in a request is all of them, and those of the metadata are not in the file.
    private async Task KeepFromMetadataAsync(Id<Organization> owner, Id<Connection> id, JsonObject changed, CancellationToken ct)
    {
        var found = await connections.FindAsync(owner, id, ct);
        if (found.Value?.Saml?.MetadataUrl is null) return;
        foreach (var kept in (await saml.CertificatesAsync(owner, [id], ct))[id].Where(c => c.Source == CertificateSource.Metadata)) changed[Pinned]!.AsArray().Add(Certificates.ToPem(Convert.FromBase64String(kept.Der)));
    }

    private async Task<Result> ToStateAsync(Id<Organization> owner, Connection connection, ConfigItem wanted, CancellationToken ct) => wanted.Values[State]?.GetValue<string>() switch
    {
        Active when connection.Status != ConnectionStatus.Active =>
            (await connections.ActivateAsync(owner, connection.Id, connection.TestedAt is null ? wanted.Values[UntestedReason]?.GetValue<string>() : null, Granter.Instance, ct)).WithoutValue(),
        "disabled" when connection.Status != ConnectionStatus.Disabled => (await connections.DisableAsync(owner, connection.Id, ct)).WithoutValue(),
        _ => Result.Ok,
    };
}
