using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;

namespace TenantIdP.Client;

/// <summary>What came of a switch or refresh. Only <see cref="Switched"/> and <see cref="SignedOut"/> have changed the session.</summary>
public abstract record SwitchResult
{
    private SwitchResult()
    {
    }

    /// <summary>The session holds new tokens, and the request's user is the one given.</summary>
    public sealed record Switched(ClaimsPrincipal User) : SwitchResult;

    /// <summary>No such organization for this person. They stay where they are.</summary>
    /// <param name="Description">What the login host says about it.</param>
    public sealed record NotAMember(string Description) : SwitchResult;

    /// <summary>The organization wants a sign-in of its own: challenge with these properties. Until then they stay where they are.</summary>
    /// <param name="Challenge">Names the same organization, workspace and person; set <c>RedirectUri</c> to come back elsewhere than to <c>/</c>.</param>
    public sealed record InteractionRequired(AuthenticationProperties Challenge) : SwitchResult;

    /// <summary>The grant behind the session has ended: sign in again.</summary>
    public sealed record SignedOut : SwitchResult;

    /// <summary>The login host gave no answer that could be used. They stay where they are; try again in a moment.</summary>
    /// <param name="Description">What the login host says about it, or a sentence of ours.</param>
    public sealed record Unavailable(string Description) : SwitchResult;
}
