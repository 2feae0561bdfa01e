using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using TenantIdP.Core;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Nodes;

/// <summary>Whoever keeps rows is told when they change, and of nothing that was not committed.</summary>
public abstract class NodeCacheTests(TestStore store)
{
    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_change_evicts_when_it_is_committed_and_not_before()
    {
        var (node, connections) = NewNode(NodeChange.Connections);
        var organization = await store.NewOrganizationAsync(Ct);
        await using var scope = node.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
        db.EnterOrganization(organization);
        await using var transaction = await db.Database.BeginTransactionAsync(Ct);
        var settings = new OidcSettings("https://idp.example", "client", OidcSettings.DefaultScopes, OidcSettings.DefaultSubjectClaim, null);
        var connection = Connection.CreateOidc(organization, "Upstream", settings, TimeProvider.System.GetUtcNow()).Value!; // valid settings
        db.Connections.Add(connection);
        await db.SaveChangesAsync(Ct);
        Assert.Empty(connections.Evicted);

        await transaction.CommitAsync(Ct);

        Assert.Contains(connection.Id.ToString(), connections.Evicted);
    }

    [Fact]
    public async Task What_is_rolled_back_is_told_to_nobody_and_does_not_hide_the_next_change()
    {
        var (node, connections) = NewNode(NodeChange.Connections);
        var id = await store.NewOrganizationAsync(Ct);
        await using var scope = node.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
        var organization = await db.Organizations.SingleAsync(o => o.Id == id, Ct);
        await using (await db.Database.BeginTransactionAsync(Ct))
        {
            organization.Rename("Abandoned", TimeProvider.System.GetUtcNow());
            await db.SaveChangesAsync(Ct);
        }

        Assert.Empty(connections.Evicted);
        await db.Entry(organization).ReloadAsync(Ct);
        organization.Rename("Kept", TimeProvider.System.GetUtcNow());
        await db.SaveChangesAsync(Ct);

        Assert.Contains(id.ToString(), connections.Evicted);
    }

    [Fact]
    public async Task Only_what_a_connection_shows_of_its_organization_evicts_connections()
    {
        var (node, connections) = NewNode(NodeChange.Connections);
        var id = await store.NewOrganizationAsync(Ct);
        await UseAsync(node, async db =>
        {
            (await db.Organizations.SingleAsync(o => o.Id == id, Ct)).ChangeMetadata(Metadata.Empty, TimeProvider.System.GetUtcNow());
            return await db.SaveChangesAsync(Ct);
        });

        Assert.Empty(connections.Evicted);
    }

    [Fact]
    public async Task What_decides_where_people_sign_in_evicts_it_and_nothing_else_does()
    {
        var (node, realms) = NewNode(NodeChange.Realms);
        var id = await store.NewOrganizationAsync(Ct);
        var now = TimeProvider.System.GetUtcNow();
        var host = HostName.Parse($"d{Guid.CreateVersion7():n}.example");
        var settings = new OidcSettings("https://idp.example", "client", OidcSettings.DefaultScopes, OidcSettings.DefaultSubjectClaim, null);
        Task<int> ChangeAsync(Func<IdpDbContext, Task> change) => UseAsync(node, async db =>
        {
            db.EnterOrganization(id);
            await change(db);
            return await db.SaveChangesAsync(Ct);
        });
        async Task EvictsAsync(string? key, Func<IdpDbContext, Task> change)
        {
            var before = realms.Evicted.Count;
            await ChangeAsync(change);
            Assert.Equal(key is null ? [] : [key], realms.Evicted.Skip(before));
        }

        await EvictsAsync(host.Value, db => db.Domains.AddAsync(OrganizationDomain.Claim(id, host, false, now), Ct).AsTask());
        await EvictsAsync(host.Value, async db => (await db.Domains.SingleAsync(d => d.Host == host, Ct)).Verify(VerificationMethod.Operator, "test", now));
        await EvictsAsync(id.ToString(), db => db.Connections.AddAsync(Connection.CreateOidc(id, "Upstream", settings, now).Value!, Ct).AsTask()); // valid settings
        await EvictsAsync(id.ToString(), async db => Assert.True((await db.Connections.SingleAsync(c => c.OrganizationId == id, Ct)).Activate(now, "test").IsOk));
        await EvictsAsync(null, async db => (await db.Connections.SingleAsync(c => c.OrganizationId == id, Ct)).SetProvisioning(JitMode.Off, "member", true, false, now));
        await EvictsAsync(id.ToString(), async db => (await db.Organizations.SingleAsync(o => o.Id == id, Ct)).SetPolicy(true, true, now));
        await EvictsAsync(null, async db => (await db.Organizations.SingleAsync(o => o.Id == id, Ct)).SetDirectoryAuthoritative(true, now));
        await EvictsAsync(id.ToString(), async db => (await db.Organizations.SingleAsync(o => o.Id == id, Ct)).Suspend(now));
        await EvictsAsync(id.ToString(), async db => db.Connections.Remove(await db.Connections.SingleAsync(c => c.OrganizationId == id, Ct)));
        await EvictsAsync(host.Value, async db => db.Domains.Remove(await db.Domains.SingleAsync(d => d.Host == host, Ct)));
    }

    [Fact]
    public async Task A_changed_API_is_read_again_at_once_by_whoever_changed_it()
    {
        var (node, _) = NewNode(NodeChange.Apps, services =>
        {
            services.AddSingleton<ApiCatalog>();
            services.AddSingleton<INodeCache>(p => p.GetRequiredService<ApiCatalog>());
        });
        var catalog = node.GetRequiredService<ApiCatalog>();
        var identifier = $"https://{Guid.CreateVersion7():n}.example/api";
        Assert.Null(await UseAsync(node, db => catalog.FindAsync(db, identifier, Ct).AsTask()));

        await UseAsync(node, async db =>
        {
            db.Apis.Add(Api.Create(identifier, "An API", TimeProvider.System.GetUtcNow()).Value!); // a valid identifier
            return await db.SaveChangesAsync(Ct);
        });

        Assert.NotNull(await UseAsync(node, db => catalog.FindAsync(db, identifier, Ct).AsTask()));
    }

    protected (ServiceProvider Node, Told Cache) NewNode(string cache, Action<IServiceCollection>? configure = null)
    {
        var told = new Told(cache);
        return (store.NewNode(configure: services =>
        {
            services.AddSingleton<INodeCache>(told);
            configure?.Invoke(services);
        }), told);
    }

    protected static async Task<T> UseAsync<T>(ServiceProvider node, Func<IdpDbContext, Task<T>> work)
    {
        await using var scope = node.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<IdpDbContext>());
    }

    protected static Task<int> RenameAsync(ServiceProvider node, Id<Organization> id, string name) => UseAsync(node, async db =>
    {
        (await db.Organizations.SingleAsync(o => o.Id == id, Ct)).Rename(name, TimeProvider.System.GetUtcNow());
        return await db.SaveChangesAsync(Ct);
    });

    protected sealed class Told(string name) : INodeCache
    {
        private readonly ConcurrentQueue<string> evicted = new();

        public string Name => name;

        public IReadOnlyCollection<string> Evicted => evicted;

        public void Evict(string? key) => evicted.Enqueue(key ?? "*");
    }
}

public sealed class NodeCacheOnSqlite(SqliteStore store) : NodeCacheTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class NodeCacheOnPostgreSql(PostgreSqlStore store) : NodeCacheTests(store), IClassFixture<PostgreSqlStore>
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Another_node_is_told_of_what_is_committed()
    {
        var id = await store.NewOrganizationAsync(Ct);
        var (other, told) = NewNode(NodeChange.Connections);
        await using var listening = await ListenAsync(other);
        await UntilAsync(() => told.Evicted.Contains("*"), "it listens, and has evicted what it may have missed");

        await RenameAsync(store.Node, id, "Renamed");

        await UntilAsync(() => told.Evicted.Contains(id.ToString()), "the other node is told");
    }

    [Fact]
    public async Task A_node_whose_listening_was_cut_evicts_everything_when_it_listens_again()
    {
        var id = await store.NewOrganizationAsync(Ct);
        var (other, told) = NewNode(NodeChange.Connections);
        await using var listening = await ListenAsync(other);
        await UntilAsync(() => told.Evicted.Count == 1, "it listens");

        await CutAsync();

        await UntilAsync(() => told.Evicted.Count(key => key == "*") == 2, "it listens again, and has evicted everything");
        await RenameAsync(store.Node, id, "Renamed");
        await UntilAsync(() => told.Evicted.Contains(id.ToString()), "it is told again");
    }

    private async Task CutAsync()
    {
        await using var connection = new NpgsqlConnection(store.Settings["ConnectionStrings:TenantIdP"]);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%listener'", connection);
        Assert.True((long)(await command.ExecuteScalarAsync(Ct))! > 0); // a count
    }

    private static Task UntilAsync(Func<bool> isSo, string what) => Waiting.UntilAsync(() => Task.FromResult(isSo()), Soon, what, Ct);

    private static async Task<Stop> ListenAsync(ServiceProvider node)
    {
        var services = node.GetServices<IHostedService>().ToList();
        foreach (var service in services) await service.StartAsync(Ct);
        return new Stop(services);
    }

    private sealed class Stop(List<IHostedService> services) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            foreach (var service in services) await service.StopAsync(CancellationToken.None);
        }
    }
}
