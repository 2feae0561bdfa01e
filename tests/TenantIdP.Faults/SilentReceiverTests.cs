using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TenantIdP.Faults.Bench;
using TenantIdP.Testing.Clients;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R16: an app that is told of sign-outs takes the message and never answers.</summary>
[Collection(NodeBenchCollection.Name)]
public sealed class SilentReceiverTests(NodeBench bench)
{
    private static readonly int Runs = Lengths.Runs(10, 50);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Fault", "R16")]
    public async Task A_receiver_that_hangs_slows_no_request_down_and_is_told_later()
    {
        await bench.RefillAsync(Ct);
        await using var receiver = await Receiver.StartAsync(Ct);
        var (plain, told) = (bench.World.App, await World.AppAsync(bench.Fleet, Ct, receiver.Address));
        var machine = Machine.AtRest();

        var before = await EndSessionsAsync(plain);
        receiver.Hangs = true;
        var during = await EndSessionsAsync(told);
        await Lengths.UntilAsync(() => Task.FromResult(receiver.Hanging > 0), "the receiver is asked", Ct);
        receiver.Hangs = false;
        var late = await Lengths.UntilAsync(() => Task.FromResult(receiver.Told.Count == Runs), "the receiver is told of each of them", Ct);

        var (median, medianDuring) = (Recorder.Percentile(before, 0.5), Recorder.Percentile(during, 0.5));
        bench.Figures.Add("R16", "an app never answers what it is told of sign-outs", "requests not slower than +50 ms; all is delivered later, once",
            $"median {median.TotalMilliseconds:0} ms, {medianDuring.TotalMilliseconds:0} ms meanwhile; {receiver.Told.Count} of {Runs} delivered {late.TotalSeconds:0.0} s after it answered again{machine}");
        Assert.True(medianDuring <= median + machine.Allows(TimeSpan.FromMilliseconds(50)), $"Ending a session took {median} and then {medianDuring}.");
        Assert.All(receiver.Told.Values, times => Assert.Equal(1, times));
        await bench.AssertInvariantsAsync(Ct);
    }

    /// <returns>How long it took to end the sessions of each person.</returns>
    private async Task<IReadOnlyList<TimeSpan>> EndSessionsAsync(TestApp app)
    {
        var took = new List<TimeSpan>();
        for (var i = 0; i < Runs; i++)
        {
            var person = bench.World.People[i % bench.World.People.Count];
            using var browser = bench.Fleet.NewBrowser();
            await MainJob.SignInAsync(browser, bench.Fleet.RelyingParty(app), bench.World.Organization, person, Ct);
            var since = Stopwatch.StartNew();
            await bench.Fleet.Operator.DeleteAsync($"users/{person.Id}/sessions", Ct);
            took.Add(since.Elapsed);
        }

        return took;
    }

    /// <summary>The back channel of an app.</summary>
    private sealed class Receiver : IAsyncDisposable
    {
        private readonly WebApplication app;
        private int hanging;

        private Receiver(WebApplication app) => this.app = app;

        public string Address { get; private set; } = "";

        public volatile bool Hangs;

        public int Hanging => hanging;

        /// <summary>How often each message came, by its <c>jti</c>.</summary>
        public ConcurrentDictionary<string, int> Told { get; } = new();

        public static async Task<Receiver> StartAsync(CancellationToken ct)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var receiver = new Receiver(app);
            app.Run(receiver.TakeAsync);
            await app.StartAsync(ct);
            receiver.Address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/logout"; // Kestrel has it once started
            return receiver;
        }

        public async ValueTask DisposeAsync()
        {
            await app.StopAsync(CancellationToken.None);
            await app.DisposeAsync();
        }

        private async Task TakeAsync(HttpContext http)
        {
            var token = (await http.Request.ReadFormAsync()).TryGetValue("logout_token", out var value) ? value.ToString() : "";
            if (Hangs)
            {
                Interlocked.Increment(ref hanging);
                await Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
                return;
            }

            Told.AddOrUpdate((string)Jwt.Payload(token)["jti"]!, 1, static (_, times) => times + 1); // OpenID Connect Back-Channel Logout 1.0 section 2.4
        }
    }
}
