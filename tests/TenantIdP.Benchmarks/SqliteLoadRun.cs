using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Benchmarks;

/// <summary>
/// Eight people sign in at once through the pages, with their password, while the management API writes and the scheduled works run: how even the times are, and whether a
/// writer in the way ever reaches anybody. Host and browsers are one process, so read the ratio and not the milliseconds.
/// </summary>
internal sealed class SqliteLoadRun(IdpHost host, Sizes sizes)
{
    private readonly ConcurrentDictionary<string, int> refusals = new(StringComparer.Ordinal);

    public async Task RunAsync()
    {
        var ct = CancellationToken.None;
        var organization = await host.CreateOrganizationAsync(ct);
        var app = await host.CreateAppAsync(ct);
        var emails = new string[Load.Workers];
        for (var i = 0; i < emails.Length; i++)
        {
            emails[i] = $"{host.Unique("person")}@{host.UniqueHost()}";
            var user = await host.CreateUserAsync(emails[i], ct);
            await host.AddMemberAsync(organization, user, ct);
        }

        using var enough = new CancellationTokenSource();
        var writing = WriteAsync(enough.Token);
        await SignInAsync(app, emails, sizes.WarmUp / 10);
        refusals.Clear();
        var times = await SignInAsync(app, emails, sizes.Batch * sizes.Batches / 5);
        await enough.CancelAsync();
        Print(times, await writing);
    }

    private async Task<List<double>> SignInAsync(RelyingParty app, string[] emails, int signIns)
    {
        var left = signIns;
        var times = new ConcurrentBag<double>();
        await Task.WhenAll(emails.Select(email => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                using var browser = new WebBrowser();
                var pending = app.Authorize();
                var since = Stopwatch.GetTimestamp();
                var page = await IdpHost.SignInWithPasswordAsync(browser, app, pending, email, CancellationToken.None);
                var tokens = app.IsCallback(page.Address) ? await app.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, CancellationToken.None) : null;
                times.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
                if (tokens?.IsOk != true) Refused($"sign-in {(int)(tokens?.Status ?? page.Status)}");
            }
        })));
        return [.. times.Order()];
    }

    /// <summary>New organizations, one after another.</summary>
    private async Task<int> WriteAsync(CancellationToken ct)
    {
        var machine = new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), host.Http);
        var (token, written) = ("", 0);
        while (!ct.IsCancellationRequested)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, host.Issuer + "/api/v1/organizations") { Content = JsonContent.Create(new { displayName = host.Unique("Load") }) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var answer = await host.Http.SendAsync(request, CancellationToken.None);
            if (answer.StatusCode == HttpStatusCode.Created) written++;
            else if (answer.StatusCode == HttpStatusCode.Unauthorized) token = (await machine.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], CancellationToken.None)).AccessToken; // none yet, or too old
            else Refused($"write {(int)answer.StatusCode}");
        }

        return written;
    }

    private void Refused(string what) => refusals.AddOrUpdate(what, 1, static (_, times) => times + 1);

    private void Print(List<double> times, int written)
    {
        var (half, last) = (times[times.Count / 2], times[(int)(times.Count * 0.99)]);
        Console.WriteLine("### SQLite under load");
        Console.WriteLine();
        Console.WriteLine("| sign-ins of 8 at once | writes meanwhile | p50 ms | p99 ms | p99 / p50 (goal 5) | refused |");
        Console.WriteLine("|---|---|---|---|---|---|");
        Console.WriteLine($"| {times.Count:N0} | {written:N0} | {half:F0} | {last:F0} | {last / half:F1} | {(refusals.IsEmpty ? "none" : string.Join(", ", refusals.Select(r => $"{r.Key}: {r.Value}")))} |");
        Console.WriteLine();
    }
}
