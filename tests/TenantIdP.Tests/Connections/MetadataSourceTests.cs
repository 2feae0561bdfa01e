using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Background;
using TenantIdP.Server.Federation.Saml;
using TenantIdP.Server.Http.Outbound;
using TenantIdP.Testing.Stores;
using TenantIdP.Tests.Outbound;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Connections;

/// <summary>Metadata is fetched by the guarded client, and seldom. What is in it is the kernel's matter: here a document is a line of thumbprints.</summary>
public abstract class MetadataSourceTests(TestStore store) : IAsyncLifetime
{
    private const string EntityId = "https://idp.example.test", SsoUrl = "https://idp.example.test/sso";

    private readonly FakeTimeProvider clock = new(new DateTimeOffset(2026, 11, 26, 12, 0, 0, TimeSpan.Zero));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => store.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private CertificateFacts Certificate(string name) => new(name, "", "CN=idp", clock.GetUtcNow(), clock.GetUtcNow().AddDays(300));

    private ServiceProvider NewNode(bool developmentHosts) => store.NewNode(configure: services =>
    {
        services.AddSingleton<TimeProvider>(clock);
        services.AddGuardedOutboundHttp(new ConfigurationBuilder().Build(), developmentHosts);
        services.AddSingleton<MetadataReader>((text, _) => text == "bug" ? throw new ArithmeticException() : new ImportedMetadata(EntityId, [new SamlEndpoint(SsoUrl, SamlBinding.Redirect)], [.. text.Split(' ').Select(Certificate)]));
        services.AddSingleton<MetadataSource>();
        services.AddSingleton(new ConnectionRules(true, []));
        services.AddScoped<ActorContext>();
        services.AddScoped<EventLog>();
        services.AddScoped<Leases>();
        services.AddScoped<ConnectionEdits>();
        services.AddSingleton<IGrantRevoker, Management.TestRevoker>();
        services.AddSingleton<IAppRegistry, TestApps>();
        services.AddScoped<SamlConnectionService>();
        services.AddScoped<MetadataRefresh>();
        services.AddScoped<MetadataWatch>();
    });

    private async Task<Connection> ConnectAsync(string metadataUrl)
    {
        var organization = await store.NewOrganizationAsync(Ct);
        var connection = Connection.CreateSaml(organization, "IdP", EntityId, new SamlSettings(SsoUrl) { MetadataUrl = metadataUrl }, clock.GetUtcNow()).Value!; // valid input
        return await store.UseAsync(organization, async db =>
        {
            db.Connections.Add(connection);
            await db.SaveChangesAsync(Ct);
            return connection;
        });
    }

    private static async Task<Result<Connection>> TryAsync(ServiceProvider node, Connection connection)
    {
        await using var scope = node.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<MetadataRefresh>().TryAsync(connection.OrganizationId, connection.Id, Ct);
    }

    private Task<List<string>> PinnedAsync(Connection connection) =>
        store.UseAsync(connection.OrganizationId, db => db.ConnectionCertificates.Where(c => c.ConnectionId == connection.Id).OrderBy(c => c.Thumbprint).Select(c => c.Thumbprint).ToListAsync(Ct));

    [Theory]
    [Trait("Attack", "G1")]
    [InlineData("https://127.0.0.1/metadata")]
    [InlineData("https://10.0.0.1/metadata")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://[::1]/metadata")]
    [InlineData("https://localhost/metadata")]
    [InlineData("http://idp.example.test/metadata")]
    public async Task A_metadata_address_inside_is_never_fetched_and_all_of_them_read_alike(string url)
    {
        var node = NewNode(developmentHosts: false);
        var connection = await ConnectAsync(url);
        var refused = (await TryAsync(node, connection)).Error!; // it is refused
        Assert.Equal("metadata_unreachable", refused.Code);
        Assert.DoesNotContain("127.0.0.1", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, await store.UseAsync(connection.OrganizationId, db => db.Events.CountAsync(e => e.Type == EventTypes.ConnectionMetadataRefused, Ct)));
    }

    [Fact]
    public async Task It_is_read_at_most_once_in_five_minutes_whoever_asks()
    {
        await using var idp = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("a b", Ct), Ct, tls: false);
        var nodes = new[] { NewNode(true), NewNode(true), NewNode(true) };
        var connection = await ConnectAsync($"http://127.0.0.1:{idp.Port}/metadata");
        var tries = await Task.WhenAll(nodes.Select(node => Task.Run(() => TryAsync(node, connection))));
        Assert.Single(tries, t => t.IsOk);
        Assert.All(tries.Where(t => !t.IsOk), t => Assert.Equal(SamlErrors.MetadataTooSoon, t.Error));
        Assert.Equal(["a", "b"], await PinnedAsync(connection));
        clock.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(SamlErrors.MetadataTooSoon, (await TryAsync(nodes[0], connection)).Error);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.True((await TryAsync(nodes[0], connection)).IsOk);
        Assert.Equal(2, idp.Requests);
    }

    [Fact]
    [Trait("Attack", "G1")]
    public async Task A_document_in_a_charset_that_is_none_is_told_as_one_that_could_not_be_read()
    {
        await using var idp = await LoopbackServer.StartAsync(context =>
        {
            context.Response.ContentType = "text/xml; charset=nowhere";
            return context.Response.WriteAsync("a", Ct);
        }, Ct, tls: false);
        var connection = await ConnectAsync($"http://127.0.0.1:{idp.Port}/metadata");
        Assert.Equal("metadata_unreachable", (await TryAsync(NewNode(true), connection)).Error?.Code);
    }

    [Fact]
    [Trait("Attack", "G1")]
    public async Task One_document_that_makes_the_reader_fail_holds_up_no_other()
    {
        await using var bug = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("bug", Ct), Ct, tls: false);
        await using var idp = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("a", Ct), Ct, tls: false);
        var before = await ConnectAsync($"http://127.0.0.1:{bug.Port}/metadata");
        var there = await ConnectAsync($"http://127.0.0.1:{idp.Port}/metadata");
        var after = await ConnectAsync($"http://127.0.0.1:{bug.Port}/metadata");
        await using var scope = NewNode(true).CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<MetadataWatch>().DoAsync(Ct);
        Assert.Equal(["a"], await PinnedAsync(there));
        Assert.Equal((0, 0), ((await PinnedAsync(before)).Count, (await PinnedAsync(after)).Count));
        Assert.Equal(2, bug.Requests);
    }

    [Fact]
    public async Task One_identity_provider_that_is_away_holds_up_no_other()
    {
        await using var idp = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("a", Ct), Ct, tls: false);
        var node = NewNode(true);
        var away = await ConnectAsync("http://127.0.0.1:1/metadata");
        var there = await ConnectAsync($"http://127.0.0.1:{idp.Port}/metadata");
        await using var scope = node.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<MetadataWatch>().DoAsync(Ct);
        Assert.Equal(["a"], await PinnedAsync(there));
        Assert.Empty(await PinnedAsync(away));
    }
}

public sealed class MetadataSourceOnSqlite() : MetadataSourceTests(new SqliteStore());

[Trait("Store", "PostgreSql")]
public sealed class MetadataSourceOnPostgreSql(PostgreSqlCluster cluster) : MetadataSourceTests(new PostgreSqlStore(cluster));
