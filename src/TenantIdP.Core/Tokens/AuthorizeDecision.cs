using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;

namespace TenantIdP.Core.Tokens;

/// <summary>What the authorization endpoint does next.</summary>
public abstract record AuthorizeDecision
{
    private AuthorizeDecision()
    {
    }

    /// <summary>Send the person to <c>/signin</c>.</summary>
    public sealed record SignIn : AuthorizeDecision;

    /// <summary>Ask the person about the invitation that the request names.</summary>
    public sealed record AskAboutInvitation : AuthorizeDecision;

    /// <summary>Send the person to the chooser.</summary>
    public sealed record ChooseOrganization : AuthorizeDecision;

    /// <summary>Ask the person whether the app may have what it asks for.</summary>
    public sealed record AskConsent(AccessFacts Facts) : AuthorizeDecision;

    /// <summary>Something is missing for this organization: its own connection when it has one, a local credential otherwise.</summary>
    public sealed record StepUp(Id<Organization> Organization, Id<Connection>? Connection) : AuthorizeDecision;

    public sealed record Issue(AccessFacts Facts, SessionProof Proof, Session Session) : AuthorizeDecision;

    /// <summary>Back to the app with an error of RFC 6749 section 4.1.2.1 or OpenID Connect Core section 3.1.2.6.</summary>
    public sealed record Refuse(string Error, string Description) : AuthorizeDecision;
}
