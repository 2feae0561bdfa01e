using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Tokens;

/// <summary>An OAuth error (RFC 6749 section 5.2) with the members a client needs to go on.</summary>
public sealed record TokenRefusal(string Error, string Description, Id<Organization>? Organization = null);

/// <summary>What a code, a refresh or a switch may yield: the errors of DESIGN.md section 6.4.</summary>
public static class OrganizationSwitch
{
    public static readonly TokenRefusal UnknownTarget = new("access_denied", "The organization is not available to this user.");

    /// <summary>The same for an organization that is unknown or suspended, and one that has not granted the app anything.</summary>
    public static readonly TokenRefusal NotGranted = new("access_denied", "The organization is not available to this app.");

    public static readonly TokenRefusal UnknownWorkspace = new("access_denied", "The workspace is not available to this user.");

    /// <summary>Null means granted.</summary>
    /// <param name="isSwitch">The request names an organization that is not the grant's own.</param>
    public static TokenRefusal? Refusal(Judgement judgement, AccessFacts facts, bool isSwitch) => judgement.Verdict switch
    {
        // A break-glass owner comes in by the authorization endpoint alone, where it is noted and told.
        Verdict.Granted => judgement.IsBreakGlass && isSwitch ? SsoRequired(facts) : null,
        Verdict.GrantDead => new("invalid_grant", "The session behind this grant has ended."),
        Verdict.NotAMember => isSwitch ? UnknownTarget : new("invalid_grant", "The membership behind this grant has ended."),
        Verdict.SsoRequired => SsoRequired(facts),
        Verdict.ProofRequired => new("interaction_required", "The organization asks for a sign-in of its own. Repeat the authorization request with the same organization.", facts.OrganizationId),
    };

    private static TokenRefusal SsoRequired(AccessFacts facts) =>
        new("interaction_required", "The organization requires its own single sign-on. Repeat the authorization request with the same organization.", facts.OrganizationId);
}
