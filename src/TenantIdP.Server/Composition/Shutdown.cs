using System.ComponentModel.DataAnnotations;
using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Composition;

/// <summary>How the process ends when it is asked to (SIGTERM).</summary>
public sealed record ShutdownOptions
{
    public const string Section = "TenantIdP:Shutdown";

    /// <summary>How long it goes on serving after it has said that it is not ready: as long as load balancers need to notice. Null: 5 seconds, none in Development.</summary>
    [Range(0, 300)]
    public int? DrainSeconds { get; init; }

    /// <summary>How long requests under way and scheduled works have after that.</summary>
    [Range(1, 300)]
    public int GraceSeconds { get; init; } = 20;
}

/// <summary>The first of all to be told: says that this node is not ready and lets it serve on while load balancers notice.</summary>
internal sealed class Shutdown(ShutdownOptions options, IHostEnvironment environment, NodeState state, TimeProvider clock, ILogger<Shutdown> logger) : IHostedLifecycleService
{
    private const int DefaultDrainSeconds = 5;

    public static void Add(IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        var options = Settings.Read(ShutdownOptions.Section, () => configuration.GetSection(ShutdownOptions.Section).Get<ShutdownOptions>());
        services.AddSingleton(options);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(DrainSeconds(options, environment) + options.GraceSeconds));
        services.AddHostedService<Shutdown>();
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        var seconds = DrainSeconds(options, environment);
        state.Drain();
        Log.Draining(logger, seconds);
        await Task.Delay(TimeSpan.FromSeconds(seconds), clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static int DrainSeconds(ShutdownOptions options, IHostEnvironment environment) => options.DrainSeconds ?? (environment.IsDevelopment() ? 0 : DefaultDrainSeconds);
}
