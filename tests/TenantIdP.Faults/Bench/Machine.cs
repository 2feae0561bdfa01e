using System.Globalization;
using System.Security.Cryptography;

namespace TenantIdP.Faults.Bench;

/// <summary>
/// How much slower than an idle machine this one is just now, because of what else runs on it. A promise in seconds is one of an idle machine; where others use it, too,
/// the bound is stretched by as much as a thread of ours has to wait for its turn, and the figures say so. Measured while the bench itself is at rest, so that no node can
/// excuse itself by its own work.
/// </summary>
internal sealed class Machine
{
    private const int Works = 2_000;

    private readonly double before = Slowness();
    private double? after;

    private Machine()
    {
    }

    /// <summary>Before the fault and its load begin.</summary>
    public static Machine AtRest() => new();

    /// <summary>After the load has ended.</summary>
    public TimeSpan Allows(TimeSpan promised) => promised * Factor;

    public override string ToString() => Factor < 1.5 ? "" : string.Create(CultureInfo.InvariantCulture, $" (others kept the machine {Factor:0}x as busy)");

    private double Factor => Math.Max(before, after ??= Slowness());

    /// <returns>1 on an idle machine.</returns>
    private static double Slowness()
    {
        var (ran, waited) = Scheduled();
        var block = new byte[64 * 1024];
        for (var i = 0; i < Works; i++) SHA256.HashData(block, block.AsSpan(0, 32));
        var (ranBy, waitedBy) = Scheduled();
        return ranBy == ran ? 1 : 1 + (double)(waitedBy - waited) / (ranBy - ran);
    }

    /// <summary>Nanoseconds that this thread ran, and that it could have run and had to wait (Linux: scheduler statistics).</summary>
    private static (long Ran, long Waited) Scheduled()
    {
        var fields = File.ReadAllText("/proc/thread-self/schedstat").Split(' ');
        return (long.Parse(fields[0], CultureInfo.InvariantCulture), long.Parse(fields[1], CultureInfo.InvariantCulture));
    }
}
