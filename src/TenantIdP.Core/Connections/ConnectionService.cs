using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Connections;

/// <param name="AllowInsecureIssuer">Plain http upstream; true only where the instance itself is a development one on loopback.</param>
public sealed record ConnectionRules(bool AllowInsecureIssuer);

public sealed record NewOidcConnection(string DisplayName, string Issuer, string ClientId, string? ClientSecret = null)
{
    public IReadOnlyList<string>? Scopes { get; init; }
    public string? SubjectClaim { get; init; }
    public string? TenantId { get; init; }
    public JitMode Jit { get; init; } = JitMode.On;
    public string DefaultRole { get; init; } = BuiltInRoles.Member;
    public bool TrustEmail { get; init; }
    public bool AllowOutsideDomains { get; init; }
}

/// <summary>A merge patch of an OpenID Connect connection. Another issuer, client, subject claim or tenant drops the secret and makes an active connection a draft again.</summary>
public sealed record OidcConnectionChanges
{
    public Patch<string> DisplayName { get; init; }
    public Patch<string> Issuer { get; init; }
    public Patch<string> ClientId { get; init; }

    /// <summary>Never read back, so never sent back: a masked value is refused.</summary>
    public Patch<string> ClientSecret { get; init; }

    public Patch<IReadOnlyList<string>> Scopes { get; init; }
    public Patch<string> SubjectClaim { get; init; }
    public Patch<string> TenantId { get; init; }
    public Patch<JitMode> Jit { get; init; }
    public Patch<string> DefaultRole { get; init; }
    public Patch<bool> TrustEmail { get; init; }
    public Patch<bool> AllowOutsideDomains { get; init; }
}

/// <summary>The SSO connections of the organization that was entered.</summary>
public sealed class ConnectionService(IdpDbContext db, EventLog events, SecretBox secrets, ConnectionRules rules, TimeProvider clock)
{
    public async Task<Result<Connection>> CreateOidcAsync(Id<Organization> organization, NewOidcConnection wanted, Granter granter, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var settings = new OidcSettings(wanted.Issuer, wanted.ClientId, wanted.Scopes ?? OidcSettings.DefaultScopes, wanted.SubjectClaim ?? OidcSettings.DefaultSubjectClaim, wanted.TenantId);
        var made = Connection.CreateOidc(organization, wanted.DisplayName, settings, now);
        if (!made.IsOk) return made.Error;
        var connection = made.Value;
        var allowed = CheckIssuer(connection) is { IsOk: false, Error: { } insecure } ? insecure : await CheckRoleAsync(organization, wanted.DefaultRole, granter, ct);
        if (!allowed.IsOk) return allowed.Error;
        connection.SetProvisioning(wanted.Jit, wanted.DefaultRole, wanted.TrustEmail, wanted.AllowOutsideDomains, now);
        if (wanted.ClientSecret is not null && SetSecret(connection, wanted.ClientSecret, now) is { IsOk: false, Error: { } bad }) return bad;

        db.Connections.Add(connection);
        events.Record(EventTypes.ConnectionCreated, organization, connection.Id.ToString(), Facts(connection));
        var saved = await db.TrySaveAsync(ct);
        return saved.IsOk ? connection : saved.Error;
    }

    public async Task<Result<Connection>> FindAsync(Id<Organization> organization, Id<Connection> id, CancellationToken ct) =>
        await db.Connections.AsNoTracking().SingleOrDefaultAsync(c => c.OrganizationId == organization && c.Id == id, ct) is { } found ? found : ConnectionErrors.NotFound;

    public async Task<Result<Page<Connection>>> ListAsync(Id<Organization> organization, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<Connection>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        var connections = db.Connections.AsNoTracking().Where(c => c.OrganizationId == organization);
        if (after is { } id) connections = connections.Where(c => c.Id > id);
        return await connections.OrderBy(c => c.Id).TakePageAsync(page, c => c.Id.ToString(), ct);
    }

    public Task<Result<Connection>> UpdateOidcAsync(
        Id<Organization> organization, Id<Connection> id, OidcConnectionChanges changes, Granter granter, int? expectedVersion, CancellationToken ct) =>
        ChangeAsync(
            organization, id, expectedVersion, async connection =>
            {
                var wasActive = connection.Status == ConnectionStatus.Active;
                var applied = await ApplyAsync(connection, changes, granter, ct);
                if (!applied.IsOk) return applied;
                if (wasActive && connection.Status != ConnectionStatus.Active && await IsRequiredAsync(connection, ct)) return ConnectionErrors.StillRequired;
                events.Record(EventTypes.ConnectionUpdated, organization, id.ToString(), Facts(connection));
                return Result.Ok;
            }, ct);

    public Task<Result<Connection>> ActivateAsync(Id<Organization> organization, Id<Connection> id, CancellationToken ct) =>
        ChangeAsync(
            organization, id, null, connection =>
            {
                if (connection.Status == ConnectionStatus.Active) return Task.FromResult(Result.Ok);
                if (connection.ClientSecretSealed is null) return Task.FromResult<Result>(ConnectionErrors.SecretRequired);
                var secure = CheckIssuer(connection);
                if (!secure.IsOk) return Task.FromResult(secure);
                connection.Activate(clock.GetUtcNow());
                events.Record(EventTypes.ConnectionActivated, organization, id.ToString(), Facts(connection));
                return Task.FromResult(Result.Ok);
            }, ct);

    /// <summary>At once: proofs of a connection that is not active count nowhere (SECURITY.md A9).</summary>
    public Task<Result<Connection>> DisableAsync(Id<Organization> organization, Id<Connection> id, CancellationToken ct) =>
        ChangeAsync(
            organization, id, null, async connection =>
            {
                if (connection.Status == ConnectionStatus.Disabled) return Result.Ok;
                if (connection.Status == ConnectionStatus.Active && await IsRequiredAsync(connection, ct)) return ConnectionErrors.StillRequired;
                connection.Disable(clock.GetUtcNow());
                events.Record(EventTypes.ConnectionDisabled, organization, id.ToString());
                return Result.Ok;
            }, ct);

    /// <summary>Deletes the connection with the identities that were keyed by it.</summary>
    public async Task<Result> DeleteAsync(Id<Organization> organization, Id<Connection> id, CancellationToken ct)
    {
        var deleted = await ChangeAsync(
            organization, id, null, async connection =>
            {
                if (connection.Status == ConnectionStatus.Active && await IsRequiredAsync(connection, ct)) return ConnectionErrors.StillRequired;
                db.Connections.Remove(connection);
                events.Record(EventTypes.ConnectionDeleted, organization, id.ToString(), Facts(connection));
                return Result.Ok;
            }, ct);
        return deleted.IsOk ? Result.Ok : deleted.Error;
    }

    private async Task<Result> ApplyAsync(Connection connection, OidcConnectionChanges changes, Granter granter, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (changes.DisplayName.IsPresent && connection.Rename(changes.DisplayName.Value ?? "", now) is { IsOk: false } badName) return badName;
        var settings = new OidcSettings(
            changes.Issuer.Or(connection.Issuer) ?? "",
            changes.ClientId.Or(connection.ClientId) ?? "",
            changes.Scopes.Or(connection.Scopes) ?? OidcSettings.DefaultScopes,
            changes.SubjectClaim.Or(connection.SubjectClaim) ?? OidcSettings.DefaultSubjectClaim,
            changes.TenantId.Or(connection.TenantId));
        var configured = connection.Configure(settings, now);
        if (!configured.IsOk) return configured;
        var secure = CheckIssuer(connection);
        if (!secure.IsOk) return secure;

        var role = changes.DefaultRole.IsPresent ? changes.DefaultRole.Value ?? BuiltInRoles.Member : connection.DefaultRoleKey;
        if (role != connection.DefaultRoleKey && await CheckRoleAsync(connection.OrganizationId, role, granter, ct) is { IsOk: false } badRole) return badRole;
        connection.SetProvisioning(
            changes.Jit.Or(connection.Jit), role, changes.TrustEmail.Or(connection.TrustEmail), changes.AllowOutsideDomains.Or(connection.AllowOutsideDomains), now);

        // After Configure, which drops the old secret with the endpoint it was meant for.
        return changes.ClientSecret.IsPresent ? SetSecret(connection, changes.ClientSecret.Value, now) : Result.Ok;
    }

    private Task<Result<Connection>> ChangeAsync(Id<Organization> organization, Id<Connection> id, int? expectedVersion, Func<Connection, Task<Result>> change, CancellationToken ct) =>
        db.InTransactionAsync<Connection>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                var connection = await db.Connections.SingleOrDefaultAsync(c => c.OrganizationId == organization && c.Id == id, ct);
                if (connection is null) return ConnectionErrors.NotFound;
                var seen = VersionErrors.Check(connection, expectedVersion);
                if (!seen.IsOk) return seen.Error;
                var changed = await change(connection);
                if (!changed.IsOk) return changed.Error;
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? connection : saved.Error;
            }, ct);

    private Result CheckIssuer(Connection connection) =>
        rules.AllowInsecureIssuer || connection.Issuer.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? Result.Ok : ConnectionErrors.IssuerInsecure;

    private Result SetSecret(Connection connection, string? secret, DateTimeOffset now)
    {
        if (secret is not null && IsMasked(secret)) return ConnectionErrors.SecretMasked;
        if (secret is { Length: 0 or > 1_000 } || secret?.Any(char.IsControl) == true) return ConnectionErrors.SecretInvalid;
        connection.SetSecret(secret, secrets, now);
        return Result.Ok;
    }

    /// <summary>What forms show in place of a secret, whole (<c>****</c>) or in part (<c>ab****yz</c>); SECURITY.md A12.</summary>
    private static bool IsMasked(string secret) =>
        (secret.Length > 0 && secret.All(IsMask)) || secret.Contains("****", StringComparison.Ordinal) || secret.Contains("••••", StringComparison.Ordinal);

    private static bool IsMask(char c) => c is '*' or '•' or '●' or '·' or '∙' or '…';

    private async Task<Result> CheckRoleAsync(Id<Organization> organization, string key, Granter granter, CancellationToken ct)
    {
        if (BuiltInRoles.IsPrivileged(key)) return ConnectionErrors.RolePrivileged;
        var role = await db.Roles.AsNoTracking().FirstOrDefaultAsync(r => r.Key == key && (r.OrganizationId == organization || r.OrganizationId == Organization.Instance), ct);
        if (role is null) return ConnectionErrors.RoleUnknown;
        return await granter.CoversAsync(db, [role], ct) ? Result.Ok : RoleErrors.Escalation;
    }

    private async Task<bool> IsRequiredAsync(Connection connection, CancellationToken ct) =>
        await db.Organizations.AnyAsync(o => o.Id == connection.OrganizationId && o.RequireSso, ct)
        && !await db.Connections.AnyAsync(c => c.OrganizationId == connection.OrganizationId && c.Id != connection.Id && c.Status == ConnectionStatus.Active, ct);

    private static object Facts(Connection c) => new
    {
        c.DisplayName, c.Kind, c.Status, c.Issuer, c.ClientId, c.Scopes, c.SubjectClaim, c.TenantId, c.Jit, defaultRole = c.DefaultRoleKey, c.TrustEmail, c.AllowOutsideDomains,
        hasSecret = c.ClientSecretSealed is not null,
    };
}
