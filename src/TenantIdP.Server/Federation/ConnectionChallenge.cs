using Microsoft.AspNetCore.Authentication;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Server.Composition;
using TenantIdP.Server.Http;
using TenantIdP.Server.Login;

namespace TenantIdP.Server.Federation;

/// <summary>Sends a browser to a connection's identity provider.</summary>
internal sealed class ConnectionChallenge(IAuthenticationHandlerProvider handlers, ConnectionDirectory connections, ReturnCookie returns, SignInRefusals refusals, TraceRecorder trace, TimeProvider clock)
{
    internal const string HandleItem = "return_handle";
    internal const string LoginHintItem = "login_hint";
    internal const string FreshItem = "fresh";
    internal const string TestItem = "test";

    /// <summary>Writes the redirect into the answer, or says why it can't.</summary>
    /// <param name="test">Set for a test run, which goes through a connection that is not active, too.</param>
    public async Task<FailureFacts?> StartAsync(HttpContext context, Id<Connection> connection, PendingSignIn pending, EmailAddress? email, CancellationToken ct, TestRun? test = null)
    {
        var name = connection.ToString();
        // What was saved a moment ago is what its admin wants to see tested.
        if (test is not null) connections.Invalidate(connection);
        var open = test is not null || await connections.FindAsync(connection, ct) is not null;
        if (!open || await handlers.GetHandlerAsync(context, name) is not { } handler) return FailureFacts.From(SignInErrors.ConnectionUnavailable, pending.Return);

        // What the app asks of us is asked of them: otherwise their session would answer for the person.
        var fresh = pending.Request is { } request && (request.Prompt.Contains("login") || request.MaxAge is not null);
        var handle = ReturnCookie.NewHandle();
        returns.Keep(context, name, handle, new StartedSignIn(pending.Return, clock.GetUtcNow(), fresh, null, test, trace.Steps));
        var properties = new AuthenticationProperties { RedirectUri = "/" };
        properties.Items[HandleItem] = handle;
        if (email is { } hint) properties.Items[LoginHintItem] = hint.Value;
        if (fresh) properties.Items[FreshItem] = "1";
        if (test is not null) properties.Items[TestItem] = "1";
        try
        {
            await handler.ChallengeAsync(properties);
            return null;
        }
        catch (Exception failure) when (failure is InvalidOperationException or HttpRequestException or IOException && !StoreFailures.IsOutage(failure))
        {
            // Discovery failed: the metadata is down, slow, or not this connection's.
            const string reason = "discovery";
            return test is null ? await refusals.OfUpstreamAsync(connection, failure, reason, pending.Return, ct) : await refusals.OfTestAsync(connection, test, failure, reason, ct);
        }
    }
}
