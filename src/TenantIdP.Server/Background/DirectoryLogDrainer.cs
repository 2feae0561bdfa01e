using TenantIdP.Core.Directories;

namespace TenantIdP.Server.Background;

/// <summary>Writes what this node's directories have done into their logs, some entries at a time. What the database does not take is left out: it is a log, and nobody waits for it.</summary>
internal sealed class DirectoryLogDrainer(IServiceScopeFactory scopes, DirectoryLog log, TimeProvider clock, ILogger<DirectoryLogDrainer> logger) : BackgroundService
{
    private const int Batch = 500;

    // Writing one by one would cost SQLite, which writes one thing at a time, as much as the requests themselves.
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(250);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await log.WaitAsync(stoppingToken);
                await Task.Delay(Gather, clock, stoppingToken);
                await DrainAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host is stopping: what is left is written below.
        }

        await DrainAsync(CancellationToken.None);
    }

    private async Task DrainAsync(CancellationToken ct)
    {
        while (log.Take(Batch) is { Count: > 0 } taken)
        {
            foreach (var entries in taken.GroupBy(e => e.OrganizationId)) await WriteAsync([.. entries], ct);
        }
    }

    private async Task WriteAsync(IReadOnlyList<DirectoryLogEntry> entries, CancellationToken ct)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<DirectoryLogWriter>().WriteAsync(entries, ct);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            Log.DirectoryLogNotWritten(logger, failure, entries.Count);
        }
    }
}
