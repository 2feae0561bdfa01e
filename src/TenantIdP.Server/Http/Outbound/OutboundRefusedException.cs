namespace TenantIdP.Server.Http.Outbound;

/// <summary>Why a request was refused or given up. For logs, traces and events; never shown to the person who named the address.</summary>
public enum OutboundRefusal
{
    UrlNotAllowed,
    HostNotAllowed,
    PortNotAllowed,
    NameNotResolved,
    AddressNotPublic,
    Unreachable,
    CertificateNotAccepted,
    Redirected,
    TooManyRedirects,
    AnswerTooLarge,
    AnswerInvalid,
    TimedOut,
    Busy,
}

/// <summary>
/// The only failure of the outbound client. <see cref="Exception.Message"/> may be shown: an unknown name, a private address and a closed
/// port read the same, and there is no inner exception, so that nobody can map the inner network with it.
/// </summary>
public sealed class OutboundRefusedException : HttpRequestException
{
    internal OutboundRefusedException(OutboundRefusal reason, string detail = "")
        : base(MessageFor(reason)) => (Reason, Detail) = (reason, detail);

    public OutboundRefusal Reason { get; }

    /// <summary>For the operator's log only.</summary>
    internal string Detail { get; }

    private static string MessageFor(OutboundRefusal reason) => reason switch
    {
        OutboundRefusal.UrlNotAllowed => "The address must be an https URL without a user name.",
        OutboundRefusal.CertificateNotAccepted => "The server's certificate was not accepted.",
        OutboundRefusal.Redirected or OutboundRefusal.TooManyRedirects => "The address redirects to a place that is not followed.",
        OutboundRefusal.AnswerTooLarge => "The answer is too large.",
        OutboundRefusal.AnswerInvalid => "The answer could not be read.",
        OutboundRefusal.TimedOut => "The address did not answer in time.",
        OutboundRefusal.Busy => "Too many requests to this address are under way.",
        OutboundRefusal.HostNotAllowed or OutboundRefusal.PortNotAllowed or OutboundRefusal.NameNotResolved
            or OutboundRefusal.AddressNotPublic or OutboundRefusal.Unreachable => "The address is not reachable from here.",
    };
}
