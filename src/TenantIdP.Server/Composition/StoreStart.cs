using TenantIdP.Core.Instance;
using TenantIdP.Storage;

namespace TenantIdP.Server.Composition;

/// <summary>
/// Brings the database to this version before any other hosted service starts, so before Kestrel listens and before any key or row is asked for. When the database is away,
/// the host starts all the same (live, not ready) and this goes on trying: which of the two is started first does not matter.
/// </summary>
internal sealed class StoreStart(StoreMigrator migrator, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<StoreStart> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private Task trying = Task.CompletedTask;

    /// <summary>What ended the host after it had started, such as a root key that is not this database's; for the exit code.</summary>
    public Exception? Failure { get; private set; }

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (!await TryAsync(cancellationToken)) trying = TryOnAsync(lifetime.ApplicationStopping);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => trying;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task TryOnAsync(CancellationToken ct)
    {
        try
        {
            do await Task.Delay(Every, clock, ct);
            while (!await TryAsync(ct));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The host is stopping.
        }
        catch (Exception failure)
        {
            Failure = failure;
            Log.StartFailed(logger, failure);
            lifetime.StopApplication();
        }
    }

    private async Task<bool> TryAsync(CancellationToken ct)
    {
        try
        {
            await migrator.MigrateAsync(ct);
            return true;
        }
        catch (Exception failure) when (StoreFailures.IsOutage(failure) || StoreFailures.IsMissing(failure))
        {
            Log.StoreIsAwayAtStart(logger, failure.GetBaseException().Message);
            return false;
        }
        catch (Exception failure) when (StoreFailures.IsRefused(failure))
        {
            throw new StartupException("The database refuses the user or the password of ConnectionStrings__TenantIdP.", failure);
        }
    }
}
