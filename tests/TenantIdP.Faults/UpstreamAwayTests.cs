using System.Diagnostics;
using System.Net;
using TenantIdP.Faults.Bench;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R17: an organization's identity provider hangs, or answers with errors.</summary>
[Collection(NodeBenchCollection.Name)]
public sealed class UpstreamAwayTests(NodeBench bench)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Fault", "R17")]
    [Trait("Attack", "G4")]
    public async Task An_identity_provider_that_hangs_slows_down_nobody_else()
    {
        await bench.RefillAsync(Ct);
        var (fleet, world) = (bench.Fleet, bench.World);
        await using var upstream = await TestUpstream.StartAsync(Ct);
        upstream.Intercept = async http =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
            return true;
        };
        var (organization, connection, _) = await ConnectAsync(upstream);
        var machine = Machine.AtRest();
        var before = await SignInTimesAsync();

        var hanging = Enumerable.Range(0, 40).Select(_ => StartAsync(organization, connection)).ToList();
        await Lengths.UntilAsync(() => Task.FromResult(upstream.Requests.Count >= 3), "the sign-ins wait for the identity provider", Ct);
        var during = await SignInTimesAsync();
        var answers = await Task.WhenAll(hanging);

        var (p95, p95During, longest) = (Recorder.Percentile(before, 0.95), Recorder.Percentile(during, 0.95), answers.Max(a => a.Took));
        bench.Figures.Add("R17", "an identity provider never answers 40 sign-ins", "others' p95 < +20 %; its own people are told <= 10 s",
            $"p95 {p95.TotalMilliseconds:0} ms before, {p95During.TotalMilliseconds:0} ms meanwhile; told after {longest.TotalSeconds:0.0} s at most: {string.Join(", ", answers.GroupBy(a => (int)a.Status).Select(g => $"{g.Count()} x {g.Key}"))}{machine}");
        Assert.All(answers, a => Assert.NotEqual(HttpStatusCode.InternalServerError, a.Status));
        Assert.All(answers, a => Assert.NotEqual(HttpStatusCode.OK, a.Status));
        Assert.True(longest <= machine.Allows(TimeSpan.FromSeconds(12)), $"Somebody waited for {longest}."); // ten of the identity provider's, and pages

        // A fifth, and what a handful of measurements of a busy machine may differ by.
        Assert.True(p95During <= p95 * 1.2 + machine.Allows(TimeSpan.FromMilliseconds(250)), $"p95 was {p95} and became {p95During}.");
        await bench.AssertInvariantsAsync(Ct);
    }

    [Fact]
    [Trait("Fault", "R17")]
    public async Task An_identity_provider_whose_documents_are_gone_still_signs_its_people_in()
    {
        await bench.RefillAsync(Ct);
        var fleet = bench.Fleet;
        var node = fleet.Running.All[0];
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (organization, connection, host) = await ConnectAsync(upstream);
        await SignInAtAsync("first");
        upstream.Intercept = http =>
        {
            var isDocument = http.Request.Path.Value is "/.well-known/openid-configuration" or "/jwks";
            if (isDocument) http.Response.StatusCode = 500;
            return Task.FromResult(isDocument);
        };
        var asked = upstream.Requests.Count(IsDocument);

        for (var i = 0; i < 5; i++) await SignInAtAsync($"later-{i}");

        var askedMore = upstream.Requests.Count(IsDocument) - asked;
        bench.Figures.Add("R17", "discovery and keys of an identity provider answer 500", "what is known serves on; asked again at most once in 5 minutes", $"5 of 5 signed in; its documents asked for {askedMore} times");
        Assert.True(askedMore <= 2, $"Its documents were asked for {askedMore} times."); // each of the two once
        await bench.AssertInvariantsAsync(Ct);

        static bool IsDocument(string path) => path is "/.well-known/openid-configuration" or "/jwks";

        async Task SignInAtAsync(string subject)
        {
            upstream.SignsIn(subject, $"{subject}@{host}");
            using var browser = fleet.NewBrowser(node);
            var app = fleet.RelyingParty(bench.World.App);
            var page = await browser.GetAsync(app.Authorize(("organization", organization), ("connection", connection)).Address, Ct, app.IsCallback);
            Assert.True(app.IsCallback(page.Address) && RelyingParty.Answer(page).ContainsKey("code"), $"{page.Address}: {(int)page.Status} {page.Text.Trim()}");
        }
    }

    /// <returns>An organization with a verified host and an active connection.</returns>
    private async Task<(string Organization, string Connection, string Host)> ConnectAsync(TestUpstream upstream)
    {
        var api = bench.Fleet.Operator;
        var (organization, host) = (await World.OrganizationAsync(bench.Fleet, Ct), World.Unique("upstream") + ".example");
        var domain = (await api.PostAsync($"organizations/{organization}/domains", new { host }, Ct)).Text("id");
        await api.PostAsync($"organizations/{organization}/domains/{domain}/verify-by-operator", new { reason = "of the bench" }, Ct);
        var connection = (await api.PostAsync(
            $"organizations/{organization}/connections",
            new { displayName = "Upstream", issuer = upstream.Issuer, clientId = TestUpstream.ClientId, clientSecret = TestUpstream.ClientSecret }, Ct)).Text("id");
        await api.PostAsync($"organizations/{organization}/connections/{connection}/activate", new { untestedReason = "of the bench" }, Ct);
        return (organization, connection, host);
    }

    private async Task<(HttpStatusCode Status, TimeSpan Took)> StartAsync(string organization, string connection)
    {
        using var browser = bench.Fleet.NewBrowser();
        var app = bench.Fleet.RelyingParty(bench.World.App);
        var since = Stopwatch.StartNew();
        var page = await browser.GetAsync(app.Authorize(("organization", organization), ("connection", connection)).Address, Ct, app.IsCallback);
        return (page.Status, since.Elapsed);
    }

    /// <summary>A few people of another organization, one after the other.</summary>
    private async Task<IReadOnlyList<TimeSpan>> SignInTimesAsync()
    {
        var job = new MainJob(bench.World);
        var took = new List<TimeSpan>();
        for (var i = 0; i < Lengths.Runs(12, 60); i++)
        {
            var result = await job.RunAsync(bench.World.People[i % bench.World.People.Count], Ct);
            Assert.True(result.End == JobEnd.Done, result.Why);
            took.Add(result.Took);
        }

        return took;
    }
}
