using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace TenantIdP.Tests.RoundTrips;

/// <summary>What one request asked of the database.</summary>
internal sealed class Trips
{
    private readonly ConcurrentQueue<string> statements = new();
    private static readonly string[] Cached = ["\nFROM oidc_applications AS ", "\nFROM \"oidc_applications\" AS ", "\nFROM apis AS ", "\nFROM \"apis\" AS ", "\nFROM organization_domains AS ", "\nFROM \"organization_domains\" AS "];

    private int commits;

    public IReadOnlyCollection<string> Statements => statements;

    public int Commits => commits;

    public (int Statements, int Commits) Count => (statements.Count, commits);

    /// <summary>Statements that change rows.</summary>
    public int Writes => statements.Count(s => s.Contains("INSERT ", StringComparison.Ordinal) || s.Contains("UPDATE ", StringComparison.Ordinal) || s.Contains("DELETE ", StringComparison.Ordinal));

    /// <summary>Without the reads of what a node keeps for seconds (the calling app, the APIs, whose a host is), which on a slow machine come due between two requests of one test.</summary>
    public Trips WithoutCaches()
    {
        var rest = new Trips { commits = commits };
        foreach (var statement in statements.Where(s => !s.StartsWith("SELECT", StringComparison.Ordinal) || !Cached.Any(table => s.Contains(table, StringComparison.Ordinal)))) rest.statements.Enqueue(statement);
        return rest;
    }

    public void Executed(DbCommand command) => statements.Enqueue(command.CommandText);

    public void Committed() => Interlocked.Increment(ref commits);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{statements.Count} statements, {commits} commits:\n{string.Join("\n--\n", statements)}");
}

/// <summary>
/// Counts by listening to EF Core. A request that carries <see cref="Header"/> gets its counter in an async local, which flows into everything the request awaits;
/// other requests, other hosts and background work have none.
/// </summary>
internal sealed class DatabaseTrips : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IStartupFilter
{
    public const string Header = "X-Test-Trips";

    private const string ListenerName = "Microsoft.EntityFrameworkCore";
    private static readonly AsyncLocal<Trips?> Current = new();
    private static readonly ConcurrentDictionary<string, Trips> Counters = new();

    // One for the process, for its whole life: two would count everything twice.
    private static readonly DatabaseTrips Shared = new();

    private DatabaseTrips() => DiagnosticListener.AllListeners.Subscribe(this);

    public static void AddTo(IServiceCollection services) => services.AddSingleton<IStartupFilter>(Shared);

    /// <summary>A counter and the header value that turns it on.</summary>
    public static (string Key, Trips Trips) Begin(string key)
    {
        var trips = new Trips();
        Counters[key] = trips;
        return (key, trips);
    }

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(static (HttpContext context, RequestDelegate run) =>
        {
            Current.Value = context.Request.Headers[Header] is [{ } key] ? Counters.GetValueOrDefault(key) : null;
            return run(context);
        });
        next(app);
    };

    public void OnNext(DiagnosticListener value)
    {
        // To every event of a command, not only to the one that is counted: EF Core's logger, which all hosts of the process share, is silent from an event that nobody wants
        // until the next one that somebody wants, for a second at most; a command beside it (or after a failed one) would not be counted.
        if (value.Name == ListenerName) value.Subscribe(this, static name => name.StartsWith(DbLoggerCategory.Database.Name, StringComparison.Ordinal));
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (Current.Value is not { } trips) return;
        if (value.Key == RelationalEventId.CommandExecuted.Name && value.Value is CommandExecutedEventData executed) trips.Executed(executed.Command);
        else if (value.Key == RelationalEventId.TransactionCommitted.Name) trips.Committed();
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }
}
