using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Background;

/// <summary>What runs by itself. Listed by hand, one line each.</summary>
public static class BackgroundComposition
{
    public static void AddBackground(this IServiceCollection services)
    {
        services.AddScoped<CertificateWarnings>();
        services.AddScoped<EventSealer>();
        services.AddScoped<Pruning>();
        services.AddScoped<InvitationUpkeep>();
        services.AddScoped<OutboxClaims>();
        services.AddScoped<DomainUpkeep>();
        services.AddScoped<AffiliationUpkeep>();

        services.AddGauge<EventLag>();
        services.AddGauge<OutboxLag>();
        services.AddGauge<OutboxDeadMessages>();
        services.AddGauge<InstanceCertificateLife>();
        services.AddGauge<ConnectionsWithoutCertificate>();
        services.AddSingleton<Gauges>();
        services.AddHostedService(provider => provider.GetRequiredService<Gauges>());

        services.AddWork<KeyRotation>(every: TimeSpan.FromMinutes(1), look: TimeSpan.FromSeconds(15));
        services.AddWork<TokenPruning>(TimeSpan.FromHours(1));
        services.AddWork<KeySuccession>(TimeSpan.FromHours(1));
        services.AddWork<CertificateWatch>(TimeSpan.FromHours(1));
        services.AddWork<Prune>(TimeSpan.FromMinutes(15));
        services.AddWork<InvitationCare>(TimeSpan.FromMinutes(5));
        services.AddWork<AffiliationCare>(TimeSpan.FromMinutes(5));
        services.AddWork<OrganizationPurge>(TimeSpan.FromHours(1));
        services.AddWork<DomainChecks>(every: TimeSpan.Zero, look: TimeSpan.FromSeconds(15));
        services.AddWork<EventSealing>(every: TimeSpan.Zero, look: TimeSpan.FromSeconds(1));

        services.AddOutboxHandler<BackChannelLogoutDelivery>();
        services.AddOutboxHandler<DirectoryInvitationDelivery>();
        services.AddHostedService<OutboxDrainer>();
    }

    /// <summary>Delivers the messages of the handler's kind.</summary>
    public static void AddOutboxHandler<T>(this IServiceCollection services) where T : class, IOutboxHandler
    {
        services.AddScoped<T>();
        services.AddSingleton(OutboxRoute.To<T>());
    }

    public static void AddGauge<T>(this IServiceCollection services) where T : class, IGaugeSource
    {
        services.AddScoped<T>();
        services.AddSingleton(GaugeEntry.Of<T>());
    }

    public static void AddWork<T>(this IServiceCollection services, TimeSpan every, TimeSpan? look = null) where T : class, IScheduledWork
    {
        services.AddScoped<T>();
        services.AddSingleton<IHostedService>(provider => new WorkRunner<T>(
            provider.GetRequiredService<IServiceScopeFactory>(), provider.GetRequiredService<NodeState>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<Telemetry>(),
            provider.GetRequiredService<ILogger<WorkRunner<T>>>(), new WorkTimes(every, look)));
    }
}

/// <summary>The keys that sign tokens follow one another in time.</summary>
public sealed class KeyRotation(IEngineUpkeep engine) : IScheduledWork
{
    public static string Name => "signing_key_rotation";

    public Task DoAsync(CancellationToken ct) => engine.RotateKeysAsync(ct);
}

public sealed class TokenPruning(IEngineUpkeep engine) : IScheduledWork
{
    public static string Name => "token_prune";

    public Task DoAsync(CancellationToken ct) => engine.PruneAsync(ct);
}

/// <summary>Our keys towards identity providers, too.</summary>
public sealed class KeySuccession(ServiceProviderKeys keys) : IScheduledWork
{
    public static string Name => "saml_key_succession";

    public Task DoAsync(CancellationToken ct) => keys.SucceedAsync(ct);
}

public sealed class CertificateWatch(CertificateWarnings warnings) : IScheduledWork
{
    public static string Name => "certificate_warnings";

    public Task DoAsync(CancellationToken ct) => warnings.WarnAsync(ct);
}

/// <summary>Deleted organizations end when their time has come.</summary>
public sealed class OrganizationPurge(OrganizationDeletion deletion) : IScheduledWork
{
    public static string Name => "organization_purge";

    public Task DoAsync(CancellationToken ct) => deletion.PurgeDueAsync(ct);
}

public sealed class Prune(Pruning pruning) : IScheduledWork
{
    public static string Name => "prune";

    public Task DoAsync(CancellationToken ct) => pruning.PruneAsync(ct);
}

/// <summary>Tells which invitations have expired, and forgets old ones.</summary>
public sealed class InvitationCare(InvitationUpkeep upkeep) : IScheduledWork
{
    public static string Name => "invitation_upkeep";

    public Task DoAsync(CancellationToken ct) => upkeep.RunAsync(ct);
}

/// <summary>Ends affiliations whose year is over, or whose host has an owner.</summary>
public sealed class AffiliationCare(AffiliationUpkeep upkeep) : IScheduledWork
{
    public static string Name => "affiliation_upkeep";

    public Task DoAsync(CancellationToken ct) => upkeep.RunAsync(ct);
}

/// <summary>Readers see sealed events only, so this is how late they are.</summary>
public sealed class EventSealing(EventSealer sealer) : IScheduledWork
{
    public static string Name => "event_sealing";

    public static bool GoesByTheClock => false;

    public Task DoAsync(CancellationToken ct) => sealer.SealAsync(ct);

    public Task<bool> HasWorkAsync(CancellationToken ct) => sealer.IsDueAsync(ct);
}
