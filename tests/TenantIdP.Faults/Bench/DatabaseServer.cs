using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Npgsql;

namespace TenantIdP.Faults.Bench;

/// <summary>How <c>pg_ctl</c> stops a server: what an operator does, and what a crash of its processes is like.</summary>
internal enum StopMode
{
    Fast,
    Immediate,
}

/// <summary>
/// A PostgreSQL of one test class, on a loopback port that it keeps over restarts. It commits to its log before it answers, as in production; only fsync is off, because the
/// machine itself never crashes here.
/// </summary>
internal sealed class DatabaseServer : IAsyncDisposable
{
    private const string Binaries = "/usr/lib/postgresql/15/bin";
    private const string Prefix = "tidp-fault-pg-";

    private readonly string folder = $"/tmp/{Prefix}{Environment.ProcessId}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
    private readonly string password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
    private readonly int port = FreePort();

    private DatabaseServer()
    {
    }

    public bool IsRunning { get; private set; }

    public static async Task<DatabaseServer> StartNewAsync(CancellationToken ct)
    {
        foreach (var left in Directory.GetDirectories("/tmp", Prefix + "*").Where(IsAbandoned)) await ShellAsync($"{Binaries}/pg_ctl stop -w -m immediate -D {left}/data || true; rm -rf {left}", ct);
        var server = new DatabaseServer();
        await ShellAsync(
            $"mkdir -m 700 {server.folder} && echo {server.password} > {server.folder}/password && {Binaries}/initdb -D {server.folder}/data -U tidp --pwfile={server.folder}/password --auth=scram-sha-256 -E UTF8 --locale=C -N", ct);
        await server.StartAsync(ct);
        return server;
    }

    /// <summary>Returns when it takes connections.</summary>
    public async Task StartAsync(CancellationToken ct)
    {
        await ShellAsync(
            $"{Binaries}/pg_ctl start -w -t 120 -D {folder}/data -l {folder}/log -o \"-k {folder} -p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300\"", ct);
        IsRunning = true;
    }

    public async Task StopAsync(StopMode mode, CancellationToken ct)
    {
        IsRunning = false;
        await ShellAsync($"{Binaries}/pg_ctl stop -w -t 60 -m {(mode == StopMode.Fast ? "fast" : "immediate")} -D {folder}/data", ct);
    }

    /// <summary>A connection string to a new, empty database. The pool is the default one, so that what it is told of a lost server is tested, too.</summary>
    public async Task<string> CreateDatabaseAsync(CancellationToken ct)
    {
        var name = $"tidp_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
        await ExecuteAsync(ConnectionString("postgres"), $"CREATE DATABASE {name}", ct);
        return ConnectionString(name);
    }

    /// <summary>As an operator backs it up: <c>pg_dump</c>, then <c>pg_restore</c> into a database that was just made.</summary>
    public async Task<string> DumpAsync(string database, CancellationToken ct)
    {
        var file = $"{folder}/{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}.dump";
        await ShellAsync($"PGPASSWORD={password} {Binaries}/pg_dump -h 127.0.0.1 -p {port} -U tidp -Fc -f {file} {NameOf(database)}", ct);
        return file;
    }

    public async Task<string> RestoreAsync(string dump, CancellationToken ct)
    {
        var database = await CreateDatabaseAsync(ct);
        await ShellAsync($"PGPASSWORD={password} {Binaries}/pg_restore -h 127.0.0.1 -p {port} -U tidp --exit-on-error -d {NameOf(database)} {dump}", ct);
        return database;
    }

    public async ValueTask DisposeAsync()
    {
        IsRunning = false;
        await ShellAsync($"{Binaries}/pg_ctl stop -w -m immediate -D {folder}/data || true; rm -rf {folder}", CancellationToken.None);
    }

    public static async Task<int> ExecuteAsync(string database, string sql, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(Unpooled(database));
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>A connection of the test's own is never one that the server has cut meanwhile.</summary>
    public static string Unpooled(string database) => new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString;

    private static string NameOf(string database) => new NpgsqlConnectionStringBuilder(database).Database!; // every one of ours names it

    private string ConnectionString(string database) =>
        new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = port, Username = "tidp", Password = password, Database = database }.ConnectionString;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool IsAbandoned(string path)
    {
        if (!int.TryParse(Path.GetFileName(path)[Prefix.Length..].Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) return false;
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

    /// <summary>As the user postgres when we are root: PostgreSQL refuses to run as root. Its words go to a file, because a server that inherits a pipe keeps it open.</summary>
    private static async Task ShellAsync(string script, CancellationToken ct)
    {
        var said = $"/tmp/{Prefix}{Environment.ProcessId}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}.out";
        script = $"({script}) > {said} 2>&1";
        string[] command = Environment.UserName == "root" ? ["runuser", "-u", "postgres", "--", "sh", "-c", script] : ["sh", "-c", script];
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = "/tmp" }) ?? throw new InvalidOperationException("No shell.");
        await process.WaitForExitAsync(ct);
        var text = File.Exists(said) ? await File.ReadAllTextAsync(said, ct) : "";
        File.Delete(said);
        if (process.ExitCode != 0) throw new InvalidOperationException($"PostgreSQL of the faults: exit code {process.ExitCode}. {text}");
    }
}
