using System.Data.Common;
using TenantIdP.Server.Composition;

namespace TenantIdP.Server.Commands;

/// <summary>
/// <c>backup --to FILE</c>: copies the SQLite file while the server uses it, and checks the copy. On PostgreSQL it says which command of PostgreSQL's does it. Runs beside the
/// server, with the server's settings, and migrates nothing.
/// </summary>
internal static class BackupCommand
{
    public const string Name = "backup";

    private const int Done = 0;
    private const int Failed = 1;
    private const int WrongUse = 2;
    private const string To = "--to";

    /// <param name="args">After the command's name.</param>
    public static async Task<int> RunAsync(string[] args, TextWriter answer, TextWriter error, CancellationToken ct)
    {
        if (args is not [To, { Length: > 0 } file, .. var settings])
        {
            await error.WriteLineAsync("Usage: backup --to FILE [--Setting:Name=value …]");
            return WrongUse;
        }

        await using var app = ServerApp.Build(settings, builder => builder.Logging.SetMinimumLevel(LogLevel.Warning));
        var backup = app.Services.GetRequiredService<StoreCopy>();
        if (backup.CommandFor(file) is { } command)
        {
            await error.WriteLineAsync($"PostgreSQL is backed up by its own tools, while the servers run:{Environment.NewLine}  {command}{Environment.NewLine}The password comes from PGPASSWORD or ~/.pgpass. Keep the root key (TenantIdP__Encryption__Keys) elsewhere.");
            return WrongUse;
        }

        try
        {
            await backup.WriteAsync(file, ct);
            await answer.WriteLineAsync($"Written and checked: {Path.GetFullPath(file)}. It is worth nothing without the root key (TenantIdP__Encryption__Keys): keep that elsewhere.");
            return Done;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or DbException)
        {
            await error.WriteLineAsync(failure.Message);
            return Failed;
        }
    }
}
