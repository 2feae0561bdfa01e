using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Connections;

/// <param name="AllowInsecureIssuer">Plain http upstream; true only where the instance itself is a development one on loopback.</param>
/// <param name="AliasHosts">Further hosts that alias addresses may be at: the instance's own, and those it answers for since a migration.</param>
public sealed record ConnectionRules(bool AllowInsecureIssuer, IReadOnlyList<string> AliasHosts);

public sealed record NewOidcConnection(string DisplayName, string Issuer, string ClientId, string? ClientSecret = null)
{
    public IReadOnlyList<string>? Scopes { get; init; }
    public string? SubjectClaim { get; init; }
    public string? TenantId { get; init; }
    public JitMode Jit { get; init; } = JitMode.On;
    public string DefaultRole { get; init; } = BuiltInRoles.Member;
    public bool TrustEmail { get; init; }
    public bool AllowOutsideDomains { get; init; }
    public SsoRoles? SsoRoles { get; init; }
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
    public Patch<SsoRoles> SsoRoles { get; init; }
}

/// <summary>The SSO connections of the organization that was entered.</summary>
public sealed class ConnectionService(IdpDbContext db, EventLog events, SecretBox secrets, ConnectionRules rules, ConnectionEdits edits, TimeProvider clock)
{
    public async Task<Result<Connection>> CreateOidcAsync(Id<Organization> organization, NewOidcConnection wanted, Granter granter, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var settings = new OidcSettings(wanted.Issuer, wanted.ClientId, wanted.Scopes ?? OidcSettings.DefaultScopes, wanted.SubjectClaim ?? OidcSettings.DefaultSubjectClaim, wanted.TenantId);
        var made = Connection.CreateOidc(organization, wanted.DisplayName, settings, now);
        if (!made.IsOk) return made.Error;
        var connection = made.Value;
        var allowed = CheckIssuer(connection) is { IsOk: false, Error: { } insecure } ? insecure : await edits.CheckDefaultRoleAsync(organization, wanted.DefaultRole, granter, ct);
        if (!allowed.IsOk) return allowed.Error;
        connection.SetProvisioning(wanted.Jit, wanted.DefaultRole, wanted.TrustEmail, wanted.AllowOutsideDomains, now);
        if (wanted.SsoRoles is not null && await edits.SetSsoRolesAsync(connection, wanted.SsoRoles, granter, now, ct) is { IsOk: false, Error: { } badRoles }) return badRoles;
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
        edits.ChangeAsync(
            organization, id, expectedVersion, async connection =>
            {
                if (connection.Kind != ConnectionKind.Oidc) return ConnectionErrors.OtherKind;
                var before = EventLog.FactsOf(Facts(connection));
                var applied = await ApplyAsync(connection, changes, granter, ct);
                if (!applied.IsOk) return applied;
                events.RecordChange(EventTypes.ConnectionUpdated, organization, id.ToString(), before, Facts(connection, changes.ClientSecret.IsPresent));
                return Result.Ok;
            }, ct);

    /// <summary>The gate of DESIGN.md section 6.3: a test sign-in has passed with the present settings, or an operator says why not.</summary>
    /// <param name="untestedReason">For operators only, and of no use once a test has passed.</param>
    public Task<Result<Connection>> ActivateAsync(Id<Organization> organization, Id<Connection> id, string? untestedReason, Granter granter, CancellationToken ct) =>
        edits.ChangeAsync(
            organization, id, null, async connection =>
            {
                if (connection.Status == ConnectionStatus.Active) return Result.Ok;
                if (untestedReason is not null && !granter.IsInstance) return ConnectionErrors.UntestedByOperator;
                var ready = await CheckReadyAsync(connection, ct);
                if (!ready.IsOk) return ready;
                var activated = connection.Activate(clock.GetUtcNow(), untestedReason);
                if (!activated.IsOk) return activated;
                events.Record(EventTypes.ConnectionActivated, organization, id.ToString(), new { connection.Kind, connection.Issuer, connection.TestedAt, connection.UntestedReason });
                return Result.Ok;
            }, ct);

    /// <summary>A test sign-in has passed with the settings as they are: the connection may be activated.</summary>
    /// <param name="tester">Who signed in.</param>
    /// <param name="testedVersion">Of the settings that were tested; null when the caller knows that they are the present ones.</param>
    public Task<Result<Connection>> RecordTestAsync(Id<Organization> organization, Id<Connection> id, Actor tester, int? testedVersion, CancellationToken ct) =>
        edits.ChangeAsync(
            organization, id, testedVersion, connection =>
            {
                connection.TestPassed(clock.GetUtcNow());
                events.Record(EventTypes.ConnectionTested, organization, id.ToString(), new { tester = tester.Id, testerKind = tester.Kind });
                return Task.FromResult(Result.Ok);
            }, ct);

    /// <summary>At once: proofs of a connection that is not active count nowhere (SECURITY.md A9).</summary>
    public Task<Result<Connection>> DisableAsync(Id<Organization> organization, Id<Connection> id, CancellationToken ct) =>
        edits.ChangeAsync(
            organization, id, null, connection =>
            {
                if (connection.Status == ConnectionStatus.Disabled) return Task.FromResult(Result.Ok);
                connection.Disable(clock.GetUtcNow());
                events.Record(EventTypes.ConnectionDisabled, organization, id.ToString());
                return Task.FromResult(Result.Ok);
            }, ct);

    /// <summary>Deletes the connection with the identities that were keyed by it.</summary>
    public async Task<Result> DeleteAsync(Id<Organization> organization, Id<Connection> id, CancellationToken ct)
    {
        var deleted = await edits.ChangeAsync(
            organization, id, null, async connection =>
            {
                await edits.TakeBackAsync(connection, [], clock.GetUtcNow(), ct);
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
        if (role != connection.DefaultRoleKey && await edits.CheckDefaultRoleAsync(connection.OrganizationId, role, granter, ct) is { IsOk: false } badRole) return badRole;
        connection.SetProvisioning(
            changes.Jit.Or(connection.Jit), role, changes.TrustEmail.Or(connection.TrustEmail), changes.AllowOutsideDomains.Or(connection.AllowOutsideDomains), now);

        if (changes.SsoRoles.IsPresent && await edits.SetSsoRolesAsync(connection, changes.SsoRoles.Value, granter, now, ct) is { IsOk: false } badRoles) return badRoles;

        // After Configure, which drops the old secret with the endpoint it was meant for.
        return changes.ClientSecret.IsPresent ? SetSecret(connection, changes.ClientSecret.Value, now) : Result.Ok;
    }

    private async Task<Result> CheckReadyAsync(Connection connection, CancellationToken ct)
    {
        if (connection.Kind == ConnectionKind.Oidc) return connection.ClientSecretSealed is null ? ConnectionErrors.SecretRequired : CheckIssuer(connection);
        if (!rules.AllowInsecureIssuer && connection.Saml is { } saml && !SamlRules.IsSecure(saml)) return SamlErrors.Insecure;
        return await db.ConnectionCertificates.AnyAsync(c => c.OrganizationId == connection.OrganizationId && c.ConnectionId == connection.Id, ct) ? Result.Ok : SamlErrors.CertificateRequired;
    }

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

    /// <summary>Of the secret only that there is one, and that it was set.</summary>
    private static object Facts(Connection c, bool setsSecret = false) => new
    {
        c.DisplayName, c.Kind, c.Status, c.Issuer, c.ClientId, c.Scopes, c.SubjectClaim, c.TenantId, c.Jit, defaultRole = c.DefaultRoleKey, c.TrustEmail, c.AllowOutsideDomains, c.SsoRoles,
        hasSecret = c.ClientSecretSealed is not null, secret = setsSecret ? "replaced" : null,
    };
}
