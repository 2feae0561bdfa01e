namespace TenantIdP.Server.Login;

/// <summary>Memory that several may use at once up to a sum; the next waits for what it needs. Callers hold it for one computation, and there are as many of them as turns.</summary>
public sealed class MemoryBudget(int kibibytes)
{
    private readonly object gate = new(); // waited on, which a Lock can't be
    private int used;

    /// <summary>More than there is waits until nobody else has any.</summary>
    public IDisposable Take(int needed)
    {
        var share = Math.Min(needed, kibibytes);
        lock (gate)
        {
            while (used + share > kibibytes) Monitor.Wait(gate);
            used += share;
        }

        return new Share(this, share);
    }

    private void GiveBack(int share)
    {
        lock (gate)
        {
            used -= share;
            Monitor.PulseAll(gate);
        }
    }

    private sealed class Share(MemoryBudget budget, int share) : IDisposable
    {
        private int held = share;

        public void Dispose() => budget.GiveBack(Interlocked.Exchange(ref held, 0));
    }
}
