using System.Diagnostics;

namespace TenantIdP.Testing.Hosting;

/// <summary>Waits for a condition, not for a time.</summary>
public static class Waiting
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    /// <param name="within">The most it may take on a busy machine.</param>
    /// <returns>How long it took.</returns>
    public static async Task<TimeSpan> UntilAsync(Func<Task<bool>> isSo, TimeSpan within, string what, CancellationToken ct)
    {
        var since = Stopwatch.StartNew();
        while (!await isSo())
        {
            if (since.Elapsed > within) throw new TimeoutException($"Not within {within}: {what}.");
            await Task.Delay(Pause, ct);
        }

        return since.Elapsed;
    }
}
