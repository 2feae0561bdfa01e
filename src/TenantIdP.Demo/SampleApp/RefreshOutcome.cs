using Microsoft.AspNetCore.Authentication;

namespace TenantIdP.Demo.SampleApp;

internal enum RefreshStatus
{
    /// <summary>The session holds good tokens; see the ticket.</summary>
    Fresh,

    /// <summary>The organization wants more proof: repeat authorize with it. The session is untouched.</summary>
    InteractionRequired,

    /// <summary>Not for this person. The session is untouched.</summary>
    AccessDenied,

    /// <summary>The grant is dead: sign in again.</summary>
    SessionEnded,

    /// <summary>No answer, or none that can be trusted.</summary>
    Failed,
}

internal sealed record RefreshOutcome(RefreshStatus Status, AuthenticationTicket? Ticket, string Sentence = "");
