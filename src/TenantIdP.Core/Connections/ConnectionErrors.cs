using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Connections;

public static class ConnectionErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "connection_not_found", "There is no such connection in this organization.");
    public static readonly Error IssuerInvalid = new(ErrorKind.Invalid, "issuer_invalid", "Give the issuer URL exactly as the identity provider publishes it, without query or fragment.", "issuer");
    public static readonly Error IssuerInsecure = new(ErrorKind.Invalid, "issuer_insecure", "The issuer must be an https URL.", "issuer");
    public static readonly Error ClientIdInvalid = new(ErrorKind.Invalid, "client_id_invalid", "Give the client id that the identity provider issued (at most 400 characters).", "clientId");
    public static readonly Error SubjectClaimInvalid = new(ErrorKind.Invalid, "subject_claim_invalid", "The subject claim is sub, oid or user_id: it must never change for a person.", "subjectClaim");
    public static readonly Error ScopesInvalid = new(ErrorKind.Invalid, "scopes_invalid", "Give 1 to 20 scopes, openid among them.", "scopes");
    public static readonly Error TenantInvalid = new(ErrorKind.Invalid, "tenant_invalid", "Give the directory (tenant) id, at most 100 characters.", "tenantId");
    public static readonly Error RolePrivileged = new(ErrorKind.Invalid, "default_role_privileged", "Owner and Admin can't be given by a connection.", "defaultRole");
    public static readonly Error SecretRequired = new(ErrorKind.Conflict, "client_secret_required", "Enter the client secret (again): it is not kept when the issuer or the client changes.", "clientSecret");
    public static readonly Error SecretMasked = new(ErrorKind.Invalid, "client_secret_masked", "This is a masked value, not a client secret: enter the secret or leave the field out.", "clientSecret");
    public static readonly Error SecretInvalid = new(ErrorKind.Invalid, "client_secret_invalid", "A client secret is 1 to 1000 characters without control characters.", "clientSecret");
    public static readonly Error RoleUnknown = new(ErrorKind.Invalid, "default_role_unknown", "There is no role with this key in this organization.", "defaultRole");
    public static readonly Error Untested = new(ErrorKind.Conflict, "connection_untested", "Run a test sign-in of this connection first: none has passed with its present settings.");
    public static readonly Error UntestedByOperator = new(ErrorKind.Forbidden, "operator_required", "Only an operator may activate a connection without a test.", "untestedReason");
    public static readonly Error ReasonInvalid = new(ErrorKind.Invalid, "untested_reason_invalid", "Say in 1 to 200 characters why it goes without a test.", "untestedReason");
    public static readonly Error OtherKind = new(ErrorKind.Invalid, "connection_kind_other", "The connection is of another kind; these settings are not its.");
    public static readonly Error SsoRolesInvalid = new(ErrorKind.Invalid, "sso_roles_invalid", "Give an attribute of 1 to 256 characters and at most 100 different rules of a value (1 to 256 characters) and a role.", "ssoRoles");
    public static readonly Error SsoRoleUnknown = new(ErrorKind.Invalid, "sso_role_unknown", "There is no role with this key in this organization.", "ssoRoles");
    public static readonly Error SsoRoleOwner = new(ErrorKind.Invalid, "sso_role_owner", "Owner can't be given by an identity provider.", "ssoRoles");
    public static readonly Error StillRequired = new(ErrorKind.Conflict, "connection_required_by_policy", "The organization requires SSO and this is its last active connection; switch the policy off first.");
}
