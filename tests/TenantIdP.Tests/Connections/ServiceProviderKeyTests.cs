using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Core.Tokens;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Saml.Keys;
using TenantIdP.Server.Background;
using TenantIdP.Server.Federation.Saml;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Connections;

/// <summary>What runs by itself, with a clock of its own and as many nodes as a test needs.</summary>
public abstract class ServiceProviderKeyTests(TestStore store) : IAsyncLifetime
{
    private readonly FakeTimeProvider clock = new(new DateTimeOffset(2026, 11, 26, 12, 0, 0, TimeSpan.Zero));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => store.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private ServiceProvider NewNode() => store.NewNode(configure: services =>
    {
        services.AddSingleton<TimeProvider>(clock);
        services.AddSingleton(new ServiceProviderKeyPlan(TimeSpan.FromDays(365), TimeSpan.FromDays(30), TimeSpan.FromDays(30), (from, to) => SamlKeyPair.Make("id.example.test", from, to)));
        services.AddScoped<ActorContext>();
        services.AddScoped<EventLog>();
        services.AddScoped<Leases>();
        services.AddScoped<ServiceProviderKeys>();
        services.AddScoped<CertificateWarnings>();
        services.AddScoped<Pruning>();
        services.AddSingleton<IGrantRevoker, Management.TestRevoker>();
        services.AddScoped<Counted>();
        services.AddSingleton<Count>();
        services.AddSingleton<ServiceProviderKeyCache>();
    });

    private static async Task<T> UseAsync<TService, T>(IServiceProvider node, Func<TService, Task<T>> use, Id<Organization>? organization = null) where TService : notnull
    {
        await using var scope = node.CreateAsyncScope();
        if (organization is { } id) scope.ServiceProvider.GetRequiredService<IdpDbContext>().EnterOrganization(id);
        return await use(scope.ServiceProvider.GetRequiredService<TService>());
    }

    private static Task<IReadOnlyList<ServiceProviderKey>> EnsureAsync(IServiceProvider node) => UseAsync<ServiceProviderKeys, IReadOnlyList<ServiceProviderKey>>(node, k => k.EnsureInstanceAsync(Ct));

    private static Task<int> SucceedAsync(IServiceProvider node) => UseAsync<ServiceProviderKeys, int>(node, async k =>
    {
        await k.SucceedAsync(Ct);
        return (await k.ListAsync(Organization.Instance, null, Ct)).Count;
    });

    private static Task<int> WarnAsync(IServiceProvider node) => UseAsync<CertificateWarnings, int>(node, async w =>
    {
        await w.WarnAsync(Ct);
        return 0;
    });

    private static Task<List<string>> EventsAsync(IServiceProvider node, string type) =>
        UseAsync<IdpDbContext, List<string>>(node, db => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(e => e.Type == type).OrderBy(e => e.Id).Select(e => e.Data).ToListAsync(Ct));

    private async Task<Connection> ConnectAsync(Id<Organization> organization)
    {
        var connection = Connection.CreateSaml(organization, "IdP", "https://idp.example.test", new SamlSettings("https://idp.example.test/sso"), clock.GetUtcNow()).Value!; // valid input
        return await store.UseAsync(organization, async db =>
        {
            db.Connections.Add(connection);
            await db.SaveChangesAsync(Ct);
            return connection;
        });
    }

    [Fact]
    public async Task Three_nodes_that_need_keys_at_once_make_one_set()
    {
        var nodes = new[] { NewNode(), NewNode(), NewNode() };
        var made = await Task.WhenAll(nodes.Select(node => Task.Run(() => EnsureAsync(node))));
        Assert.Single(made.Select(keys => string.Join(' ', keys.Select(k => k.Id).Order())).Distinct());
        Assert.Equal(2, (await UseAsync<ServiceProviderKeys, List<ServiceProviderKey>>(nodes[0], k => k.ListAsync(Organization.Instance, null, Ct))).Count);
        Assert.Equal(2, (await EventsAsync(nodes[0], EventTypes.SamlKeyCreated)).Count);
    }

    [Fact]
    public async Task A_successor_is_published_before_it_signs_and_the_old_key_decrypts_until_its_end()
    {
        var node = NewNode();
        var connection = await ConnectAsync(await store.NewOrganizationAsync(Ct));
        var cache = node.GetRequiredService<ServiceProviderKeyCache>();
        Task<SpKeySet> Find() => cache.FindAsync(connection.OrganizationId, connection.Id, Ct);
        var first = await Find();
        var old = first.Signing!.Certificate.Thumbprint; // made with the first asking

        clock.Advance(TimeSpan.FromDays(304));
        Assert.Equal(2, await SucceedAsync(node));
        clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(4, await SucceedAsync(node));
        Assert.Equal(4, await SucceedAsync(node));
        var announced = await Find();
        Assert.Equal((old, 2, 2), (announced.Signing!.Certificate.Thumbprint, announced.PublishedSigning.Count, announced.Decryption.Count)); // there is one

        clock.Advance(TimeSpan.FromDays(30));
        var taken = await Find();
        Assert.NotEqual(old, taken.Signing!.Certificate.Thumbprint); // the successor
        Assert.Equal((2, 2, 1), (taken.PublishedSigning.Count, taken.Decryption.Count, taken.PublishedEncryption.Count));

        clock.Advance(TimeSpan.FromDays(30));
        Assert.Equal(2, await SucceedAsync(node));
        var after = await Find();
        Assert.Equal((1, 1), (after.PublishedSigning.Count, after.Decryption.Count));
        Assert.Equal(2, await UseAsync<IdpDbContext, int>(node, db => db.ServiceProviderKeys.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(Ct)));
    }

    [Fact]
    public async Task A_connection_that_gets_its_own_keys_signs_with_the_instances_until_they_are_known()
    {
        var node = NewNode();
        var connection = await ConnectAsync(await store.NewOrganizationAsync(Ct));
        var cache = node.GetRequiredService<ServiceProviderKeyCache>();
        var shared = (await cache.FindAsync(connection.OrganizationId, connection.Id, Ct)).Signing!.Certificate.Thumbprint; // made with the first asking
        Assert.True((await UseAsync<ServiceProviderKeys, Result<IReadOnlyList<ServiceProviderKey>>>(node, k => k.RotateAsync(connection.OrganizationId, connection.Id, Ct))).IsOk);
        cache.Evict(connection.Id.ToString());
        var announced = await cache.FindAsync(connection.OrganizationId, connection.Id, Ct);
        Assert.Equal((shared, 2), (announced.Signing!.Certificate.Thumbprint, announced.PublishedSigning.Count)); // there is one
        clock.Advance(TimeSpan.FromDays(31));
        var own = await cache.FindAsync(connection.OrganizationId, connection.Id, Ct);
        Assert.NotEqual(shared, own.Signing!.Certificate.Thumbprint); // the connection's
        Assert.Equal((1, 2), (own.PublishedSigning.Count, own.Decryption.Count));
        var other = await store.NewOrganizationAsync(Ct);
        Assert.Equal(ConnectionErrors.NotFound, (await UseAsync<ServiceProviderKeys, Result<IReadOnlyList<ServiceProviderKey>>>(node, k => k.RotateAsync(other, connection.Id, Ct))).Error);
    }

    [Fact]
    public async Task A_certificate_is_warned_of_once_at_each_threshold_and_when_it_has_ended()
    {
        var node = NewNode();
        var organization = await store.NewOrganizationAsync(Ct);
        var connection = await ConnectAsync(organization);
        var facts = new CertificateFacts(new string('a', 64), "", "CN=idp", clock.GetUtcNow(), clock.GetUtcNow().AddDays(100));
        await store.UseAsync(organization, async db =>
        {
            db.ConnectionCertificates.Add(ConnectionCertificate.Pin(connection, facts, CertificateSource.Manual, clock.GetUtcNow()));
            return await db.SaveChangesAsync(Ct);
        });
        var said = new List<int>();
        for (var day = 0; day <= 105; day++)
        {
            await WarnAsync(node);
            await WarnAsync(node);
            if ((await EventsAsync(node, EventTypes.ConnectionCertificateExpiring)).Count > said.Count) said.Add(100 - day);
            clock.Advance(TimeSpan.FromDays(1));
        }

        Assert.Equal([60, 30, 14, 7, 1, 0], said);
        Assert.Equal(6, (await EventsAsync(node, EventTypes.ConnectionCertificateExpiring)).Count);
    }

    [Fact]
    public async Task Our_own_certificates_are_warned_of_too()
    {
        var node = NewNode();
        await EnsureAsync(node);
        clock.Advance(TimeSpan.FromDays(310));
        await WarnAsync(node);
        await WarnAsync(node);
        Assert.Equal(2, (await EventsAsync(node, EventTypes.SamlKeyExpiring)).Count);
        clock.Advance(TimeSpan.FromDays(30));
        await WarnAsync(node);
        Assert.Equal(4, (await EventsAsync(node, EventTypes.SamlKeyExpiring)).Count);
    }

    [Fact]
    public async Task A_lease_has_one_holder_and_outlives_a_dead_one_only_until_its_end()
    {
        var nodes = new[] { NewNode(), NewNode(), NewNode() };
        Task<bool> Take(int node, string holder) => UseAsync<Leases, bool>(nodes[node], l => l.TryTakeAsync("work", holder, TimeSpan.FromMinutes(2), TimeSpan.FromHours(1), Ct));
        var taken = await Task.WhenAll(Enumerable.Range(0, 3).Select(n => Task.Run(() => Take(n, $"holder-{n}"))));
        Assert.Single(taken, won => won);
        clock.Advance(TimeSpan.FromSeconds(119));
        Assert.False(await Take(0, "next"));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await Take(1, "next"));
        Assert.False(await UseAsync<Leases, bool>(nodes[0], l => l.RenewAsync("work", "holder-0", TimeSpan.FromMinutes(2), Ct)));
    }

    [Fact]
    public async Task A_work_is_done_by_one_node_and_again_only_when_it_is_due_and_a_failed_one_at_once()
    {
        var nodes = new[] { NewNode(), NewNode(), NewNode() };
        var runners = nodes.Select(n => new WorkRunner<Counted>(n.GetRequiredService<IServiceScopeFactory>(), new NodeState(), clock, n.GetRequiredService<Telemetry>(), NullLogger<WorkRunner<Counted>>.Instance, new WorkTimes(TimeSpan.FromHours(1)))).ToList();
        int Done() => nodes.Sum(n => n.GetRequiredService<Count>().Value);
        await Task.WhenAll(runners.Select(r => Task.Run(() => r.TryAsync(Ct))));
        Assert.Equal(1, Done());
        clock.Advance(TimeSpan.FromMinutes(59));
        Assert.False(await runners[0].TryAsync(Ct));
        clock.Advance(TimeSpan.FromMinutes(1));
        nodes[0].GetRequiredService<Count>().Fails = true;
        await Assert.ThrowsAsync<InvalidOperationException>(() => runners[0].TryAsync(Ct));
        Assert.True(await runners[1].TryAsync(Ct));
        Assert.Equal(2, Done());
        foreach (var runner in runners) runner.Dispose();
    }

    [Fact]
    public async Task What_has_outlived_its_time_is_deleted_and_nothing_else()
    {
        var node = NewNode();
        var organization = await store.NewOrganizationAsync(Ct);
        var connection = await ConnectAsync(organization);
        var now = clock.GetUtcNow();
        await store.UseAsync(organization, async db =>
        {
            db.ReceivedAssertions.Add(new ReceivedAssertion(organization, connection.Id, new string('1', 64), now.AddMinutes(-1)));
            db.ReceivedAssertions.Add(new ReceivedAssertion(organization, connection.Id, new string('2', 64), now.AddMinutes(1)));
            return await db.SaveChangesAsync(Ct);
        });
        await UseAsync<Pruning, int>(node, async p =>
        {
            await p.PruneAsync(Ct);
            return 0;
        });
        Assert.Equal(new string('2', 64), await store.UseAsync(organization, db => db.ReceivedAssertions.Select(a => a.AssertionHash).SingleAsync(Ct)));
    }

    private sealed class Count
    {
        public int Value { get; set; }
        public bool Fails { get; set; }
    }

    private sealed class Counted(Count count) : IScheduledWork
    {
        public static string Name => "counted";

        public Task DoAsync(CancellationToken ct)
        {
            if (count.Fails) throw new InvalidOperationException("It fails.");
            count.Value++;
            return Task.CompletedTask;
        }
    }
}

public sealed class ServiceProviderKeysOnSqlite() : ServiceProviderKeyTests(new SqliteStore());

[Trait("Store", "PostgreSql")]
public sealed class ServiceProviderKeysOnPostgreSql(PostgreSqlCluster cluster) : ServiceProviderKeyTests(new PostgreSqlStore(cluster));
