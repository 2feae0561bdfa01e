using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using TenantIdP.Faults.Bench;
using TenantIdP.Testing.Clients;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R15: five times as many people give their password as there is room for. Checking one is the dearest thing a stranger can ask for.</summary>
[Collection(NodeBenchCollection.Name)]
public sealed class OverloadTests(NodeBench bench)
{
    private const int Times = 5;
    private const int MostAtOnce = 240;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Fault", "R15")]
    public async Task Too_many_passwords_at_once_are_answered_quickly_one_way_or_the_other()
    {
        await bench.RefillAsync(Ct);
        var machine = Machine.AtRest();
        var visitors = await Task.WhenAll(bench.World.People.Select(VisitAsync));
        var perSecond = await CapacityAsync(visitors, Lengths.Fault / 2);

        var recorder = bench.Fleet.Record();
        await OfferAsync(visitors, perSecond * Times, Lengths.Fault);
        var ended = recorder.Now;
        var back = await Lengths.UntilAsync(
            async () =>
            {
                var since = Stopwatch.StartNew();
                var answer = await bench.Fleet.Operator.GetAsync($"organizations/{bench.World.Organization}", Ct);
                return answer.IsOk && await PostAsync(visitors[0]) == HttpStatusCode.SeeOther && since.Elapsed < machine.Allows(TimeSpan.FromSeconds(1));
            }, "a sign-in takes less than a second again", Ct);
        foreach (var (browser, _) in visitors) browser.Dispose();

        var passwords = recorder.All.Where(s => s.Operation.EndsWith("/password", StringComparison.Ordinal) && s.At < ended).ToList();
        var (accepted, refused) = (passwords.Where(s => s.Status == HttpStatusCode.SeeOther).ToList(), passwords.Where(s => s.Status is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable).ToList());
        var (p99, p99Refused) = (Recorder.Percentile(accepted.Select(s => s.Took), 0.99), Recorder.Percentile(refused.Select(s => s.Took), 0.99));
        bench.Figures.Add("R15", $"{Times} times the passwords a second that can be checked ({perSecond:0})", "429 or 503 quickly; accepted p99 <= 2 s; back to normal <= 10 s",
            $"{recorder}; accepted {accepted.Count}, p99 {p99.TotalMilliseconds:0} ms; refused {refused.Count}, p99 {p99Refused.TotalMilliseconds:0} ms; normal again after {back.TotalSeconds:0.0} s{machine}");
        Assert.True(passwords.Count == accepted.Count + refused.Count, Recorder.Describe(passwords));
        Assert.True(refused.All(s => s.SaysWhen), "A refusal does not say when to come again.");
        Assert.NotEmpty(accepted);
        // A node lets as many wait as its processors can check in time; the nodes of the bench count the same processors, each as its own.
        Assert.True(p99 <= machine.Allows(TimeSpan.FromSeconds(2 * bench.Fleet.Running.All.Count)), $"p99 of the accepted is {p99}.");
        Assert.True(p99Refused <= machine.Allows(TimeSpan.FromSeconds(2)), $"p99 of the refused is {p99Refused}.");
        Assert.True(back <= machine.Allows(TimeSpan.FromSeconds(10)), $"It took {back} to be as before.");
        await bench.AssertInvariantsAsync(Ct);
    }

    /// <summary>A person in front of the password page, whose form may be sent again and again.</summary>
    private async Task<(WebBrowser Browser, HttpRequestMessage Form)> VisitAsync(Person person)
    {
        var browser = bench.Fleet.NewBrowser();
        var app = bench.Fleet.RelyingParty(bench.World.App);
        var page = await browser.GetAsync(app.Authorize(("organization", bench.World.Organization)).Address, Ct, app.IsCallback);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = person.Email }, Ct);
        var form = page.Form();
        var fields = form.Elements.OfType<AngleSharp.Html.Dom.IHtmlInputElement>().Where(i => i.Name is { Length: > 0 } && i.Name != "password").Select(i => new KeyValuePair<string, string>(i.Name!, i.Value)); // filtered
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(page.Address, form.GetAttribute("action")))
        {
            Content = new FormUrlEncodedContent([.. fields, new("password", World.Password)]),
        };
        request.Headers.Add("Origin", Nodes.Issuer);
        return (browser, request);
    }

    private static async Task<HttpStatusCode?> PostAsync((WebBrowser Browser, HttpRequestMessage Form) visitor)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, visitor.Form.RequestUri) { Content = new ByteArrayContent(await visitor.Form.Content!.ReadAsByteArrayAsync(Ct)) }; // made with one
        request.Content.Headers.ContentType = visitor.Form.Content.Headers.ContentType;
        request.Headers.Add("Origin", Nodes.Issuer);
        using var answer = await visitor.Browser.SendAsync(request, Ct);
        return answer.StatusCode;
    }

    /// <returns>Passwords checked a second by a few people who wait for each answer.</returns>
    private static async Task<double> CapacityAsync((WebBrowser, HttpRequestMessage)[] visitors, TimeSpan length)
    {
        var since = Stopwatch.StartNew();
        var done = 0;
        await Task.WhenAll(visitors.Take(4).Select(async visitor =>
        {
            while (since.Elapsed < length)
            {
                if (await PostAsync(visitor) == HttpStatusCode.SeeOther) Interlocked.Increment(ref done);
            }
        }));
        return Math.Max(1, done / since.Elapsed.TotalSeconds);
    }

    private static async Task OfferAsync((WebBrowser, HttpRequestMessage)[] visitors, double perSecond, TimeSpan length)
    {
        var underWay = new ConcurrentDictionary<int, Task>();
        var since = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var sent = 0;
        while (since.Elapsed < length && await timer.WaitForNextTickAsync(Ct))
        {
            for (; sent < since.Elapsed.TotalSeconds * perSecond && underWay.Count < MostAtOnce; sent++)
            {
                var (number, visitor) = (sent, visitors[sent % visitors.Length]);
                underWay[number] = Task.Run(async () =>
                {
                    await PostAsync(visitor);
                    underWay.TryRemove(number, out _);
                }, Ct);
            }
        }

        await Task.WhenAll(underWay.Values);
    }
}
