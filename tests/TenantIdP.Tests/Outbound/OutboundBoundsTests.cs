using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Server.Http.Outbound;
using Xunit;

namespace TenantIdP.Tests.Outbound;

/// <summary>What the process allocates is measured while nothing else runs.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class AllocatesAlone;

[Collection(typeof(AllocatesAlone))]
[Trait("Attack", "G1")]
public sealed class OutboundBoundsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_endless_chunked_answer_is_cut_at_the_cap()
    {
        long sent = 0;
        await using var server = await LoopbackServer.StartAsync(
            async context =>
            {
                var chunk = new byte[64 * 1024];
                // Completed: the connection is gone and writes lead nowhere, perhaps long before a busy machine says so by RequestAborted.
                while (!(await context.Response.BodyWriter.WriteAsync(chunk, context.RequestAborted)).IsCompleted && !context.RequestAborted.IsCancellationRequested) sent += chunk.Length;
            },
            Ct);
        using var client = ClientFor(server, new OutboundOptions());

        var refused = await client.RefusedAsync(UrlOf(server));

        Assert.Equal(OutboundRefusal.AnswerTooLarge, refused.Reason);
        // What was sent beyond the cap sits in buffers of sockets and pipes.
        Assert.InRange(sent, 1, 32 * 1024 * 1024);
    }

    [Fact]
    [Trait("Attack", "G3")]
    public async Task A_gzip_bomb_is_counted_by_what_comes_out()
    {
        var bomb = Gzip(new byte[64 * 1024 * 1024]);
        Assert.True(bomb.Length < 1024 * 1024, "under the cap on the wire");
        await using var server = await LoopbackServer.StartAsync(Zipped(bomb), Ct);
        using var client = ClientFor(server, new OutboundOptions());

        var before = GC.GetTotalAllocatedBytes();
        var refused = await client.RefusedAsync(UrlOf(server));

        Assert.Equal(OutboundRefusal.AnswerTooLarge, refused.Reason);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 50L * 1024 * 1024);
    }

    [Fact]
    public async Task A_gzip_answer_under_the_cap_is_read_and_a_damaged_one_refused()
    {
        await using var server = await LoopbackServer.StartAsync(Zipped(Gzip(Encoding.UTF8.GetBytes("hello"))), Ct);
        await using var damaged = await LoopbackServer.StartAsync(Zipped([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), Ct);
        using var client = ClientFor(server, new OutboundOptions());
        using var other = ClientFor(damaged, new OutboundOptions());

        Assert.Equal("hello", await client.Http.GetStringAsync(new Uri(UrlOf(server)), Ct));
        Assert.Equal(OutboundRefusal.AnswerInvalid, (await other.RefusedAsync(UrlOf(damaged))).Reason);
    }

    [Theory]
    [InlineData(1024, true)]
    [InlineData(1025, false)]
    public async Task A_request_may_ask_for_less_than_the_cap(int size, bool read)
    {
        await using var server = await LoopbackServer.StartAsync(context => context.Response.Body.WriteAsync(new byte[size], Ct).AsTask(), Ct);
        using var client = ClientFor(server, new OutboundOptions());
        var request = TestClient.Get(UrlOf(server));
        request.Options.Set(OutboundRequest.MaxResponseBytes, 1024);

        var asked = client.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);

        if (read)
            Assert.Equal(size, (await (await asked).Content.ReadAsByteArrayAsync(Ct)).Length);
        else
            Assert.Equal(OutboundRefusal.AnswerTooLarge, (await Assert.ThrowsAsync<OutboundRefusedException>(() => asked)).Reason);
    }

    [Fact]
    [Trait("Attack", "G4")]
    public async Task A_server_that_never_answers_is_given_up_after_the_request_timeout()
    {
        var time = new FakeTimeProvider();
        var arrived = new TaskCompletionSource();
        await using var server = await LoopbackServer.StartAsync(context => HangAsync(context, arrived), Ct);
        using var client = ClientFor(server, new OutboundOptions(), time);

        var asked = client.Http.GetAsync(new Uri(UrlOf(server)), Ct);
        await arrived.Task.WaitAsync(Ct);
        time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(asked.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));

        Assert.Equal(OutboundRefusal.TimedOut, (await Assert.ThrowsAsync<OutboundRefusedException>(() => asked)).Reason);
    }

    [Fact]
    [Trait("Attack", "G4")]
    public async Task A_body_that_stops_half_way_is_given_up_too()
    {
        var time = new FakeTimeProvider();
        var arrived = new TaskCompletionSource();
        await using var server = await LoopbackServer.StartAsync(
            async context =>
            {
                await context.Response.WriteAsync("{", Ct);
                await context.Response.Body.FlushAsync(Ct);
                await HangAsync(context, arrived);
            },
            Ct);
        using var client = ClientFor(server, new OutboundOptions(), time);

        var asked = client.Http.SendAsync(TestClient.Get(UrlOf(server)), HttpCompletionOption.ResponseHeadersRead, Ct);
        await arrived.Task.WaitAsync(Ct);
        time.Advance(TimeSpan.FromSeconds(10.1));

        Assert.Equal(OutboundRefusal.TimedOut, (await Assert.ThrowsAsync<OutboundRefusedException>(() => asked)).Reason);
    }

    [Fact]
    [Trait("Attack", "G4")]
    public async Task Requests_hanging_on_one_connection_do_not_stop_another()
    {
        var time = new FakeTimeProvider();
        using var arrived = new CountdownEvent(4);
        var all = new TaskCompletionSource();
        await using var server = await LoopbackServer.StartAsync(
            context =>
            {
                if (context.Request.Path != "/hang")
                    return context.Response.WriteAsync("fine", Ct);
                if (arrived.Signal())
                    all.TrySetResult();
                return HangAsync(context, new TaskCompletionSource());
            },
            Ct);
        using var client = ClientFor(server, new OutboundOptions { MaxConcurrentPerConnection = 4, MaxWaitingPerConnection = 1 }, time);
        Task<HttpResponseMessage> Ask(string path, string key) => client.Http.SendAsync(TestClient.Get(UrlOf(server) + path, connection: key), Ct);

        var hanging = Enumerable.Range(0, 4).Select(_ => Ask("hang", "con_globex")).ToArray();
        await all.Task.WaitAsync(Ct);
        var waiting = Ask("", "con_globex");
        var overflow = await Assert.ThrowsAsync<OutboundRefusedException>(() => Ask("", "con_globex"));
        var other = await Ask("", "con_umbrella");

        Assert.Equal(OutboundRefusal.Busy, overflow.Reason);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        Assert.False(waiting.IsCompleted);

        time.Advance(TimeSpan.FromSeconds(10.1));
        foreach (var hung in hanging)
            Assert.Equal(OutboundRefusal.TimedOut, (await Assert.ThrowsAsync<OutboundRefusedException>(() => hung)).Reason);
        await Assert.ThrowsAsync<OutboundRefusedException>(() => waiting);
        Assert.Equal(HttpStatusCode.OK, (await Ask("", "con_globex")).StatusCode); // turns were given back
    }

    [Fact]
    [Trait("Attack", "G4")]
    [Trait("Attack", "R17")]
    public async Task An_error_of_the_server_is_an_answer_and_the_callers_own_cancellation_stays_one()
    {
        await using var server = await LoopbackServer.StartAsync(
            context =>
            {
                context.Response.StatusCode = 500;
                return Task.CompletedTask;
            },
            Ct);
        using var client = ClientFor(server, new OutboundOptions());

        Assert.Equal(HttpStatusCode.InternalServerError, (await client.Http.GetAsync(new Uri(UrlOf(server)), Ct)).StatusCode);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.Http.GetAsync(new Uri(UrlOf(server)), new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task The_synchronous_path_is_closed()
    {
        await using var server = await LoopbackServer.StartAsync(_ => Task.CompletedTask, Ct);
        using var client = ClientFor(server, new OutboundOptions());

        Assert.Throws<NotSupportedException>(() => client.Http.Send(TestClient.Get(UrlOf(server)), Ct));
        Assert.Equal(0, server.Requests);
    }

    [Fact]
    public async Task The_registered_client_is_guarded_and_development_hosts_come_from_composition_only()
    {
        await using var server = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("fine", Ct), Ct, tls: false);
        var url = new Uri($"http://127.0.0.1:{server.Port}/");
        using var production = Services(developmentHosts: false, ("AllowLoopbackAndPrivate", "true"), ("MaxRedirects", "1"), ("AllowedHosts:0", "keycloak:8443"));
        using var development = Services(developmentHosts: true);

        var options = production.GetRequiredService<IOptions<OutboundOptions>>().Value;
        Assert.Equal((false, 1, "keycloak:8443"), (options.AllowLoopbackAndPrivate, options.MaxRedirects, Assert.Single(options.AllowedHosts)));
        await Assert.ThrowsAsync<OutboundRefusedException>(() => production.GetRequiredService<IHttpClientFactory>().CreateClient(OutboundHttp.ClientName).GetAsync(url, Ct));
        Assert.Equal("fine", await development.GetRequiredService<IHttpClientFactory>().CreateClient(OutboundHttp.ClientName).GetStringAsync(url, Ct));
        using var ofConnection = development.GetRequiredService<IHttpMessageHandlerFactory>().CreateOutboundClient("con_globex");
        Assert.Equal("fine", await ofConnection.GetStringAsync(url, Ct));
    }

    [Theory]
    [InlineData("*.corp.example")]
    [InlineData("10.0.0.0/8")]
    [InlineData("https://corp.example")]
    [InlineData("user@corp.example")]
    [InlineData("")]
    public void An_entry_that_is_not_an_exact_host_is_refused_with_its_key(string entry)
    {
        using var services = Services(developmentHosts: false, ("AllowedHosts:0", entry));

        var failure = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<OutboundOptions>>().Value);

        Assert.Contains("TenantIdP:Outbound:AllowedHosts", failure.Message, StringComparison.Ordinal);
    }

    private static ServiceProvider Services(bool developmentHosts, params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(s => KeyValuePair.Create($"{OutboundOptions.Section}:{s.Key}", (string?)s.Value)))
            .Build();
        return new ServiceCollection().AddLogging().AddGuardedOutboundHttp(configuration, developmentHosts).BuildServiceProvider();
    }

    private static TestClient ClientFor(LoopbackServer server, OutboundOptions options, TimeProvider? time = null) =>
        new(options with { AllowedHosts = [$"idp.corp.test:{server.Port}"] }, (_, _) => [IPAddress.Loopback], time);

    private static string UrlOf(LoopbackServer server) => $"https://idp.corp.test:{server.Port}/";

    private static async Task HangAsync(HttpContext context, TaskCompletionSource arrived)
    {
        var gone = new TaskCompletionSource();
        await using var registration = context.RequestAborted.Register(() => gone.TrySetResult());
        arrived.TrySetResult();
        await gone.Task;
    }

    private static RequestDelegate Zipped(byte[] body) => context =>
    {
        context.Response.Headers.ContentEncoding = "gzip";
        return context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    };

    private static byte[] Gzip(byte[] plain)
    {
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.SmallestSize))
            gzip.Write(plain);
        return zipped.ToArray();
    }
}
