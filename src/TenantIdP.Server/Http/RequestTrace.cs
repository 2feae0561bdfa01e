using System.Diagnostics;

namespace TenantIdP.Server.Http;

/// <summary>The id that a person can read to an administrator: the same in the page, the problem, the event and the log.</summary>
internal static class RequestTrace
{
    public static string Of(HttpContext context) => Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier;
}
