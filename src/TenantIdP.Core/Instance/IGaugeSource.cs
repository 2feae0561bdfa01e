using System.Diagnostics.Metrics;

namespace TenantIdP.Core.Instance;

/// <summary>What a gauge is.</summary>
/// <param name="Name">Lower case with dots, below <c>tenantidp.</c></param>
/// <param name="Unit">UCUM: <c>s</c>, or a thing in braces.</param>
public sealed record GaugeDescription(string Name, string Unit, string Description);

/// <summary>A value that has to be looked up, such as how old the oldest thing is that waits. Read now and then on every node while somebody listens, never when nobody does; register it as a <see cref="GaugeEntry"/>.</summary>
public interface IGaugeSource
{
    static abstract GaugeDescription Gauge { get; }

    /// <returns>One measurement for each set of attributes; these are small fixed sets.</returns>
    Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken ct);
}

/// <summary>A gauge and how to read it in a scope. One singleton for each gauge.</summary>
public sealed class GaugeEntry
{
    private readonly Func<IServiceProvider, CancellationToken, Task<IReadOnlyList<Measurement<double>>>> read;

    private GaugeEntry(GaugeDescription gauge, Func<IServiceProvider, CancellationToken, Task<IReadOnlyList<Measurement<double>>>> read) => (Gauge, this.read) = (gauge, read);

    public GaugeDescription Gauge { get; }

    /// <typeparam name="T">Known to the container as scoped.</typeparam>
    public static GaugeEntry Of<T>() where T : class, IGaugeSource =>
        new(T.Gauge, (scope, ct) => ((T?)scope.GetService(typeof(T)) ?? throw new InvalidOperationException($"{typeof(T).Name} is not registered.")).ReadAsync(ct));

    public Task<IReadOnlyList<Measurement<double>>> ReadAsync(IServiceProvider scope, CancellationToken ct) => read(scope, ct);
}
