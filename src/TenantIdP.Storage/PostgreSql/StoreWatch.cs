using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using TenantIdP.Core.Instance;

namespace TenantIdP.Storage.PostgreSql;

/// <summary>
/// Asks the database twice a second whether it is there, on a connection of its own, so that this node says within five seconds that it is not ready, refuses at once what would
/// only wait, and is back at once. Compares the clocks by the way.
/// </summary>
internal sealed class StoreWatch(PostgreSqlDatabase database, NodeState state, TimeProvider clock, ILogger<StoreWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    /// <summary>Twice of it, and the pause, is less than the five seconds that are promised.</summary>
    private const int PatienceSeconds = 2;

    private NpgsqlConnection? connection;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                // A second try on a new connection: the first may have been ended by an administrator, or this process slept.
                See(await IsThereAsync(stoppingToken) || await IsThereAsync(stoppingToken));
                await Task.Delay(Every, clock, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host is stopping.
        }
        finally
        {
            await CloseAsync();
        }
    }

    private void See(bool isThere)
    {
        if (isThere != state.StoreIsAway) return;
        if (isThere)
        {
            database.Forget();
            Log.StoreIsBack(logger);
        }
        else
        {
            Log.StoreIsAway(logger);
        }

        state.SeeStore(isAway: !isThere);
    }

    private async Task<bool> IsThereAsync(CancellationToken ct)
    {
        try
        {
            connection ??= await database.OpenAloneAsync("watch", ct, PatienceSeconds);
            await using var command = new NpgsqlCommand("SELECT clock_timestamp()", connection);
            var asked = clock.GetUtcNow();
            var theirs = new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(ct))!, TimeSpan.Zero); // a timestamptz, never null
            Compare(asked, theirs, clock.GetUtcNow());
            return true;
        }
        catch (PostgresException full) when (full.SqlState == PostgresErrorCodes.TooManyConnections)
        {
            return true; // it answers; who has a connection goes on
        }
        catch (Exception lost) when (lost is NpgsqlException or IOException or TimeoutException)
        {
            await CloseAsync();
            return false;
        }
    }

    private void Compare(DateTimeOffset asked, DateTimeOffset theirs, DateTimeOffset answered)
    {
        // A slow answer says less than a quick one: what it took is not counted as a difference.
        var offset = theirs < asked ? asked - theirs : theirs > answered ? answered - theirs : TimeSpan.Zero;
        var before = state.ClockIsWrong;
        state.SeeClock(offset);
        if (state.ClockIsWrong && !before) Log.ClockIsWrong(logger, offset.TotalSeconds, NodeState.ClockTolerance.TotalSeconds);
        if (!state.ClockIsWrong && before) Log.ClockIsRight(logger);
    }

    private async Task CloseAsync()
    {
        if (connection is null) return;
        await connection.DisposeAsync();
        connection = null;
    }
}
