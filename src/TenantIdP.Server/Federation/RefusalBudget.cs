using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Federation;

/// <summary>How many refusals of one connection this node writes down in a minute.</summary>
internal sealed class RefusalBudget(TimeProvider clock)
{
    public const int PerMinute = 30;

    private const int Capacity = 1_000;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly BoundedCache<Id<Connection>, (long Since, int Spent)> spent = new(Capacity, Minute, clock);

    public bool TrySpend(Id<Connection> connection)
    {
        lock (gate)
        {
            var known = spent.TryGet(connection, out var window) && clock.GetElapsedTime(window.Since) < Minute ? window : (Since: clock.GetTimestamp(), Spent: 0);
            if (known.Spent >= PerMinute) return false;
            spent.Put(connection, (known.Since, known.Spent + 1));
            return true;
        }
    }
}
