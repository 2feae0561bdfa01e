using TenantIdP.Core.Connections;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Tokens;
using TenantIdP.Saml.Keys;
using TenantIdP.Server.Background;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>What SAML connections need beyond the use cases that all connections share.</summary>
public static class SamlComposition
{
    // A certificate that is not valid yet by somebody's slow clock is refused there.
    private static readonly TimeSpan ClockDrift = TimeSpan.FromHours(1);

    /// <exception cref="StartupException">A setting is out of range; the message names it.</exception>
    public static void AddSaml(this IServiceCollection services, IConfiguration configuration, IssuerOptions issuer)
    {
        var options = Settings.Read(SamlOptions.Section, () => configuration.GetSection(SamlOptions.Section).Get<SamlOptions>());
        services.AddSingleton(options);
        var origin = new Uri(issuer.Issuer);
        services.AddSingleton(new ConnectionRules(issuer.IsDevelopmentLoopback, [origin.Authority, .. options.AliasHosts]));
        var commonName = origin.HostNameType == UriHostNameType.Dns ? origin.IdnHost : "TenantIdP";
        services.AddSingleton(new ServiceProviderKeyPlan(
            TimeSpan.FromDays(options.KeyLifetimeDays), TimeSpan.FromDays(options.AnnounceDays), TimeSpan.FromDays(options.RetainDays),
            (from, to) => SamlKeyPair.Make(commonName, from - ClockDrift, to)));
        services.AddScoped<Leases>();
        services.AddScoped<ServiceProviderKeys>();
        services.AddSingleton<ServiceProviderKeyCache>();
        services.AddSingleton<INodeCache>(provider => provider.GetRequiredService<ServiceProviderKeyCache>());
        services.AddSingleton<MetadataReader>(provider => (xml, entityId) => MetadataImport.Read(xml, entityId, provider.GetRequiredService<TimeProvider>().GetUtcNow(), issuer.IsDevelopmentLoopback));
        services.AddSingleton<MetadataSource>();
        services.AddScoped<MetadataRefresh>();
        services.AddWork<MetadataWatch>(TimeSpan.FromHours(options.MetadataRefreshHours));
        services.AddSingleton<SelfSubmittingPage>();
        services.AddSingleton<SamlRules>();
        services.AddScoped<SamlChallenge>();
        services.AddScoped<SamlWaiting>();
        services.AddScoped<SamlUnsolicited>();
        services.AddScoped<SamlJudge>();
        services.AddScoped<SamlReceiver>();
        services.AddSingleton<SamlSender>();
        services.AddSingleton<SamlLogoutMessages>();
        services.AddScoped<SamlLogoutReceiver>();
        services.AddScoped<SamlSignOut>();
        services.AddScoped<SamlFinish>();
    }
}
