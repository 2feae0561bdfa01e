using TenantIdP.Core.Directories;
using TenantIdP.Core.Instance;
using TenantIdP.Server.Composition;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Scim;

/// <summary>
/// Notes how each request of a directory ended: in measurements always, in the directory's log what wrote and what was refused. A request whose directory is not known is in no log.
/// </summary>
internal sealed class ScimLog(DirectoryLog log, ScimRequest request, Telemetry telemetry, TimeProvider clock)
{
    private readonly TimeProvider clock = clock;

    public Entry Begin(HttpContext context) => new(this, context);

    private void End(HttpContext context, ScimOperation operation, int status, TimeSpan took, bool write)
    {
        telemetry.ScimOperation(operation.Name, operation.ResourceType, OutcomeText(DirectoryLogEntry.OutcomeOf(status)), took);
        if (!write || !request.IsKnown || (operation.IsRead && status < StatusCodes.Status400BadRequest)) return;
        var answer = context.Features.Get<ScimAnswer>();
        log.Record(request.Directory, new DirectoryLogFacts(operation.Name, operation.ResourceType, status, took)
        {
            ResourceId = (answer?.ResourceId ?? ScimOperation.ResourceIdOf(context)) is { } id ? DirectoryMask.Text(id) : null,
            ScimType = answer?.Error?.ScimType,
            Detail = answer?.Error is { } error ? DirectoryMask.Text(error.Detail) : null,
            TraceId = RequestTrace.Of(context),
            Request = DirectoryMask.Request(context.Request.QueryString.Value, request.Body, isGroup: operation.ResourceType == "Group"),
        });
    }

    private static string OutcomeText(DirectoryOutcome outcome) => outcome switch
    {
        DirectoryOutcome.Succeeded => "succeeded",
        DirectoryOutcome.Refused => "refused",
        DirectoryOutcome.Failed => "failed",
    };

    /// <summary>One request, from its beginning to its end.</summary>
    internal sealed class Entry(ScimLog log, HttpContext context) : IDisposable
    {
        private readonly long began = log.clock.GetTimestamp();
        private int? failed;
        private bool write = true;

        /// <summary>Not into the log: there is one like it already.</summary>
        public void LeaveOut() => write = false;

        /// <summary>Runs the endpoint. What breaks is told by whoever answers it.</summary>
        public async Task WatchAsync(Func<Task> endpoint)
        {
            try
            {
                await endpoint();
            }
            catch (Exception failure)
            {
                failed = failure switch
                {
                    OperationCanceledException when context.RequestAborted.IsCancellationRequested => 499,
                    BadHttpRequestException bad => bad.StatusCode,
                    _ when StoreFailures.IsOutage(failure) => StatusCodes.Status503ServiceUnavailable,
                    _ => StatusCodes.Status500InternalServerError,
                };
                throw;
            }
        }

        public void Dispose() => log.End(context, ScimOperation.Of(context.Request.Method, RestOf(context.Request.Path)), failed ?? context.Response.StatusCode, log.clock.GetElapsedTime(began), write);

        private static PathString RestOf(PathString path) =>
            path.StartsWithSegments(ScimEndpoints.Path, out var rest) && rest.Value is { Length: > 1 } text && text.IndexOf('/', 1) is > 0 and var slash ? new PathString(text[slash..]) : default;
    }
}
