using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Npgsql;
using Xunit;

namespace TenantIdP.Testing.Stores;

/// <summary>
/// A PostgreSQL for the length of the test run: the one of TENANTIDP_TEST_POSTGRES (a connection string to its maintenance database), or a throwaway cluster from
/// Debian's binaries on a unix socket. It starts with the first database asked for. What a killed run left behind is cleared by the next one.
/// </summary>
public sealed class PostgreSqlCluster : IAsyncLifetime
{
    private const string Binaries = "/usr/lib/postgresql/15/bin";
    private const string Prefix = "tidp-pg-";

    private readonly SemaphoreSlim starting = new(1, 1);
    private string? maintenance;
    private string? folder;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>A connection string to a new, empty database.</summary>
    public async Task<string> CreateDatabaseAsync(CancellationToken ct)
    {
        var server = await StartedAsync(ct);
        var name = $"tidp_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
        await ExecuteAsync(server, $"CREATE DATABASE {name}", ct);
        return new NpgsqlConnectionStringBuilder(server) { Database = name, Pooling = true }.ConnectionString;
    }

    public async Task DropDatabaseAsync(string connectionString, CancellationToken ct)
    {
        var server = await StartedAsync(ct);
        await ExecuteAsync(server, $"DROP DATABASE IF EXISTS {new NpgsqlConnectionStringBuilder(connectionString).Database} WITH (FORCE)", ct);
    }

    public async ValueTask DisposeAsync()
    {
        if (folder is not null) await StopAsync(folder);
        starting.Dispose();
    }

    private static async Task ExecuteAsync(string server, string sql, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(server);
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }

    private async Task<string> StartedAsync(CancellationToken ct)
    {
        await starting.WaitAsync(ct);
        try
        {
            if (maintenance is not null) return maintenance;
            if (Environment.GetEnvironmentVariable("TENANTIDP_TEST_POSTGRES") is { Length: > 0 } given)
                return maintenance = new NpgsqlConnectionStringBuilder(given) { Pooling = false }.ConnectionString;

            foreach (var left in Directory.GetDirectories("/tmp", Prefix + "*").Where(IsAbandoned)) await StopAsync(left);
            folder = $"/tmp/{Prefix}{Environment.ProcessId}";

            // A password, as in production: a connection string that loses it on the way must fail here.
            var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
            await ShellAsync(
                $"mkdir -m 700 {folder} && echo {password} > {folder}/password && {Binaries}/initdb -D {folder}/data -U tidp --pwfile={folder}/password --auth=scram-sha-256 -E UTF8 --locale=C -N",
                ct);
            await ShellAsync(
                $"{Binaries}/pg_ctl start -w -t 60 -D {folder}/data -l {folder}/log -o \"-k {folder} -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200\"",
                ct);
            return maintenance = new NpgsqlConnectionStringBuilder { Host = folder, Username = "tidp", Password = password, Database = "postgres", Pooling = false }.ConnectionString;
        }
        finally
        {
            starting.Release();
        }
    }

    private static bool IsAbandoned(string path)
    {
        if (!int.TryParse(Path.GetFileName(path).AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) return false;
        try
        {
            using var owner = Process.GetProcessById(pid);
            return owner.HasExited;
        }
        catch (ArgumentException)
        {
            return true; // no such process
        }
    }

    private static Task StopAsync(string path) =>
        ShellAsync($"{Binaries}/pg_ctl stop -w -m immediate -D {path}/data || true; rm -rf {path}", CancellationToken.None);

    /// <summary>As the user postgres when we are root: PostgreSQL refuses to run as root.</summary>
    private static async Task ShellAsync(string script, CancellationToken ct)
    {
        string[] command = Environment.UserName == "root" ? ["runuser", "-u", "postgres", "--", "sh", "-c", script] : ["sh", "-c", script];

        // pg_ctl's server would inherit redirected pipes and keep them open for ever: its words go to a file of the shell's.
        var start = new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = "/tmp", RedirectStandardOutput = false };
        start.ArgumentList[^1] = $"({script}) > /tmp/{Prefix}{Environment.ProcessId}.out 2>&1";
        using var process = Process.Start(start) ?? throw new InvalidOperationException("No shell.");
        await process.WaitForExitAsync(ct);
        var said = $"/tmp/{Prefix}{Environment.ProcessId}.out";
        var text = File.Exists(said) ? await File.ReadAllTextAsync(said, ct) : "";
        File.Delete(said);
        if (process.ExitCode != 0) throw new InvalidOperationException($"PostgreSQL of the tests: exit code {process.ExitCode}. {text}");
    }
}
