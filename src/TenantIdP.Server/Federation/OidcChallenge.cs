using Microsoft.AspNetCore.Authentication;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Server.Composition;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Federation;

/// <summary>The redirect to an OpenID provider, by the handler of its connection.</summary>
internal sealed class OidcChallenge(IAuthenticationHandlerProvider handlers, ReturnCookie returns, SignInRefusals refusals, TraceRecorder trace, TimeProvider clock)
{
    internal const string HandleItem = "return_handle";
    internal const string LoginHintItem = "login_hint";
    internal const string FreshItem = "fresh";
    internal const string TestItem = "test";

    public async Task<FailureFacts?> StartAsync(HttpContext context, Id<Connection> connection, Asked asked, CancellationToken ct)
    {
        var name = connection.ToString();
        if (await handlers.GetHandlerAsync(context, name) is not { } handler) return FailureFacts.From(SignInErrors.ConnectionUnavailable, asked.Back);
        var handle = FlowHandle.New();
        returns.Keep(context, name, handle, new StartedSignIn(asked.Back, clock.GetUtcNow(), asked.Fresh, null, asked.Test, trace.Steps));
        var properties = new AuthenticationProperties { RedirectUri = "/" };
        properties.Items[HandleItem] = handle;
        if (asked.Hint is { } hint) properties.Items[LoginHintItem] = hint.Value;
        if (asked.Fresh) properties.Items[FreshItem] = "1";
        if (asked.Test is not null) properties.Items[TestItem] = "1";
        try
        {
            if (handler is ConnectionHandler { Options: { } options })
            {
                FlowRoom.Make(context, options.CorrelationCookie, 0, clock.GetUtcNow());
                FlowRoom.Make(context, options.NonceCookie, 0, clock.GetUtcNow());
            }

            await handler.ChallengeAsync(properties);
            return null;
        }
        catch (Exception failure) when (failure is InvalidOperationException or HttpRequestException or IOException && !StoreFailures.IsOutage(failure))
        {
            // Discovery failed: the metadata is down, slow, or not this connection's.
            const string reason = "discovery";
            return asked.Test is { } test ? await refusals.OfTestAsync(connection, test, failure, reason, ct) : await refusals.OfUpstreamAsync(connection, failure, reason, asked.Back, ct);
        }
    }
}
