using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Joining;

public static class JoinErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "join_request_not_found", "There is no such request in this organization.");
    public static readonly Error Decided = new(ErrorKind.Conflict, "join_request_decided", "The request was decided already.");

    public static readonly Error Outdated = new(ErrorKind.Conflict, "join_request_outdated",
        "The person no longer has a verified address in a domain that this organization has verified or is affiliated with: deny the request, or add them in another way.");

    /// <summary>On the page; also for an organization that never offered anything.</summary>
    public static readonly Error Unavailable = new(ErrorKind.Conflict, "join_unavailable", "This organization can't be joined this way any more. Ask its administrator.");
}
