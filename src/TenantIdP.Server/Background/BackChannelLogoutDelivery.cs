using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Http.Outbound;

namespace TenantIdP.Server.Background;

/// <summary>
/// Posts logout tokens to apps (OpenID Connect Back-Channel Logout 1.0 section 2.5). Each try has a fresh token, so that it is never too old, under the message's id as its
/// <c>jti</c>: an app that has had it knows it again. Any answer but a 2xx is tried again, 400 too: the app may not have read our new keys yet.
/// </summary>
public sealed class BackChannelLogoutDelivery(IAppRegistry apps, ILogoutTokens tokens, IHttpClientFactory clients, SecretBox box, TimeProvider clock) : IOutboxHandler
{
    /// <summary>Ten tries in an hour; after that the app's access tokens have long ended.</summary>
    public static OutboxKind Kind { get; } = new(
        LogoutNotice.Kind, TimeSpan.FromSeconds(15),
        new OutboxSchedule([
            TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15),
            TimeSpan.FromMinutes(35),
        ]));

    public async Task<OutboxOutcome> DeliverAsync(OutboxMessage message, CancellationToken ct)
    {
        var notice = message.Read<LogoutNotice>(box);
        // Deleted, or it no longer wants to be told.
        if (await apps.FindAsync(notice.AppId, ct) is not { BackchannelLogoutUri: { } address } app) return new OutboxOutcome.Delivered();

        using var form = new FormUrlEncodedContent([new("logout_token", tokens.Create(app, notice, message.Id.ToString()))]);
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = form };
        request.Options.Set(OutboundRequest.Connection, notice.Receiver);
        try
        {
            using var client = clients.CreateClient(OutboundHttp.ClientName);
            using var answer = await client.SendAsync(request, ct);
            return answer.IsSuccessStatusCode ? new OutboxOutcome.Delivered() : new OutboxOutcome.Retry($"Answered {(int)answer.StatusCode}.", AskedBy(answer));
        }
        catch (OutboundRefusedException refused)
        {
            return new OutboxOutcome.Retry($"Not reached: {refused.Reason}.");
        }
    }

    private TimeSpan? AskedBy(HttpResponseMessage answer) => answer.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - clock.GetUtcNow(),
        _ => null,
    };
}
