using System.ComponentModel.DataAnnotations;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <param name="Issuer">For OpenID Connect, as are the members down to <paramref name="TenantId"/>.</param>
/// <param name="ClientSecret">Stored sealed and never shown again.</param>
/// <param name="SubjectClaim">The claim that never changes for a person: <c>sub</c> (the default), <c>oid</c> for Microsoft Entra ID, or <c>user_id</c>.</param>
/// <param name="DefaultRole">Key of the role of people who join by signing in; never owner or admin.</param>
/// <param name="SsoRoles">The attribute (claim) whose values give roles.</param>
/// <param name="Saml">For SAML.</param>
public sealed record CreateConnectionRequest(
    [property: Required] string DisplayName, [property: MaxLength(512)] string? Issuer = null, [property: MaxLength(400)] string? ClientId = null, string? ClientSecret = null,
    ConnectionKind Kind = ConnectionKind.Oidc, IReadOnlyList<string>? Scopes = null, string? SubjectClaim = null, string? TenantId = null, JitMode Jit = JitMode.On, string? DefaultRole = null,
    bool TrustEmail = false, bool AllowOutsideDomains = false, SsoRoles? SsoRoles = null, SamlConnectionBody? Saml = null) : IValidatableObject
{
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var missing = Kind == ConnectionKind.Saml ? (Saml is null ? nameof(Saml) : null) : Issuer is null ? nameof(Issuer) : ClientId is null ? nameof(ClientId) : null;
        if (missing is not null) yield return new ValidationResult($"The {missing} field is required.", [missing]);
    }

    internal NewOidcConnection ToOidc() => new(DisplayName, Issuer ?? "", ClientId ?? "", ClientSecret)
    {
        Scopes = Scopes, SubjectClaim = SubjectClaim, TenantId = TenantId, Jit = Jit, DefaultRole = DefaultRole ?? BuiltInRoles.Member, TrustEmail = TrustEmail, AllowOutsideDomains = AllowOutsideDomains,
        SsoRoles = SsoRoles,
    };

    internal NewSamlConnection ToSaml(SamlConnectionChanges settings) => new(DisplayName, settings)
    {
        Jit = Jit, DefaultRole = DefaultRole ?? BuiltInRoles.Member, TrustEmail = TrustEmail, AllowOutsideDomains = AllowOutsideDomains, SsoRoles = SsoRoles,
    };

    internal bool NamesOidc => Issuer is not null || ClientId is not null || ClientSecret is not null || Scopes is not null || SubjectClaim is not null || TenantId is not null;
}

/// <summary>A merge patch of a connection of either kind.</summary>
public sealed record ConnectionChangesRequest
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
    public SamlConnectionBody? Saml { get; init; }

    internal bool NamesOidc => Issuer.IsPresent || ClientId.IsPresent || ClientSecret.IsPresent || Scopes.IsPresent || SubjectClaim.IsPresent || TenantId.IsPresent;

    internal OidcConnectionChanges ToOidc() => new()
    {
        DisplayName = DisplayName, Issuer = Issuer, ClientId = ClientId, ClientSecret = ClientSecret, Scopes = Scopes, SubjectClaim = SubjectClaim, TenantId = TenantId, Jit = Jit,
        DefaultRole = DefaultRole, TrustEmail = TrustEmail, AllowOutsideDomains = AllowOutsideDomains, SsoRoles = SsoRoles,
    };

    internal SamlSharedChanges ToShared() => new()
    {
        DisplayName = DisplayName, Jit = Jit, DefaultRole = DefaultRole, TrustEmail = TrustEmail, AllowOutsideDomains = AllowOutsideDomains, SsoRoles = SsoRoles,
    };
}

/// <param name="UntestedReason">For operators: why it goes without a test sign-in of its present settings.</param>
public sealed record ActivateConnectionRequest([property: MaxLength(800)] string? UntestedReason = null);

/// <param name="Issuer">For SAML the entity id of the identity provider.</param>
/// <param name="TestedAt">When a test sign-in last passed with the settings as they are.</param>
public sealed record ConnectionResponse(
    Id<Connection> Id, ConnectionKind Kind, ConnectionStatus Status, string DisplayName, string Issuer, string ClientId, bool HasClientSecret, IReadOnlyList<string> Scopes, string SubjectClaim,
    string? TenantId, JitMode Jit, string DefaultRole, bool TrustEmail, bool AllowOutsideDomains, SsoRoles? SsoRoles, DateTimeOffset? TestedAt, string? UntestedReason, SamlConnectionResponse? Saml,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    internal static ConnectionResponse From(Connection c, SamlConnectionResponse? saml) =>
        new(c.Id, c.Kind, c.Status, c.DisplayName, c.Issuer, c.ClientId, c.ClientSecretSealed is not null, saml is null ? c.Scopes : [], c.SubjectClaim, c.TenantId, c.Jit, c.DefaultRoleKey, c.TrustEmail,
            c.AllowOutsideDomains, c.SsoRoles, c.TestedAt, c.UntestedReason, saml, c.CreatedAt, c.UpdatedAt, c.Version);
}
