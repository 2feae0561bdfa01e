using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Background;

/// <summary>
/// Reads the gauges of this node every <see cref="Interval"/> while somebody listens to them, and never otherwise. Collectors get what was last read: they ask on a thread that
/// must not wait for a database. A reading that could not be repeated is told for <see cref="Kept"/> and then no more, so that a dead gauge looks dead.
/// </summary>
public sealed class Gauges : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(2);

    private readonly IServiceScopeFactory scopes;
    private readonly TimeProvider clock;
    private readonly ILogger<Gauges> logger;
    private readonly List<(GaugeEntry Entry, ObservableGauge<double> Instrument)> gauges;
    private readonly ConcurrentDictionary<string, (DateTimeOffset At, IReadOnlyList<Measurement<double>> Values)> last = new(StringComparer.Ordinal);

    public Gauges(IServiceScopeFactory scopes, IEnumerable<GaugeEntry> entries, Telemetry telemetry, TimeProvider clock, ILogger<Gauges> logger)
    {
        (this.scopes, this.clock, this.logger) = (scopes, clock, logger);
        gauges = [.. entries.Select(entry => (entry, telemetry.Observe(entry.Gauge, () => Last(entry.Gauge.Name))))];
    }

    /// <summary>Reads once those that somebody listens to.</summary>
    public async Task ReadAsync(CancellationToken ct)
    {
        foreach (var (entry, instrument) in gauges)
        {
            if (!instrument.Enabled) continue;
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                last[entry.Gauge.Name] = (clock.GetUtcNow(), await entry.ReadAsync(scope.ServiceProvider, ct));
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                // The database may be away; one gauge that can't be read is no matter of the others.
                Log.GaugeFailed(logger, entry.Gauge.Name, failure);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(Interval, clock);
            do await ReadAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A host that is disposed without being stopped first would report the cancellation as a crash.
        }
    }

    private IEnumerable<Measurement<double>> Last(string name) => last.TryGetValue(name, out var read) && clock.GetUtcNow() - read.At <= Kept ? read.Values : [];
}
