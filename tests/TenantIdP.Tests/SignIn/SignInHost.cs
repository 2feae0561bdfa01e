using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TenantIdP.Core;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Server;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Upstreams;

namespace TenantIdP.Tests.SignIn;

/// <summary>The server on real Kestrel and a SQLite file of its own, one app, and an upstream that does as it is told.</summary>
public sealed class SignInHost : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidp-signin-").FullName;
    private WebApplication? server;
    private TestUpstream? upstream;
    private RelyingParty? app;
    private int made;

    public string Issuer { get; } = $"http://localhost:{FreePort()}";
    public TestUpstream Upstream => upstream!; // started before any test
    public RelyingParty App => app!; // as above
    public HttpClient Http { get; } = new();

    public async ValueTask InitializeAsync()
    {
        var ct = TestContext.Current.CancellationToken;
        upstream = await TestUpstream.StartAsync(ct);
        server = ServerApp.Build(["--environment", "Development", "--urls", Issuer, "--contentRoot", folder], builder =>
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["TenantIdP:Issuer"] = Issuer });
            builder.Logging.ClearProviders();
        });
        await server.StartAsync(ct);
        var created = await InScopeAsync(s => s.GetRequiredService<AppService>().CreateAsync(
            new NewApp("Ledgerline", AppKind.Web) { RedirectUris = ["http://127.0.0.1:1/callback"], Scopes = ["openid", "profile", "email", "offline_access"] }, ct));
        app = new RelyingParty(Issuer, new TestApp(created.App.Id.ToString(), created.App.ClientId, created.ClientSecret, "http://127.0.0.1:1/callback"), Http);
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null) await server.DisposeAsync();
        if (upstream is not null) await upstream.DisposeAsync();
        Http.Dispose();
    }

    /// <summary>A host name nobody else in this run uses.</summary>
    public string UniqueHost(string name) => $"{name}{Interlocked.Increment(ref made)}.example";

    public Task<Organization> OrganizationAsync(string name, CancellationToken ct) =>
        InScopeAsync(s => s.GetRequiredService<OrganizationService>().CreateAsync(new NewOrganization(name, $"{name.ToLowerInvariant()}-{Interlocked.Increment(ref made)}"), ct));

    public async Task<OrganizationDomain> VerifiedDomainAsync(Organization owner, string host, CancellationToken ct)
    {
        var claimed = await InOrganizationAsync(owner, s => s.GetRequiredService<DomainService>().ClaimAsync(owner.Id, host, false, ct));
        return await InOrganizationAsync(owner, s => s.GetRequiredService<DomainService>().VerifyByOperatorAsync(owner.Id, claimed.Id, "test", ct));
    }

    public async Task<Connection> ConnectionAsync(Organization owner, CancellationToken ct, Func<NewOidcConnection, NewOidcConnection>? with = null)
    {
        var wanted = new NewOidcConnection("Upstream", Upstream.Issuer, TestUpstream.ClientId, TestUpstream.ClientSecret);
        var drafted = await InOrganizationAsync(owner, s => s.GetRequiredService<ConnectionService>().CreateOidcAsync(owner.Id, with?.Invoke(wanted) ?? wanted, Granter.Instance, ct));
        return await InOrganizationAsync(owner, s => s.GetRequiredService<ConnectionService>().ActivateAsync(owner.Id, drafted.Id, ct));
    }

    public Task<User> UserAsync(string email, string password, CancellationToken ct) =>
        InScopeAsync(s => s.GetRequiredService<UserService>().CreateAsync(new NewUser([new NewUserEmail(email, true)], "Test Person", Password: password), ct));

    public Task<Member> MemberAsync(Organization organization, User user, CancellationToken ct) =>
        InOrganizationAsync(organization, s => s.GetRequiredService<MemberService>().AddAsync(organization.Id, user.Id, ["member"], Granter.Instance, ct));

    public Task<T> InOrganizationAsync<T>(Organization organization, Func<IServiceProvider, Task<Result<T>>> work) where T : notnull => InScopeAsync(services =>
    {
        services.GetRequiredService<IdpDbContext>().EnterOrganization(organization.Id);
        return work(services);
    });

    public async Task<T> InScopeAsync<T>(Func<IServiceProvider, Task<Result<T>>> work) where T : notnull
    {
        await using var scope = server!.Services.CreateAsyncScope(); // started before any test
        var result = await work(scope.ServiceProvider);
        return result.IsOk ? result.Value : throw new InvalidOperationException($"{result.Error.Code}: {result.Error.Message}");
    }

    public async Task<T> ReadAsync<T>(Func<IdpDbContext, Task<T>> query)
    {
        await using var scope = server!.Services.CreateAsyncScope(); // started before any test
        return await query(scope.ServiceProvider.GetRequiredService<IdpDbContext>());
    }

    /// <summary>The codes of the refusals that were recorded for a connection, oldest first.</summary>
    public async Task<IReadOnlyList<string>> RefusalsAsync(Connection connection, CancellationToken ct)
    {
        var target = connection.Id.ToString();
        return await ReadAsync(db => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(e => e.TargetId == target && e.Type == "signin.refused").OrderBy(e => e.Id).Select(e => e.Data).ToListAsync(ct));
    }

    private static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }
}
