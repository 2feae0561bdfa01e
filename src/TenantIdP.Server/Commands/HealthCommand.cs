namespace TenantIdP.Server.Commands;

/// <summary>
/// <c>health --url http://127.0.0.1:8080/health/ready</c>: asks once and ends with 0 for a 2xx, 1 for anything else. For containers, whose image has neither a shell nor
/// curl. Reads no settings and opens no database.
/// </summary>
internal static class HealthCommand
{
    public const string Name = "health";

    private const int Healthy = 0;
    private const int Unhealthy = 1;
    private const int WrongUse = 2;
    private const string UrlOption = "--url";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <param name="args">After the command's name.</param>
    public static async Task<int> RunAsync(string[] args, TextWriter answer, TextWriter error, CancellationToken ct)
    {
        if (args is not [UrlOption, var text] || !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            await error.WriteLineAsync("Usage: health --url http://127.0.0.1:8080/health/ready");
            return WrongUse;
        }

        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = Patience };
        try
        {
            using var response = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, ct);
            await answer.WriteLineAsync(((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture));
            return response.IsSuccessStatusCode ? Healthy : Unhealthy;
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
        {
            await error.WriteLineAsync(failure is HttpRequestException { HttpRequestError: var reason } ? $"No answer: {reason}." : "No answer in time.");
            return Unhealthy;
        }
    }
}
