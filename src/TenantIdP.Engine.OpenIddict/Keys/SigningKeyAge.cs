using System.Diagnostics.Metrics;
using TenantIdP.Core.Instance;

namespace TenantIdP.Engine.OpenIddict.Keys;

/// <summary>How long the key that signs now has done so, as this node knows it: one beyond the time of rotation says that rotation stands still, or that this node does not hear of it.</summary>
public sealed class SigningKeyAge(KeyRing ring, TimeProvider clock) : IGaugeSource
{
    public static GaugeDescription Gauge { get; } = new("tenantidp.signing_key.age", "s", "Time since the active signing key took over, by algorithm.");

    public Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var active = ring.Published.Where(k => k.ActivatesAt <= now).GroupBy(k => k.Algorithm).Select(g => g.MaxBy(k => k.Generation)!); // a group has one
        return Task.FromResult<IReadOnlyList<Measurement<double>>>([.. active.Select(k => new Measurement<double>((now - k.ActivatesAt).TotalSeconds, new KeyValuePair<string, object?>("tenantidp.signing_key.algorithm", k.Algorithm)))]);
    }
}
