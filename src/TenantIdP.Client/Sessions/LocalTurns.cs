namespace TenantIdP.Client.Sessions;

/// <summary>Turns of this process. A session's entry is there only while somebody has or waits for its turn.</summary>
internal sealed class LocalTurns : ISessionTurns
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Line> _lines = [];

    public async Task<IAsyncDisposable> TakeAsync(string session, CancellationToken ct)
    {
        Line line;
        lock (_gate)
        {
            if (!_lines.TryGetValue(session, out line!)) // made here when there is none
                _lines[session] = line = new Line();
            line.Count++;
        }

        try
        {
            await line.Turn.WaitAsync(ct);
            return new End(this, session, line);
        }
        catch
        {
            Leave(session, line);
            throw;
        }
    }

    private void Leave(string session, Line line)
    {
        lock (_gate)
        {
            if (--line.Count == 0)
                _lines.Remove(session);
        }
    }

    private sealed class Line
    {
        public SemaphoreSlim Turn { get; } = new(1, 1);

        public int Count { get; set; }
    }

    private sealed class End(LocalTurns turns, string session, Line line) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            line.Turn.Release();
            turns.Leave(session, line);
            return ValueTask.CompletedTask;
        }
    }
}
