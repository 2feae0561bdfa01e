using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace TenantIdP.Tests.Observability;

/// <summary>One measurement with what it says.</summary>
internal sealed record Measured(string Instrument, double Value, IReadOnlyDictionary<string, object?> Tags)
{
    public object? this[string tag] => Tags.GetValueOrDefault(tag);
}

/// <summary>Listens to the product's meter of one host and no other: hosts of other tests run beside it in this process.</summary>
internal sealed class Listener : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly ConcurrentQueue<Measured> seen = new();

    public Listener(IServiceProvider host)
    {
        var factory = host.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == Core.Instance.Telemetry.Name && ReferenceEquals(instrument.Meter.Scope, factory)) self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        listener.Start();
    }

    public IReadOnlyList<Measured> Of(string instrument) => [.. seen.Where(m => m.Instrument == instrument)];

    /// <summary>Asks the gauges.</summary>
    public void Collect() => listener.RecordObservableInstruments();

    /// <summary>Until there is a measurement like this; half a minute at most.</summary>
    public async Task<Measured> WaitAsync(string instrument, Func<Measured, bool> isIt, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            if (Of(instrument).FirstOrDefault(isIt) is { } found) return found;
            Assert.False(patience.IsCancellationRequested, $"No such {instrument}; seen: {string.Join(", ", seen.Select(m => m.Instrument).Distinct())}");
            await Task.Delay(20, ct);
        }
    }

    public void Dispose() => listener.Dispose();

    private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => seen.Enqueue(new Measured(instrument.Name, value, tags.ToArray().ToDictionary()));
}
