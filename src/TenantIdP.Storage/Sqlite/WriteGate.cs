namespace TenantIdP.Storage.Sqlite;

/// <summary>
/// One writer at a time in this process. SQLite itself makes a second one poll, in no order, and fail when its time is up; here writers queue without holding a thread.
/// </summary>
internal sealed class WriteGate : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim turn = new(1, 1);

    public async Task EnterAsync(CancellationToken ct)
    {
        if (!await turn.WaitAsync(Patience, ct)) throw Waited();
    }

    public void Enter()
    {
        if (!turn.Wait(Patience)) throw Waited();
    }

    public void Leave() => turn.Release();

    public void Dispose() => turn.Dispose();

    private static StoreUnavailableException Waited() => new("No turn to write to the database in 30 seconds: a transaction is held open.");
}
