namespace TenantIdP.Demo;

internal static class HealthProbe
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns when the address answers 200; a <see cref="TimeoutException"/> names it otherwise.</summary>
    public static async Task WaitAsync(Uri address, TimeSpan within, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(within, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        using var client = new HttpClient();
        using var timer = new PeriodicTimer(Between, TimeProvider.System);
        try
        {
            while (!await IsReadyAsync(client, address, either.Token))
                await timer.WaitForNextTickAsync(either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new TimeoutException($"{address} was not ready within {within.TotalSeconds:0} seconds.");
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient client, Uri address, CancellationToken ct)
    {
        try
        {
            using var response = await client.GetAsync(address, ct);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
