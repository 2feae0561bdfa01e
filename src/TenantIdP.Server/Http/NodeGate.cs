using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Http;

/// <summary>
/// Refuses at once, with 503, what could only fail or wait: everything before the database is of this version, and what needs the database while it is away. Discovery, keys,
/// assets and health are answered from memory. While the process ends, every answer asks for a new connection, which leads to another node.
/// </summary>
internal sealed class NodeGate(RequestDelegate next, NodeState state)
{
    private const int RetryAfterSeconds = 5;

    private static readonly PathString[] FromMemory = ["/.well-known", "/health", "/assets", "/openapi", "/docs"];

    public Task InvokeAsync(HttpContext context)
    {
        if (state.IsDraining && HttpProtocol.IsHttp11(context.Request.Protocol)) context.Response.Headers.Connection = "close";
        if (!state.IsMigrated) return AnswerEarlyAsync(context);
        if (!state.StoreIsAway || Failures.IsTelling(context) || Array.Exists(FromMemory, prefix => context.Request.Path.StartsWithSegments(prefix))) return next(context);
        Refuse(context);
        return Task.CompletedTask;
    }

    /// <summary>Without keys the engine, which sees every request first, can answer none, not even one for a page that tells so.</summary>
    private static Task AnswerEarlyAsync(HttpContext context)
    {
        if (context.Request.Path == Health.LivePath) return Health.Live.ExecuteAsync(context);
        Refuse(context);
        if (!RequestKind.IsForPeople(context.Request.Path) || HttpMethods.IsHead(context.Request.Method)) return Task.CompletedTask;
        context.Response.Headers.RetryAfter = $"{RetryAfterSeconds}";
        return context.Response.WriteAsync(EdgeProblems.Unavailable.Message, context.RequestAborted);
    }

    private static void Refuse(HttpContext context)
    {
        context.Features.Set(FailureFacts.From(EdgeProblems.Unavailable, RetryAfterSeconds));
        context.Response.StatusCode = EdgeProblems.Unavailable.Status;
    }
}
