using TenantIdP.Core;

namespace TenantIdP.Server.Http;

/// <summary>For load balancers: live says that the process answers, ready that it can serve.</summary>
internal static class Health
{
    public static void MapHealth(this WebApplication app)
    {
        var health = app.MapGroup("/health");
        health.MapGet("/live", () => TypedResults.Text("live"));
        health.MapGet("/ready", ReadyAsync);
    }

    private static async Task<IResult> ReadyAsync(IdpDbContext db, HttpContext context, CancellationToken ct)
    {
        if (await db.Database.CanConnectAsync(ct)) return TypedResults.Text("ready");
        context.Features.Set(new FailureFacts(StatusCodes.Status503ServiceUnavailable, "temporarily_unavailable", "The database can't be reached.") { RetryAfterSeconds = 5 });
        return TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable);
    }
}
