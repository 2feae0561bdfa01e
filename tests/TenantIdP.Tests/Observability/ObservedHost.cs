using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using TenantIdP.Server.Http;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Observability;

/// <summary>A collector: takes what an exporter sends by OTLP over HTTP, as protobuf, and keeps it.</summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<(string Path, byte[] Body)> received = new();

    private OtlpReceiver(WebApplication app) => this.app = app;

    public string Address { get; private set; } = "";

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var receiver = new OtlpReceiver(app);
        app.Run(receiver.TakeAsync);
        await app.StartAsync();
        receiver.Address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single(); // Kestrel has it once started
        return receiver;
    }

    public IReadOnlyList<byte[]> Bodies(string path) => [.. received.Where(r => r.Path == path).Select(r => r.Body)];

    /// <summary>All that arrived, with the strings of the messages as they are: protobuf writes them in UTF-8.</summary>
    public string Everything => string.Concat(received.Select(r => Encoding.UTF8.GetString(r.Body)));

    /// <summary>Until this text arrived at the path; three minutes at most.</summary>
    public async Task WaitAsync(string path, string text, CancellationToken ct)
    {
        var wanted = Encoding.UTF8.GetBytes(text);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(TimeSpan.FromMinutes(3));
        for (var looked = 0; ;)
        {
            // Each body once: they are many, and the exporter needs the processor, too.
            var bodies = Bodies(path);
            if (bodies.Skip(looked).Any(body => body.AsSpan().IndexOf(wanted) >= 0)) return;
            looked = bodies.Count;
            Assert.False(patience.IsCancellationRequested, $"{text} did not come to {path}; {received.Count} requests came.");
            await Task.Delay(50, ct);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        Assert.Equal("application/x-protobuf", context.Request.ContentType);
        received.Enqueue((context.Request.Path.Value ?? "", body.ToArray()));
        context.Response.ContentType = "application/x-protobuf";
    }
}

/// <summary>One entry, whole: the message, each value it was made from, the exception.</summary>
public sealed record Logged(string Category, LogLevel Level, string Text, string AsJson, string AsText);

/// <summary>Keeps everything that is logged, also as the server's own formatters write it.</summary>
internal sealed class LogKeeper : ILoggerProvider
{
    private readonly JsonLogFormatter json = new(TimeProvider.System);
    private readonly TextLogFormatter text = new(TimeProvider.System);

    public ConcurrentQueue<Logged> Entries { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Keeper(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Keeper(LogKeeper owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var values = state is IEnumerable<KeyValuePair<string, object?>> pairs ? string.Join('\n', pairs.Select(p => $"{p.Key}={p.Value}")) : "";
            var entry = new LogEntry<TState>(logLevel, category, eventId, state, exception, formatter);
            owner.Entries.Enqueue(new Logged(category, logLevel, $"{formatter(state, exception)}\n{values}\n{exception}", Write(owner.json, entry), Write(owner.text, entry)));
        }

        private static string Write<TState>(ConsoleFormatter by, LogEntry<TState> entry)
        {
            using var writer = new StringWriter();
            by.Write(entry, null, writer);
            return writer.ToString();
        }
    }
}

/// <summary>A server that tells everything it can: all categories of the log at their most talkative, and a collector of traces and metrics.</summary>
public abstract class ObservedHost(TestStore store) : IdpHost(store)
{
    private readonly LogKeeper keeper = new();
    private OtlpReceiver? collector;

    public OtlpReceiver Collector => collector!; // started with the host

    public IReadOnlyList<Logged> Log => [.. keeper.Entries];

    public override async ValueTask InitializeAsync()
    {
        collector = await OtlpReceiver.StartAsync();
        await base.InitializeAsync();
    }

    protected override void Configure(WebApplicationBuilder builder)
    {
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Logging:LogLevel:Default"] = "Trace",
            ["Logging:LogLevel:Microsoft"] = "Trace",
            ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Trace",
            ["Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics"] = "Trace",
            ["Logging:LogLevel:OpenIddict"] = "Trace",
            ["Logging:LogLevel:System.Net.Http"] = "Trace",
            ["Logging:LogLevel:TenantIdP.Server.Federation.ConnectionHandler"] = "Trace",
            ["TenantIdP:Telemetry:OtlpEndpoint"] = Collector.Address,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            ["OTEL_BSP_MAX_QUEUE_SIZE"] = "100000",
            ["OTEL_TRACES_SAMPLER"] = "always_on",
            ["TenantIdP:RateLimits:AnonymousRequestsPerMinute"] = "1000000",
        });
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(keeper);
    }
}

public sealed class ObservedSqlite() : ObservedHost(new SqliteStore());

public sealed class ObservedPostgreSql(PostgreSqlCluster cluster) : ObservedHost(new PostgreSqlStore(cluster));
