using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using TenantIdP.Faults.Bench;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R16: a mail server that takes connections and says nothing.</summary>
[Collection(NodeBenchCollection.Name)]
public sealed class SilentMailServerTests(NodeBench bench)
{
    private static readonly int Runs = Lengths.Runs(10, 50);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Fault", "R16")]
    public async Task A_mail_server_that_hangs_slows_no_request_down_and_is_given_every_mail_later()
    {
        await using var mail = new MailServer();
        await using var fleet = new Fleet(Nodes.OfBench("PostgreSql", await bench.Server.CreateDatabaseAsync(Ct)));
        await fleet.StartAsync(1, Ct, new Dictionary<string, string?>
        {
            ["TenantIdP:Mail:Host"] = "127.0.0.1", ["TenantIdP:Mail:Port"] = mail.Port.ToString(CultureInfo.InvariantCulture), ["TenantIdP:Mail:Security"] = "None", ["TenantIdP:Mail:From"] = "no-reply@example.test",
        });
        var organization = (await World.MakeAsync(fleet, 1, Ct)).Organization;
        await ConnectAsync(fleet, organization);
        var machine = Machine.AtRest();

        var before = await ChangeAsync(fleet, organization);
        await Lengths.UntilAsync(() => Task.FromResult(mail.Taken.Count == Runs), "the mails of the time before are sent", Ct);
        mail.Hang();
        var during = await ChangeAsync(fleet, organization);
        await Lengths.UntilAsync(() => Task.FromResult(mail.Hanging > 0), "the mail server is asked", Ct);
        mail.Release();
        var late = await Lengths.UntilAsync(() => Task.FromResult(mail.Taken.DistinctBy(t => t.Id).Count() == 2 * Runs), "the mail server is given each of them", Ct);

        var (median, medianDuring) = (Recorder.Percentile(before, 0.5), Recorder.Percentile(during, 0.5));
        bench.Figures.Add("R16", "the mail server never answers", "requests not slower than +50 ms; every mail is sent later, in order",
            $"median {median.TotalMilliseconds:0} ms, {medianDuring.TotalMilliseconds:0} ms meanwhile; {mail.Taken.Count} of {2 * Runs} sent {late.TotalSeconds:0.0} s after it answered again{machine}");
        Assert.True(medianDuring <= median + machine.Allows(TimeSpan.FromMilliseconds(50)), $"A change took {median} and then {medianDuring}.");
        // To one person, and so in the order of the changes.
        Assert.Equal(Enumerable.Range(0, 2 * Runs).Select(i => i % Runs % 2 == 0), mail.Taken.DistinctBy(t => t.Id).Select(t => t.SaysRequired));
        await fleet.AssertInvariantsAsync(Ct);
    }

    private static async Task ConnectAsync(Fleet fleet, string organization)
    {
        var domain = (await fleet.Operator.PostAsync($"organizations/{organization}/domains", new { host = "bench-mail.example" }, Ct)).Text("id");
        await fleet.Operator.PostAsync($"organizations/{organization}/domains/{domain}/verify-by-operator", new { reason = "Bench" }, Ct);
        var connection = (await fleet.Operator.PostAsync($"organizations/{organization}/connections", new { displayName = "IdP", issuer = "https://idp.example.test", clientId = "c", clientSecret = "a secret of theirs" }, Ct)).Text("id");
        await fleet.Operator.PostAsync($"organizations/{organization}/connections/{connection}/activate", new { untestedReason = "Bench" }, Ct);
    }

    /// <returns>How long each change took whose owner is told by mail.</returns>
    private static async Task<IReadOnlyList<TimeSpan>> ChangeAsync(Fleet fleet, string organization)
    {
        var took = new List<TimeSpan>();
        for (var i = 0; i < Runs; i++)
        {
            var since = Stopwatch.StartNew();
            var answer = await fleet.Operator.SendAsync(HttpMethod.Put, $"organizations/{organization}/sso-enforcement", new { mode = i % 2 == 0 ? "required" : "optional" }, Ct);
            took.Add(since.Elapsed);
            Assert.True(answer.IsOk, answer.Body?.ToJsonString());
        }

        return took;
    }

    /// <summary>As much of RFC 5321 as it takes to be given a mail.</summary>
    private sealed class MailServer : IAsyncDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource stopping = new();
        private readonly Task accepting;
        private TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int hanging;

        public MailServer()
        {
            released.SetResult();
            listener.Start();
            accepting = AcceptAsync();
        }

        public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

        public int Hanging => hanging;

        /// <summary>Each mail by its Message-ID, as often as it came.</summary>
        public ConcurrentQueue<(string Id, bool SaysRequired)> Taken { get; } = new();

        public void Hang() => released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => released.TrySetResult();

        public async ValueTask DisposeAsync()
        {
            Release();
            await stopping.CancelAsync();
            listener.Stop();
            await accepting;
            stopping.Dispose();
        }

        private async Task AcceptAsync()
        {
            var serving = new List<Task>();
            try
            {
                while (true) serving.Add(ServeAsync(await listener.AcceptTcpClientAsync(stopping.Token)));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                await Task.WhenAll(serving);
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            using var connection = client;
            try
            {
                if (!released.Task.IsCompleted)
                {
                    Interlocked.Increment(ref hanging);
                    await released.Task;
                }

                using var reader = new StreamReader(client.GetStream(), Encoding.UTF8);
                await using var writer = new StreamWriter(client.GetStream(), new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
                await writer.WriteLineAsync("220 bench");
                while (await reader.ReadLineAsync(stopping.Token) is { } line)
                {
                    if (line.StartsWith("QUIT", StringComparison.OrdinalIgnoreCase)) return;
                    await writer.WriteLineAsync(line.StartsWith("DATA", StringComparison.OrdinalIgnoreCase) ? "354 go on" : "250 ok");
                    if (!line.StartsWith("DATA", StringComparison.OrdinalIgnoreCase)) continue;
                    Taken.Enqueue(await ReadMailAsync(reader));
                    await writer.WriteLineAsync("250 taken");
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // The other side went away, or this one does.
            }
        }

        private async Task<(string Id, bool SaysRequired)> ReadMailAsync(StreamReader reader)
        {
            var (id, saysRequired) = ("", false);
            while (await reader.ReadLineAsync(stopping.Token) is { } line && line != ".")
            {
                if (line.StartsWith("Message-Id:", StringComparison.OrdinalIgnoreCase)) id = line["Message-Id:".Length..].Trim();
                if (line.StartsWith("Subject:", StringComparison.OrdinalIgnoreCase)) saysRequired = line.Contains("required", StringComparison.Ordinal);
            }

            return (id, saysRequired);
        }
    }
}
