using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using TenantIdP.Core;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Storage;
using Xunit;

namespace TenantIdP.Testing.Stores;

/// <summary>A migrated database of one test class and a node on it; more nodes can be made.</summary>
public abstract class TestStore : IAsyncLifetime
{
    private readonly List<ServiceProvider> nodes = [];

    /// <summary>Settings that make a host use this database.</summary>
    public Dictionary<string, string?> Settings { get; } = new() { ["TenantIdP:Encryption:Keys:0"] = NewKey() };

    public ServiceProvider Node { get; private set; } = null!; // set by InitializeAsync

    public static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public async ValueTask InitializeAsync()
    {
        Settings["TenantIdP:Database:Provider"] = Provider;
        Settings["ConnectionStrings:TenantIdP"] = await NewDatabaseAsync(CancellationToken.None);
        Node = NewNode();
        await Node.GetRequiredService<StoreMigrator>().MigrateAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes) await node.DisposeAsync();
        await DropAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Another process, as far as one process can be two. Disposed with the store.</summary>
    public ServiceProvider NewNode(Action<Dictionary<string, string?>>? change = null, string environment = "Production", string? contentRoot = null, Action<IServiceCollection>? configure = null)
    {
        var settings = new Dictionary<string, string?>(Settings);
        change?.Invoke(settings);
        var services = new ServiceCollection().AddLogging();
        services.AddStore(new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), new TestEnvironment(environment, contentRoot ?? Path.GetTempPath()));
        services.AddStoreDataProtection();
        configure?.Invoke(services);
        var node = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        lock (nodes) nodes.Add(node);
        return node;
    }

    /// <summary>One unit of work, in the tenant scope when an organization is given.</summary>
    public async Task<T> UseAsync<T>(Id<Organization>? organization, Func<IdpDbContext, Task<T>> work)
    {
        await using var scope = Node.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
        if (organization is { } id) db.EnterOrganization(id);
        return await work(db);
    }

    public async Task<Id<Organization>> NewOrganizationAsync(CancellationToken ct)
    {
        var organization = Organization.Create("Organization", UniqueSlug(), null, TimeProvider.System.GetUtcNow()).Value!; // the name and slug are valid
        return await UseAsync(null, async db =>
        {
            db.Organizations.Add(organization);
            await db.SaveChangesAsync(ct);
            return organization.Id;
        });
    }

    public Task<Role> RoleAsync(Id<Organization> organization, string key, CancellationToken ct) => UseAsync(organization, async db =>
    {
        var role = Role.Create(organization, key, new RoleSettings(key, ["notes:read"], null, []), TimeProvider.System.GetUtcNow()).Value!; // the key is valid
        db.Roles.Add(role);
        await db.SaveChangesAsync(ct);
        return role;
    });

    public static Slug UniqueSlug() =>
        Slug.TryParse($"o-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}", out var slug) ? slug : throw new InvalidOperationException("Not a slug.");

    protected abstract string Provider { get; }

    /// <summary>A connection string to a database without tables; dropped with the store.</summary>
    public abstract Task<string> NewDatabaseAsync(CancellationToken ct);

    protected abstract Task DropAsync();

    private sealed class TestEnvironment(string name, string root) : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = name;
        public string ApplicationName { get; set; } = "TenantIdP.Tests";
        public string ContentRootPath { get; set; } = root;
        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}

public sealed class SqliteStore : TestStore
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidp-sqlite-").FullName;
    private int made;

    protected override string Provider => "Sqlite";

    public override Task<string> NewDatabaseAsync(CancellationToken ct) => Task.FromResult($"Data Source={folder}/idp{Interlocked.Increment(ref made)}.db");

    protected override Task DropAsync()
    {
        Directory.Delete(folder, recursive: true);
        return Task.CompletedTask;
    }
}

public sealed class PostgreSqlStore(PostgreSqlCluster cluster) : TestStore
{
    private readonly ConcurrentBag<string> made = [];

    protected override string Provider => "PostgreSql";

    public override async Task<string> NewDatabaseAsync(CancellationToken ct)
    {
        var connectionString = await cluster.CreateDatabaseAsync(ct);
        made.Add(connectionString);
        return connectionString;
    }

    protected override async Task DropAsync()
    {
        foreach (var connectionString in made) await cluster.DropDatabaseAsync(connectionString, CancellationToken.None);
    }
}
