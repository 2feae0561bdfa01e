using TenantIdP.Core.SignIn;
using TenantIdP.Server.Login;

namespace TenantIdP.Server.Federation;

/// <summary>Remembers, in the browser that leaves, what it left for: the same for every protocol.</summary>
internal sealed class SignInStart(ReturnCookie returns, TraceRecorder trace, TimeProvider clock)
{
    public StartedSignIn Keep(HttpContext context, string connection, string handle, PendingSignIn pending, string? requestId, TestRun? test)
    {
        // What the app asks of us is asked of them: otherwise their session would answer for the person.
        var fresh = pending.Request is { } request && (request.Prompt.Contains("login") || request.MaxAge is not null);
        var started = new StartedSignIn(pending.Return, clock.GetUtcNow(), fresh, requestId, test, trace.Steps);
        returns.Keep(context, connection, handle, started);
        return started;
    }
}
