using TenantIdP.Core.Domains;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Proofs;

/// <summary>Looks by the method that is asked for, within half a minute.</summary>
internal sealed class DomainProver(DnsProof dns, MetaTagProof metaTag, FileProof file, TimeProvider clock) : IDomainProver
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public async Task<DomainEvidence> LookAsync(VerificationMethod method, HostName host, string challenge, string caller, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            return method switch
            {
                VerificationMethod.Dns => await dns.LookAsync(host, challenge, either.Token),
                VerificationMethod.MetaTag => await metaTag.LookAsync(host, challenge, caller, either.Token),
                VerificationMethod.File => await file.LookAsync(host, challenge, caller, either.Token),
                VerificationMethod.Operator => throw new ArgumentOutOfRangeException(nameof(method), method, "An operator's word is not looked for."),
            };
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new DomainEvidence(method, false, false, [new DomainSighting(host.Value, Sighting.TimedOut, null, "Looking took longer than half a minute.")]);
        }
    }
}

internal static class DomainProofComposition
{
    /// <summary>Needs the guarded outbound client. A host that has options of its own registers them first.</summary>
    public static void AddDomainProofs(this IServiceCollection services)
    {
        services.AddSingleton(provider => new ClaimableHosts(provider.GetRequiredService<DomainOptions>()));
        services.AddSingleton<WebPage>();
        services.AddSingleton<DnsProof>();
        services.AddSingleton<MetaTagProof>();
        services.AddSingleton<FileProof>();
        services.AddSingleton<IDomainProver, DomainProver>();
        services.AddScoped<HostLocks>();
        services.AddScoped<DomainNotices>();
        services.AddScoped<DomainLifeCycle>();
        services.AddScoped<DomainService>();
        services.AddScoped<DomainProofs>();
        services.AddScoped<AffiliationCodes>();
        services.AddScoped<DomainAffiliations>();
    }

    /// <exception cref="StartupException">A setting or a list it names is wrong.</exception>
    public static DomainOptions Read(IConfiguration configuration, IHostEnvironment environment)
    {
        var options = Settings.Read(DomainOptions.Section, () => configuration.GetSection(DomainOptions.Section).Get<DomainOptions>());
        return environment.IsDevelopment() ? options.ForDevelopment() : options;
    }
}
