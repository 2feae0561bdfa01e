using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Client;
using Xunit;

namespace TenantIdP.Tests.Client;

/// <summary>The endpoint of the package, on real Kestrel: what reaches the handler, and how often.</summary>
[Trait("Attack", "H1")]
public sealed class WebhookEndpointTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Next = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", Foreign = "whsec_plJ3nmyCDGBKInavdOK15jsl1tjaJkVl";
    private const string Body = """{"type":"member.joined","timestamp":"2026-01-15T09:30:00+00:00","data":{"id":"evt_1","organizationId":"org_1","target":"mem_1"}}""";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_signed_reaches_the_handler_with_what_it_says()
    {
        await using var app = await Receiver.StartAsync([Secret], Ct);

        Assert.Equal(HttpStatusCode.NoContent, await app.SendAsync("evt_1", Body, Secret, Ct));

        var webhook = Assert.Single(app.Handled);
        Assert.Equal(("evt_1", "member.joined", "org_1", "mem_1"), (webhook.Id, webhook.Type, webhook.OrganizationId, webhook.Target));
        Assert.Equal(DateTimeOffset.Parse("2026-01-15T09:30:00Z", System.Globalization.CultureInfo.InvariantCulture), webhook.Timestamp);
    }

    [Fact]
    public async Task A_webhook_that_comes_again_is_handled_once_also_within_its_window()
    {
        await using var app = await Receiver.StartAsync([Secret], Ct);
        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.NoContent, await app.SendAsync("evt_1", Body, Secret, Ct));
        app.Clock.Advance(TimeSpan.FromDays(3)); // the last of its tries

        Assert.Equal(HttpStatusCode.NoContent, await app.SendAsync("evt_1", Body, Secret, Ct));

        Assert.Single(app.Handled);
    }

    [Fact]
    public async Task Twenty_at_once_are_handled_once_and_those_that_find_it_under_way_are_told_to_come_again()
    {
        await using var app = await Receiver.StartAsync([Secret], Ct);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        app.Handle = _ => gate.Task;

        var sent = Enumerable.Range(0, 20).Select(_ => app.SendAsync("evt_1", Body, Secret, Ct)).ToList();
        // As they complete, whichever they are: the one that is handled waits at the gate.
        await foreach (var answered in Task.WhenEach(sent).Take(19).WithCancellation(Ct)) await answered;
        gate.SetResult();

        Assert.Equal(19, (await Task.WhenAll(sent)).Count(s => s == HttpStatusCode.ServiceUnavailable));
        Assert.Single(app.Handled);
        Assert.Equal(HttpStatusCode.NoContent, await app.SendAsync("evt_1", Body, Secret, Ct));
        Assert.Single(app.Handled);
    }

    [Fact]
    public async Task When_the_handler_throws_it_is_asked_again_the_next_time()
    {
        await using var app = await Receiver.StartAsync([Secret], Ct);
        app.Handle = _ => throw new InvalidOperationException("Not now.");
        Assert.Equal(HttpStatusCode.InternalServerError, await app.SendAsync("evt_1", Body, Secret, Ct));

        app.Handle = _ => Task.CompletedTask;

        Assert.Equal(HttpStatusCode.NoContent, await app.SendAsync("evt_1", Body, Secret, Ct));
        Assert.Equal(2, app.Handled.Count);
    }

    [Fact]
    public async Task An_old_delivery_a_changed_body_and_a_foreign_secret_reach_nothing()
    {
        await using var app = await Receiver.StartAsync([Secret], Ct);
        var sentAt = app.Clock.GetUtcNow();

        app.Clock.Advance(TimeSpan.FromSeconds(301));
        Assert.Equal(HttpStatusCode.BadRequest, await app.SendAsync("evt_1", Body, Secret, Ct, sentAt));
        Assert.Equal(HttpStatusCode.BadRequest, await app.SendAsync("evt_1", Body, Secret, Ct, app.Clock.GetUtcNow().AddSeconds(301)));
        Assert.Equal(HttpStatusCode.Unauthorized, await app.SendAsync("evt_1", Body, Foreign, Ct));
        Assert.Equal(HttpStatusCode.Unauthorized, await app.SendAsync("evt_1", Body + " ", Secret, Ct, signed: Body));
        Assert.Equal(HttpStatusCode.BadRequest, await app.SendAsync("evt.1", Body, Secret, Ct));
        Assert.Equal(HttpStatusCode.BadRequest, await app.SendAsync("evt_1", "[1]", Secret, Ct)); // signed, but no webhook
        Assert.Equal(HttpStatusCode.BadRequest, await app.SendAsync("evt_1", "{\"type\":", Secret, Ct));

        Assert.Empty(app.Handled);
        Assert.Equal(HttpStatusCode.NoContent, await app.SendAsync("evt_1", Body, Secret, Ct)); // none of them has used the id up
    }

    [Fact]
    public async Task While_secrets_rotate_either_of_them_will_do()
    {
        await using var app = await Receiver.StartAsync([Next, Secret], Ct);

        Assert.Equal(HttpStatusCode.NoContent, await app.SendAsync("evt_1", Body, Secret, Ct));
        Assert.Equal(HttpStatusCode.NoContent, await app.SendAsync("evt_2", Body, Next, Ct));

        Assert.Equal(2, app.Handled.Count);
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused_before_it_is_judged()
    {
        await using var app = await Receiver.StartAsync([Secret], Ct);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await app.SendAsync("evt_1", new string(' ', (256 * 1024) + 1), Secret, Ct));
    }

    [Fact]
    public async Task A_store_of_the_applications_own_is_asked()
    {
        var store = new OwnStore();
        await using var app = await Receiver.StartAsync([Secret], Ct, services => services.AddSingleton<IReceivedWebhooks>(store));

        Assert.Equal(HttpStatusCode.NoContent, await app.SendAsync("evt_1", Body, Secret, Ct));

        Assert.Empty(app.Handled); // it says that another node has done it
        Assert.Equal(["/hook evt_1"], store.Asked);
    }

    [Theory, InlineData("whsec_"), InlineData("whsec_not base64"), InlineData("c2hvcnQ=")]
    public async Task A_secret_that_is_none_is_told_at_start(string secret)
    {
        await Assert.ThrowsAsync<FormatException>(() => Receiver.StartAsync([secret], Ct));
        await Assert.ThrowsAsync<ArgumentException>(() => Receiver.StartAsync([], Ct));
    }

    private sealed class OwnStore : IReceivedWebhooks
    {
        public List<string> Asked { get; } = [];

        public ValueTask<WebhookClaim> ClaimAsync(string id, CancellationToken cancellationToken)
        {
            Asked.Add(id);
            return ValueTask.FromResult(WebhookClaim.Done);
        }

        public ValueTask FinishAsync(string id, bool handled) => throw new InvalidOperationException("It was not given to us.");
    }

    private sealed class Receiver : IAsyncDisposable
    {
        private readonly WebApplication app;
        private readonly HttpClient client;
        private readonly List<TenantIdPWebhook> handled = [];

        private Receiver(WebApplication app, FakeTimeProvider clock) => (this.app, Clock, client) = (app, clock, new HttpClient(new SocketsHttpHandler { UseProxy = false }));

        public FakeTimeProvider Clock { get; }

        public Func<TenantIdPWebhook, Task> Handle { get; set; } = _ => Task.CompletedTask;

        public IReadOnlyList<TenantIdPWebhook> Handled
        {
            get
            {
                lock (handled) return [.. handled];
            }
        }

        public static async Task<Receiver> StartAsync(string[] secrets, CancellationToken ct, Action<IServiceCollection>? configure = null)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
            builder.Services.AddSingleton<TimeProvider>(clock);
            configure?.Invoke(builder.Services);
            var app = builder.Build();
            var receiver = new Receiver(app, clock);
            app.MapTenantIdPWebhook("/hook", secrets, (webhook, _) => receiver.TakeAsync(webhook));
            await app.StartAsync(ct);
            return receiver;
        }

        public async Task<HttpStatusCode> SendAsync(string id, string body, string secret, CancellationToken ct, DateTimeOffset? at = null, string? signed = null)
        {
            var timestamp = (at ?? Clock.GetUtcNow()).ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
            var signature = Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), Encoding.UTF8.GetBytes($"{id}.{timestamp}.{signed ?? body}")));
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{app.Urls.Single()}/hook") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            request.Headers.Add("webhook-id", id);
            request.Headers.Add("webhook-timestamp", timestamp);
            request.Headers.Add("webhook-signature", $"v1,{signature}");
            using var answer = await client.SendAsync(request, ct);
            return answer.StatusCode;
        }

        public async ValueTask DisposeAsync()
        {
            client.Dispose();
            await app.DisposeAsync();
        }

        private Task TakeAsync(TenantIdPWebhook webhook)
        {
            lock (handled) handled.Add(webhook);
            return Handle(webhook);
        }
    }
}
