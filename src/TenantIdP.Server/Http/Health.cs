using TenantIdP.Core;
using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Http;

/// <summary>For load balancers: live says that the process answers, ready that it can serve.</summary>
internal static class Health
{
    public const string LivePath = "/health/live";

    private const int RetryAfterSeconds = 5;

    public static IResult Live { get; } = TypedResults.Text("live");

    public static void MapHealth(this WebApplication app)
    {
        app.MapGet(LivePath, () => Live);
        app.MapGet("/health/ready", ReadyAsync);
    }

    private static async Task<IResult> ReadyAsync(NodeState state, HttpContext context, CancellationToken ct)
    {
        if (state.IsDraining) return Refuse(context, "The process is ending.");
        if (!state.IsMigrated || state.StoreIsAway) return Refuse(context, "The database can't be reached.");

        // Not a parameter of this method: where a database is a file, having a context opens it.
        if (!await context.RequestServices.GetRequiredService<IdpDbContext>().Database.CanConnectAsync(ct)) return Refuse(context, "The database can't be reached.");
        return TypedResults.Ok(new ReadyResponse(state.ClockIsWrong ? "degraded" : "ready", [.. Warnings(state)]));
    }

    private static IEnumerable<ReadyWarning> Warnings(NodeState state)
    {
        if (state.ClockIsWrong) yield return new ReadyWarning("clock_skew", $"The clock of this node differs by {state.ClockOffset.TotalSeconds:F0} seconds from the database's.");
        if (state.MailWaits) yield return new ReadyWarning("mail_not_configured", "No mail server is set: mails wait until there is one.");
    }

    private static IResult Refuse(HttpContext context, string reason)
    {
        context.Features.Set(FailureFacts.From(EdgeProblems.Unavailable with { Message = reason }, RetryAfterSeconds));
        return TypedResults.StatusCode(EdgeProblems.Unavailable.Status);
    }
}

/// <param name="Status"><c>ready</c>, or <c>degraded</c> when it serves and something of it is wrong.</param>
/// <param name="Warnings">What somebody should look at; those of a degraded node first.</param>
internal sealed record ReadyResponse(string Status, IReadOnlyList<ReadyWarning> Warnings);

internal sealed record ReadyWarning(string Code, string Message);
