using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.SignIn;

/// <summary>The sentence an IT admin acts on, for each reason of <see cref="SignInErrors"/>. Fixed texts that may be shown to whoever was refused: nothing about the person, or anybody else.</summary>
public static class SignInAdvice
{
    public static string For(Error error) => error.Code switch
    {
        "connection_unavailable" => "The connection is not active: activate it, then try again.",
        "subject_invalid" => "The provider's answer has no usable subject: check the connection's subject claim or NameID at the provider.",
        "email_domain_not_allowed" => "The address is outside the organization's verified domains, or those that its membershipDomains takes people from: verify its domain, correct the address at the provider, or admit people of other domains.",
        "email_not_verified" => "The provider does not say that the address is verified: have it send email_verified, or trust this connection's addresses.",
        "member_limit_reached" => "The organization has reached its member limit: end memberships that nobody uses, or ask an operator to raise memberLimit.",
        "single_org_policy" => "Membership is exclusive for this organization, for another one of this person, or for the whole instance: end the other membership first.",
        "jit_disabled" => "The person is not a member and the connection lets nobody join by signing in: add them, or switch just-in-time provisioning on.",
        "membership_ended" => "The person was removed or deactivated: reactivate or add them, if they may come back.",
        "membership_pending" => "The membership waits: activate it, if the person may come in.",
        "user_suspended" => "The account is suspended: an operator can lift that.",
        "link_requires_proof" => "An account with this address is older than the domain's proof, or another sign-in speaks for it: the person shows its old password once, and the two are connected.",
        "link_refused" => "The account may not be linked by a connection: use an account of its own for this sign-in.",
        "state_mismatch" => "The sign-in was not finished in the browser that started it, or too late: start again from the app.",
        "version_mismatch" or "changed_meanwhile" => "The connection was changed while the test ran: run it again.",
        _ => "Try again; when it fails again, give the trace to an operator.",
    };
}
