using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Core;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Testing.Stores;

namespace TenantIdP.Tests.Domains;

/// <summary>What is published in a world of the test's own: tokens by method and host.</summary>
internal sealed class PublishedProofs : IDomainProver
{
    private readonly HashSet<(VerificationMethod Method, string Host, string Token)> published = [];

    /// <summary>When false, nothing can be looked at.</summary>
    public bool IsReachable { get; set; } = true;

    /// <summary>Happens while somebody looks.</summary>
    public Func<Task>? Meanwhile { get; set; }

    public int Looks { get; private set; }

    public void Publish(OrganizationDomain domain, VerificationMethod method = VerificationMethod.Dns) => published.Add((method, domain.Host.Value, domain.Challenge));

    public void Remove(OrganizationDomain domain) => published.RemoveWhere(p => p.Token == domain.Challenge);

    public async Task<DomainEvidence> LookAsync(VerificationMethod method, HostName host, string challenge, string caller, CancellationToken ct)
    {
        Looks++;
        if (Meanwhile is { } happen) await happen();
        var proven = IsReachable && published.Contains((method, host.Value, challenge));
        return new DomainEvidence(method, proven, IsReachable, [new DomainSighting(host.Value, proven ? Sighting.Proven : IsReachable ? Sighting.NotThere : Sighting.TimedOut)]);
    }
}

/// <summary>The use cases of domains on a store, with a clock that the test moves and proofs that it publishes.</summary>
internal sealed class DomainScene
{
    private readonly ServiceProvider node;
    private readonly HashSet<Id<Organization>> mine = [];
    private readonly TestStore store;

    public DomainScene(TestStore store, DomainOptions? options = null, DomainScene? beside = null)
    {
        (this.store, Clock, Proofs) = (store, beside?.Clock ?? new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds())), beside?.Proofs ?? new PublishedProofs());
        if (beside is not null) mine = beside.mine;
        node = store.NewNode(configure: services =>
        {
            services.AddSingleton<TimeProvider>(Clock);
            services.AddSingleton<IDomainProver>(Proofs);
            services.AddSingleton((options ?? new DomainOptions()) with { Allowed = ["test"] });
            services.AddSingleton<ClaimableHosts>();
            services.AddScoped<ActorContext>();
            services.AddScoped<EventLog>();
            services.AddScoped<Tallies>();
            services.AddScoped<HostLocks>();
            services.AddScoped<DomainNotices>();
            services.AddScoped<DomainLifeCycle>();
            services.AddScoped<DomainService>();
            services.AddScoped<DomainProofs>();
            services.AddScoped<DomainUpkeep>();
        });
    }

    public FakeTimeProvider Clock { get; }

    public PublishedProofs Proofs { get; }

    public static string NewHost() => $"{Management.ManagementHost.Unique("d")}.example.test";

    public async Task<OrganizationDomain> ClaimAsync(string host, CancellationToken ct)
    {
        var organization = await store.NewOrganizationAsync(ct);
        mine.Add(organization);
        return (await UseAsync<DomainService, Result<OrganizationDomain>>(organization, s => s.ClaimAsync(organization, host, false, ct))).Value!; // valid input
    }

    /// <summary>Published, and found by a click.</summary>
    public async Task<OrganizationDomain> HoldAsync(string host, CancellationToken ct, VerificationMethod method = VerificationMethod.Dns)
    {
        var domain = await ClaimAsync(host, ct);
        Proofs.Publish(domain, method);
        return (await VerifyAsync(domain, ct, method)).Value!.Domain; // it is proven
    }

    /// <summary>Held once, its proof gone, and all the days passed.</summary>
    public async Task<OrganizationDomain> LapseAsync(string host, CancellationToken ct, VerificationMethod method = VerificationMethod.Dns)
    {
        var domain = await HoldAsync(host, ct, method);
        Proofs.Remove(domain);
        await PassAsync(TimeSpan.FromDays(20), ct);
        return await FindAsync(domain, ct);
    }

    public Task<Result<DomainVerdict>> VerifyAsync(OrganizationDomain domain, CancellationToken ct, VerificationMethod method = VerificationMethod.Dns) =>
        UseAsync<DomainProofs, Result<DomainVerdict>>(domain.OrganizationId, s => s.VerifyAsync(domain.OrganizationId, domain.Id, method, ct));

    public Task<Result<OrganizationDomain>> VouchAsync(OrganizationDomain domain, CancellationToken ct) =>
        UseAsync<DomainService, Result<OrganizationDomain>>(domain.OrganizationId, s => s.VerifyByOperatorAsync(domain.OrganizationId, domain.Id, "Contract on file", ct));

    public Task<Result> ReleaseAsync(OrganizationDomain domain, CancellationToken ct) => UseAsync<DomainService, Result>(domain.OrganizationId, s => s.ReleaseAsync(domain.OrganizationId, domain.Id, ct));

    public Task<Result<OrganizationDomain>> ReplaceChallengeAsync(OrganizationDomain domain, CancellationToken ct) =>
        UseAsync<DomainProofs, Result<OrganizationDomain>>(domain.OrganizationId, s => s.ReplaceChallengeAsync(domain.OrganizationId, domain.Id, ct));

    public Task<OrganizationDomain> FindAsync(OrganizationDomain domain, CancellationToken ct) => ReadAsync(domain, db => db.Domains.AsNoTracking().SingleAsync(d => d.Id == domain.Id, ct));

    public async Task<DomainStatus> StatusAsync(OrganizationDomain domain, CancellationToken ct) => (await FindAsync(domain, ct)).Status;

    public Task<T> ReadAsync<T>(OrganizationDomain domain, Func<IdpDbContext, Task<T>> read) => UseAsync(domain.OrganizationId, read);

    /// <summary>How often an event of a type is there about a domain.</summary>
    public Task<int> EventsAsync(OrganizationDomain domain, string type, CancellationToken ct) => ReadAsync(domain, db => db.Events.CountAsync(e => e.Type == type && e.TargetId == domain.Id.ToString(), ct));

    /// <summary>Time goes by, with every look of this scene's organizations at the minute it is due.</summary>
    /// <returns>When there were looks.</returns>
    public async Task<IReadOnlyList<DateTimeOffset>> PassAsync(TimeSpan time, CancellationToken ct)
    {
        var until = Clock.GetUtcNow() + time;
        var looks = new List<DateTimeOffset>();
        while (await NextAsync(ct) is { } next && next <= until)
        {
            if (next > Clock.GetUtcNow()) Clock.SetUtcNow(next);
            looks.Add(Clock.GetUtcNow());
            await CheckDueAsync(ct);
        }

        if (until > Clock.GetUtcNow()) Clock.SetUtcNow(until);
        return looks;
    }

    public async Task CheckDueAsync(CancellationToken ct)
    {
        var due = await UseAsync<DomainUpkeep, IReadOnlyList<DueDomain>>(null, s => s.DueAsync(10_000, ct));
        foreach (var one in due.Where(d => mine.Contains(d.Organization)))
        {
            var judged = await UseAsync<DomainUpkeep, Result<DomainVerdict>>(null, s => s.CheckAsync(one, ct));
            if (!judged.IsOk) throw new InvalidOperationException(judged.Error.Code);
        }
    }

    public async Task<TResult> UseAsync<TService, TResult>(Id<Organization>? organization, Func<TService, Task<TResult>> work) where TService : notnull
    {
        await using var scope = node.CreateAsyncScope();
        if (organization is { } id) scope.ServiceProvider.GetRequiredService<IdpDbContext>().EnterOrganization(id);
        return await work(scope.ServiceProvider.GetRequiredService<TService>());
    }

    private Task<DateTimeOffset?> NextAsync(CancellationToken ct) => UseAsync<IdpDbContext, DateTimeOffset?>(null, db =>
    {
        var mine = this.mine.ToArray();
        return db.DomainWatches.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(w => mine.Contains(w.OrganizationId)).MinAsync(w => w.NextCheckAt, ct);
    });
}
