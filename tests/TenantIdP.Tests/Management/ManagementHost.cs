using System.Net.Http.Headers;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TenantIdP.Core;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Server.Federation.Saml;
using TenantIdP.Server.Http;
using TenantIdP.Server.Http.Outbound;
using TenantIdP.Server.Management;
using TenantIdP.Storage;
using TenantIdP.Testing.Contracts;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Management;

/// <summary>The use cases and the management API over a real store and real Kestrel, with the engine's ports in memory.</summary>
public abstract class ManagementHost(TestStore store) : IAsyncLifetime
{
    public const string Issuer = "https://id.example.test";

    private WebApplication app = null!; // set by InitializeAsync

    public IServiceProvider Services => app.Services;

    public TestTokens Tokens { get; } = new();

    public TestRevoker Revoker { get; } = new();

    public TestApps Apps { get; } = new();

    public Uri Url { get; private set; } = null!; // set by InitializeAsync

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production", ContentRootPath = Path.GetTempPath() });
        builder.Configuration.AddInMemoryCollection(store.Settings);
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddStore(builder.Configuration, builder.Environment);
        builder.Services.AddSingleton(new IssuerOptions(Issuer, IsDevelopmentLoopback: false));
        builder.Services.AddSingleton<IAccessTokens>(Tokens);
        builder.Services.AddSingleton<IGrantRevoker>(Revoker);
        builder.Services.AddSingleton<IAppRegistry>(Apps);
        builder.Services.AddSingleton<IPasswordHashing, TestHashing>();
        builder.Services.AddSingleton<ApiCatalog>();
        builder.Services.AddScoped<AccessReader>();
        builder.Services.AddScoped<ActorContext>();
        builder.Services.AddScoped<EventLog>();
        builder.Services.AddScoped<EventSealer>();
        builder.Services.AddScoped<EventErasure>();
        builder.Services.AddSingleton(new Core.Sessions.SessionOptions());
        builder.Services.AddScoped<SessionService>();
        builder.Services.AddSaml(builder.Configuration, new IssuerOptions(Issuer, IsDevelopmentLoopback: false));
        builder.Services.AddGuardedOutboundHttp(builder.Configuration, developmentHosts: false);
        builder.Services.AddSingleton(new DeletionOptions());
        // Nobody resolves at the discard port; names of tests may be claimed.
        builder.Services.AddSingleton(new DomainOptions { Allowed = ["test", "example", "example.com", "example.org", "example.net"], Resolvers = ["127.0.0.1:9"] });
        Configure(builder.Services);
        builder.Services.AddManagement();
        app = builder.Build();
        app.MapManagement();
        Map(app);
        await app.StartAsync();
        Url = new Uri(app.Urls.Single());
    }

    /// <summary>Tests of other things are not counted.</summary>
    protected virtual void Configure(IServiceCollection services) =>
        services.AddSingleton(new RateLimitOptions { RequestsPerMinute = 1_000_000, AnonymousRequestsPerMinute = 1_000_000 });

    /// <summary>Adds endpoints of the test's own.</summary>
    protected virtual void Map(IEndpointRouteBuilder routes)
    {
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>One unit of work with a use case, in the tenant scope when an organization is given.</summary>
    public async Task<TResult> UseAsync<TService, TResult>(Id<Organization>? organization, Func<TService, Task<TResult>> work) where TService : notnull
    {
        await using var scope = Services.CreateAsyncScope();
        if (organization is { } id) scope.ServiceProvider.GetRequiredService<IdpDbContext>().EnterOrganization(id);
        return await work(scope.ServiceProvider.GetRequiredService<TService>());
    }

    public Task<TResult> ReadAsync<TResult>(Id<Organization>? organization, Func<IdpDbContext, Task<TResult>> work) => UseAsync(organization, work);

    public async Task<Id<User>> NewUserAsync(CancellationToken ct, bool verified = true) =>
        (await UseAsync<UserService, Result<User>>(null, users => users.CreateAsync(new NewUser([new NewUserEmail($"{Unique("p")}@example.test", verified)], "Person"), ct))).Value!.Id; // valid input

    public async Task<Id<Organization>> NewOrganizationAsync(CancellationToken ct, Id<User>? owner = null) =>
        (await UseAsync<OrganizationService, Result<Organization>>(null, organizations => organizations.CreateAsync(new NewOrganization(Unique("Organization"), Owner: owner), ct))).Value!.Id; // valid input

    public async Task<Member> NewMemberAsync(Id<Organization> organization, string role, CancellationToken ct, Id<User>? user = null)
    {
        var person = user ?? await NewUserAsync(ct);
        return (await UseAsync<MemberService, Result<Member>>(organization, members => members.AddAsync(organization, person, [role], Granter.Instance, ct))).Value!; // a user and a role that exist
    }

    /// <summary>A client that carries an operator's app token.</summary>
    public HttpClient AsOperator() => Client(Tokens.Issue(new AccessTokenFacts("app_operator", null, null, null, "", [$"{Issuer}/api/v1"], ["management"])));

    /// <summary>A client that carries the token of a person who has just signed in to the organization with a password.</summary>
    public async Task<HttpClient> AsUserAsync(Id<User> user, Id<Organization>? organization, CancellationToken ct, string? audience = null)
    {
        var (session, grant) = await SignInAsync(user, organization, ct);
        return Client(Tokens.Issue(new AccessTokenFacts("app_site", user, session, organization, grant, [audience ?? $"{Issuer}/api/v1"], ["openid"])));
    }

    public async Task<(Id<Session> Session, string GrantId)> SignInAsync(Id<User> user, Id<Organization>? organization, CancellationToken ct)
    {
        var now = TimeProvider.System.GetUtcNow();
        var proof = SessionProof.Password(now);
        var session = Session.Start(user, proof, TimeSpan.FromDays(1), null, now).Session;
        await ReadAsync(null, async db =>
        {
            db.Sessions.Add(session);
            return await db.SaveChangesAsync(ct);
        });
        var grant = Unique("grant");
        Tokens.Grant(grant, new Grant(user, session.Id, organization, Id<App>.New(now), [proof]));
        return (session.Id, grant);
    }

    public HttpClient Client(string? token = null)
    {
        var client = new HttpClient(new ManagementContract(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false })) { BaseAddress = new Uri(Url, "/api/v1/") };
        if (token is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public static string Unique(string stem) => $"{stem}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}";
}

public sealed class SqliteManagement() : ManagementHost(new SqliteStore());

public sealed class PostgreSqlManagement(PostgreSqlCluster cluster) : ManagementHost(new PostgreSqlStore(cluster));
