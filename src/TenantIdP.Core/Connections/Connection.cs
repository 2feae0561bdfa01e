using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Connections;

public enum ConnectionKind
{
    Oidc,
    Saml,
}

public enum ConnectionStatus
{
    Draft,
    Active,
    Disabled,
}

/// <summary>Who may become a user and member by signing in (FEATURES.md row 5).</summary>
public enum JitMode
{
    On,
    Off,
    InvitedOnly,
    ProvisionedOnly,
}

/// <summary>What an admin sets on an OpenID Connect connection.</summary>
public sealed record OidcSettings(string Issuer, string ClientId, IReadOnlyList<string> Scopes, string SubjectClaim, string? TenantId)
{
    public const string DefaultSubjectClaim = "sub";

    public static readonly IReadOnlyList<string> DefaultScopes = ["openid", "profile", "email"];
}

/// <summary>One SSO configuration of one organization.</summary>
public sealed class Connection : IHasIdPrefix, IOrganizationOwned, IVersioned
{
    private Connection(Id<Organization> organizationId, Id<Connection> id, ConnectionKind kind, string displayName, string issuer, string clientId, string subjectClaim, DateTimeOffset createdAt) =>
        (OrganizationId, Id, Kind, DisplayName, Issuer, ClientId, SubjectClaim, CreatedAt, UpdatedAt) = (organizationId, id, kind, displayName, issuer, clientId, subjectClaim, createdAt, createdAt);

    public const int MaxIssuerLength = 1024;

    public static string IdPrefix => "con";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<Connection> Id { get; private set; }
    public ConnectionKind Kind { get; private set; }
    public ConnectionStatus Status { get; private set; }
    public string DisplayName { get; private set; }

    /// <summary>The upstream issuer (OpenID Connect Discovery 1.0 section 4.3) or the entity id of a SAML identity provider; compared exactly.</summary>
    public string Issuer { get; private set; }

    /// <summary>Empty for SAML.</summary>
    public string ClientId { get; private set; }

    /// <summary>Set for SAML only.</summary>
    public SamlSettings? Saml { get; private set; }

    /// <summary>Null when the identity provider gives no roles.</summary>
    public SsoRoles? SsoRoles { get; private set; }

    /// <summary>When a test sign-in last passed with the settings as they are; null after a change of what identifies people.</summary>
    public DateTimeOffset? TestedAt { get; private set; }

    /// <summary>Why an operator activated it without a test; null otherwise.</summary>
    public string? UntestedReason { get; private set; }

    /// <summary>Sealed for this row; opened only where the token request is made.</summary>
    public string? ClientSecretSealed { get; private set; }

    public IReadOnlyList<string> Scopes { get; private set; } = OidcSettings.DefaultScopes;

    /// <summary>The immutable claim that keys identities: <c>sub</c>, or <c>oid</c> for Microsoft Entra ID (whose <c>sub</c> is pairwise).</summary>
    public string SubjectClaim { get; private set; }

    /// <summary>For issuers that serve several tenants: the one <c>tid</c> that is accepted.</summary>
    public string? TenantId { get; private set; }

    public JitMode Jit { get; private set; }

    /// <summary>Key of the role a person gets at their first sign-in; never owner or admin.</summary>
    public string DefaultRoleKey { get; private set; } = Roles.BuiltInRoles.Member;

    /// <summary>Believe this IdP's email claim inside the organization's own verified domains even without <c>email_verified</c> (Entra, OneLogin never send it).</summary>
    public bool TrustEmail { get; private set; }

    /// <summary>Admit people whose email is outside the verified domains; their email stays unverified and is never emitted.</summary>
    public bool AllowOutsideDomains { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }
    public int Version { get; private set; }

    public SecretPlace SecretPlace => new("connections", "client_secret_sealed", Id.ToString(), OrganizationId.ToString());

    public static Result<Connection> CreateOidc(Id<Organization> organization, string displayName, OidcSettings settings, DateTimeOffset now)
    {
        var connection = new Connection(organization, Id<Connection>.New(now), ConnectionKind.Oidc, "", "", "", OidcSettings.DefaultSubjectClaim, now);
        var named = connection.Rename(displayName, now);
        if (!named.IsOk) return named.Error;
        var configured = connection.Configure(settings, now);
        return configured.IsOk ? connection : configured.Error;
    }

    public static Result<Connection> CreateSaml(Id<Organization> organization, string displayName, string entityId, SamlSettings settings, DateTimeOffset now)
    {
        var connection = new Connection(organization, Id<Connection>.New(now), ConnectionKind.Saml, "", "", "", "", now);
        var named = connection.Rename(displayName, now);
        if (!named.IsOk) return named.Error;
        var configured = connection.ConfigureSaml(entityId, settings, now);
        return configured.IsOk ? connection : configured.Error;
    }

    public Result Rename(string displayName, DateTimeOffset now)
    {
        var name = Kernel.DisplayName.Check(displayName, "displayName");
        if (!name.IsOk) return name.Error;
        (DisplayName, UpdatedAt) = (name.Value, now);
        return Result.Ok;
    }

    /// <summary>
    /// Sets where sign-ins are sent and what keys identities. A change of issuer, client, subject or tenant of an active connection makes it a draft again and drops
    /// the secret: a masked secret must never be sent to an endpoint its owner did not choose.
    /// </summary>
    public Result Configure(OidcSettings settings, DateTimeOffset now)
    {
        if (CheckIssuer(settings.Issuer) is { } error) return error;
        if (settings.ClientId is not { Length: > 0 and <= 400 } || settings.ClientId.Any(char.IsControl)) return ConnectionErrors.ClientIdInvalid;
        if (settings.SubjectClaim is not ("sub" or "oid" or "user_id")) return ConnectionErrors.SubjectClaimInvalid;
        if (settings.Scopes.Count is 0 or > 20 || !settings.Scopes.Contains("openid") || settings.Scopes.Any(s => s.Length is 0 or > 100 || s.Any(c => c is <= ' ' or '"' or '\\' or > '~')))
            return ConnectionErrors.ScopesInvalid;
        if (settings.TenantId is { } tenant && (tenant.Length is 0 or > 100 || tenant.Any(char.IsControl))) return ConnectionErrors.TenantInvalid;

        var identityChanges = Issuer != settings.Issuer || ClientId != settings.ClientId || SubjectClaim != settings.SubjectClaim || TenantId != settings.TenantId;
        (Issuer, ClientId, Scopes, SubjectClaim, TenantId, UpdatedAt) = (settings.Issuer, settings.ClientId, [.. settings.Scopes], settings.SubjectClaim, settings.TenantId, now);
        if (!identityChanges) return Result.Ok;
        ClientSecretSealed = null;
        Distrust(now);
        return Result.Ok;
    }

    /// <summary>As <see cref="Configure"/>: whoever may be asked, what is believed of the answer and what keys identities is tested anew after a change (DESIGN.md section 6.3).</summary>
    public Result ConfigureSaml(string entityId, SamlSettings settings, DateTimeOffset now)
    {
        if (SamlRules.Check(entityId, settings) is { } error) return error;
        var identityChanges = Issuer != entityId || Saml is null || SamlRules.ChangesIdentity(Saml, settings);
        (Issuer, Saml, UpdatedAt) = (entityId, settings, now);
        if (identityChanges) Distrust(now);
        return Result.Ok;
    }

    /// <summary>What identifies people has changed (an endpoint, a pinned certificate, an alias): an active connection is a draft until a test passes.</summary>
    public void Distrust(DateTimeOffset now)
    {
        (TestedAt, UntestedReason, UpdatedAt) = (null, null, now);
        if (Status == ConnectionStatus.Active) Status = ConnectionStatus.Draft;
    }

    /// <summary>A child changed; the aggregate's version says so.</summary>
    public void Touch(DateTimeOffset now) => UpdatedAt = now;

    /// <param name="roles">Null: the identity provider gives no roles.</param>
    public Result SetSsoRoles(SsoRoles? roles, DateTimeOffset now)
    {
        if (roles is not null && !roles.IsValid) return ConnectionErrors.SsoRolesInvalid;
        (SsoRoles, UpdatedAt) = (roles, now);
        return Result.Ok;
    }

    public void TestPassed(DateTimeOffset now) => (TestedAt, UpdatedAt) = (now, now);

    public void SetSecret(string? clientSecret, SecretBox box, DateTimeOffset now) =>
        (ClientSecretSealed, UpdatedAt) = (clientSecret is null ? null : box.Seal(clientSecret, SecretPlace), now);

    public void SetProvisioning(JitMode jit, string defaultRoleKey, bool trustEmail, bool allowOutsideDomains, DateTimeOffset now) =>
        (Jit, DefaultRoleKey, TrustEmail, AllowOutsideDomains, UpdatedAt) = (jit, defaultRoleKey, trustEmail, allowOutsideDomains, now);

    /// <param name="untestedReason">Why it goes without a test of its present settings.</param>
    public Result Activate(DateTimeOffset now, string? untestedReason = null)
    {
        if (TestedAt is null && untestedReason is null) return ConnectionErrors.Untested;
        var reason = TestedAt is null ? Kernel.DisplayName.Clean(untestedReason) : null;
        if (TestedAt is null && reason is null) return ConnectionErrors.ReasonInvalid;
        (Status, UntestedReason, UpdatedAt) = (ConnectionStatus.Active, reason, now);
        return Result.Ok;
    }

    public void Disable(DateTimeOffset now) => (Status, UpdatedAt) = (ConnectionStatus.Disabled, now);

    private static Error? CheckIssuer(string? issuer) =>
        issuer is { Length: > 0 and <= 512 } && Uri.TryCreate(issuer, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http"
            && uri.Query.Length == 0 && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0 && !issuer.Any(c => char.IsControl(c) || c is ' ' or '?' or '#')
            ? null
            : ConnectionErrors.IssuerInvalid;
}
