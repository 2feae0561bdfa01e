using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Connections;

/// <summary>The SAML connections of the organization that was entered; what they share with others is <see cref="ConnectionService"/>.</summary>
public sealed class SamlConnectionService(IdpDbContext db, EventLog events, ConnectionRules rules, ConnectionEdits edits, IAppRegistry apps, TimeProvider clock)
{
    private static readonly Dictionary<string, Error> Unique = new() { ["ux_acs_aliases_url"] = SamlErrors.AcsAliasTaken };

    public async Task<Result<Connection>> CreateAsync(Id<Organization> organization, NewSamlConnection wanted, Granter granter, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (wanted.Settings.SetsAliases && !granter.IsInstance) return SamlErrors.AliasByOperator;
        var made = Connection.CreateSaml(organization, wanted.DisplayName, EntityId(wanted.Settings, ""), wanted.Settings.Over(null), now);
        if (!made.IsOk) return made.Error;
        var connection = made.Value;
        if (CheckSecure(connection) is { IsOk: false, Error: { } insecure }) return insecure;
        if (await CheckStartAsync(connection, null, ct) is { IsOk: false, Error: { } badApp }) return badApp;
        if (await edits.CheckDefaultRoleAsync(organization, wanted.DefaultRole, granter, ct) is { IsOk: false, Error: { } badRole }) return badRole;
        connection.SetProvisioning(wanted.Jit, wanted.DefaultRole, wanted.TrustEmail, wanted.AllowOutsideDomains, now);
        if (wanted.SsoRoles is not null && await edits.SetSsoRolesAsync(connection, wanted.SsoRoles, granter, now, ct) is { IsOk: false, Error: { } badRoles }) return badRoles;

        db.Connections.Add(connection);
        if (await SetChildrenAsync(connection, wanted.Settings, now, ct) is { IsOk: false, Error: { } badChild })
        {
            db.DiscardChanges();
            return badChild;
        }

        events.Record(EventTypes.ConnectionCreated, organization, connection.Id.ToString(), Facts(connection));
        var saved = await db.TrySaveAsync(Unique, ct);
        return saved.IsOk ? connection : saved.Error;
    }

    public Task<Result<Connection>> UpdateAsync(
        Id<Organization> organization, Id<Connection> id, SamlSharedChanges shared, SamlConnectionChanges? changes, Granter granter, int? expectedVersion, CancellationToken ct) =>
        edits.ChangeAsync(
            organization, id, expectedVersion, async connection =>
            {
                if (connection.Saml is null) return ConnectionErrors.OtherKind;
                var before = EventLog.FactsOf(Facts(connection));
                var applied = await ApplyAsync(connection, shared, granter, ct);
                if (!applied.IsOk) return applied;
                if (changes is not null && await ApplyAsync(connection, changes, granter, ct) is { IsOk: false } refused) return refused;
                events.RecordChange(EventTypes.ConnectionUpdated, organization, id.ToString(), before, Facts(connection));
                return Result.Ok;
            }, Unique, ct);

    /// <summary>The certificates that are pinned, the longest valid first.</summary>
    public async Task<ILookup<Id<Connection>, ConnectionCertificate>> CertificatesAsync(Id<Organization> organization, IReadOnlyCollection<Id<Connection>> connections, CancellationToken ct) =>
        (await db.ConnectionCertificates.AsNoTracking().Where(c => c.OrganizationId == organization && connections.Contains(c.ConnectionId)).OrderByDescending(c => c.NotAfter).ToListAsync(ct))
        .ToLookup(c => c.ConnectionId);

    public async Task<ILookup<Id<Connection>, string>> AcsAliasesAsync(Id<Organization> organization, IReadOnlyCollection<Id<Connection>> connections, CancellationToken ct) =>
        (await db.AcsAliases.AsNoTracking().Where(a => a.OrganizationId == organization && connections.Contains(a.ConnectionId)).OrderBy(a => a.Url).ToListAsync(ct))
        .ToLookup(a => a.ConnectionId, a => a.Url);

    /// <summary>
    /// Takes what the metadata address answered: certificates that appeared are pinned, those that came from there and are gone are dropped, unless none would be left.
    /// Another entity id or sign-in address is refused (DESIGN.md section 6.3); the connection stays what it is.
    /// </summary>
    public async Task<Result<Connection>> RefreshAsync(Id<Organization> organization, Id<Connection> id, ImportedMetadata metadata, CancellationToken ct)
    {
        var refreshed = await edits.ChangeAsync(
            organization, id, null, async connection =>
            {
                if (connection.Saml is not { MetadataUrl: not null } saml) return SamlErrors.MetadataNone;
                if (metadata.EntityId != connection.Issuer) return SamlErrors.MetadataEntityChanged;
                if (metadata.SsoUrls.All(e => e.Url != saml.SsoUrl)) return SamlErrors.MetadataEndpointChanged;
                if (metadata.Certificates.Count == 0) return SamlErrors.MetadataInvalid;
                await PinAsync(connection, metadata.Certificates, CertificateSource.Metadata, c => c.Source == CertificateSource.Metadata, clock.GetUtcNow(), ct);
                return Result.Ok;
            }, ct);
        if (refreshed.Error is { } refusal && (refusal == SamlErrors.MetadataEntityChanged || refusal == SamlErrors.MetadataEndpointChanged || refusal == SamlErrors.MetadataInvalid))
            await RefusedAsync(organization, id, refusal.Code, ct);
        return refreshed;
    }

    /// <summary>Says in an event that the metadata was not taken.</summary>
    public async Task RefusedAsync(Id<Organization> organization, Id<Connection> id, string code, CancellationToken ct)
    {
        events.Record(EventTypes.ConnectionMetadataRefused, organization, id.ToString(), new { code });
        await db.SaveChangesAsync(ct);
    }

    private static string EntityId(SamlConnectionChanges changes, string current) => changes.EntityId.Or(changes.Metadata?.EntityId ?? current) ?? "";

    private async Task<Result> ApplyAsync(Connection connection, SamlSharedChanges changes, Granter granter, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (changes.DisplayName.IsPresent && connection.Rename(changes.DisplayName.Value ?? "", now) is { IsOk: false } badName) return badName;
        var role = changes.DefaultRole.IsPresent ? changes.DefaultRole.Value ?? BuiltInRoles.Member : connection.DefaultRoleKey;
        if (role != connection.DefaultRoleKey && await edits.CheckDefaultRoleAsync(connection.OrganizationId, role, granter, ct) is { IsOk: false } badRole) return badRole;
        connection.SetProvisioning(changes.Jit.Or(connection.Jit), role, changes.TrustEmail.Or(connection.TrustEmail), changes.AllowOutsideDomains.Or(connection.AllowOutsideDomains), now);
        return changes.SsoRoles.IsPresent ? await edits.SetSsoRolesAsync(connection, changes.SsoRoles.Value, granter, now, ct) : Result.Ok;
    }

    private async Task<Result> ApplyAsync(Connection connection, SamlConnectionChanges changes, Granter granter, CancellationToken ct)
    {
        if (changes.SetsAliases && !granter.IsInstance) return SamlErrors.AliasByOperator;
        var (now, start) = (clock.GetUtcNow(), connection.Saml?.IdpInitiatedApp);
        var configured = connection.ConfigureSaml(EntityId(changes, connection.Issuer), changes.Over(connection.Saml), now);
        if (!configured.IsOk) return configured;
        var secure = CheckSecure(connection);
        if (!secure.IsOk) return secure;
        if (await CheckStartAsync(connection, start, ct) is { IsOk: false } badApp) return badApp;
        return await SetChildrenAsync(connection, changes, now, ct);
    }

    private async Task<Result> SetChildrenAsync(Connection connection, SamlConnectionChanges changes, DateTimeOffset now, CancellationToken ct)
    {
        if (changes.Certificates.Value is { Count: > SamlRules.MaxCertificates } || changes.Metadata?.Certificates.Count > SamlRules.MaxCertificates) return SamlErrors.TooManyCertificates;
        if (changes.Metadata is { } metadata && await PinAsync(connection, metadata.Certificates, CertificateSource.Metadata, c => c.Source == CertificateSource.Metadata, now, ct)) connection.Distrust(now);
        if (changes.Certificates.IsPresent && await PinAsync(connection, changes.Certificates.Value ?? [], CertificateSource.Manual, c => c.Source == CertificateSource.Manual || changes.Metadata is null, now, ct))
            connection.Distrust(now);
        return changes.AcsAliases.IsPresent ? await SetAliasesAsync(connection, changes.AcsAliases.Value ?? [], now, ct) : Result.Ok;
    }

    /// <summary>Pins what is not pinned yet, and drops those of the droppable ones that are not wanted.</summary>
    /// <returns>Whether any came or went.</returns>
    private async Task<bool> PinAsync(
        Connection connection, IReadOnlyList<CertificateFacts> wanted, CertificateSource source, Func<ConnectionCertificate, bool> isDroppable, DateTimeOffset now, CancellationToken ct)
    {
        await db.ConnectionCertificates.Where(c => c.OrganizationId == connection.OrganizationId && c.ConnectionId == connection.Id).LoadAsync(ct);
        var pinned = db.ConnectionCertificates.Local.Where(c => c.ConnectionId == connection.Id).ToList();
        var added = wanted.DistinctBy(c => c.Thumbprint).Where(c => pinned.All(p => p.Thumbprint != c.Thumbprint)).Take(SamlRules.MaxCertificates).ToList();
        var dropped = pinned.Where(p => isDroppable(p) && wanted.All(c => c.Thumbprint != p.Thumbprint)).ToList();
        if (added.Count == 0 && dropped.Count == 0) return false;
        db.ConnectionCertificates.RemoveRange(dropped);
        db.ConnectionCertificates.AddRange(added.Select(c => ConnectionCertificate.Pin(connection, c, source, now)));
        connection.Touch(now);
        events.Record(
            EventTypes.ConnectionCertificatesChanged, connection.OrganizationId, connection.Id.ToString(),
            new { source, added = added.Select(c => c.Thumbprint), dropped = dropped.Select(c => c.Thumbprint) });
        return true;
    }

    private async Task<Result> SetAliasesAsync(Connection connection, IReadOnlyList<string> urls, DateTimeOffset now, CancellationToken ct)
    {
        if (urls.Count > SamlRules.MaxAliases || urls.Distinct().Count() != urls.Count || !urls.All(IsAlias)) return SamlErrors.AcsAliasInvalid;
        var known = await db.AcsAliases.Where(a => a.OrganizationId == connection.OrganizationId && a.ConnectionId == connection.Id).ToListAsync(ct);
        var (added, dropped) = (urls.Where(url => known.All(a => a.Url != url)).ToList(), known.Where(a => !urls.Contains(a.Url)).ToList());
        if (added.Count == 0 && dropped.Count == 0) return Result.Ok;
        db.AcsAliases.RemoveRange(dropped);
        db.AcsAliases.AddRange(added.Select(url => new AcsAlias(connection.OrganizationId, connection.Id, url)));
        connection.Distrust(now);
        return Result.Ok;
    }

    private bool IsAlias(string url) =>
        url.Length <= AcsAlias.MaxLength && SamlRules.IsUrl(url) && new Uri(url) is var uri && uri.AbsoluteUri == url && uri is { Query: "", AbsolutePath.Length: > 1 }
        && (uri.Scheme == "https" || rules.AllowInsecureIssuer) && rules.AliasHosts.Contains(uri.Authority, StringComparer.OrdinalIgnoreCase);

    /// <summary>An answer that nobody asked for needs somewhere to start. What was accepted before stays, whatever became of the app.</summary>
    private async Task<Result> CheckStartAsync(Connection connection, string? before, CancellationToken ct) =>
        connection.Saml?.IdpInitiatedApp is { } app && app != before && await apps.FindByClientIdAsync(app, ct) is not { InitiateLoginUri: not null } ? SamlErrors.AppInvalid : Result.Ok;

    private Result CheckSecure(Connection connection) =>
        rules.AllowInsecureIssuer || (connection.Saml is { } saml && SamlRules.IsSecure(saml)) ? Result.Ok : SamlErrors.Insecure;

    private static object Facts(Connection c) => new { c.DisplayName, c.Kind, c.Status, entityId = c.Issuer, c.Saml, c.Jit, defaultRole = c.DefaultRoleKey, c.TrustEmail, c.AllowOutsideDomains, c.SsoRoles };
}
