using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using TenantIdP.Core;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;
using TenantIdP.Server;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Contracts;
using TenantIdP.Testing.Stores;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Testing.Hosting;

/// <summary>
/// The whole server on real Kestrel over a database of its own, in Development on loopback. Tests share it: each makes its own organizations, people and host names.
/// </summary>
public abstract class IdpHost(TestStore store) : IAsyncLifetime
{
    public const string BootstrapClientId = "bootstrap";
    public const string BootstrapSecret = "bootstrap-secret-bootstrap-secret-bootstrap-secret";
    public const string Password = "correct horse battery staple";
    public const string InvoicesApi = "https://invoices.test/api";

    private readonly string mailFolder = Directory.CreateTempSubdirectory("tenantidp-mail-").FullName;
    private WebApplication? app;
    private int counter;

    public TestStore Store => store;

    public string Issuer { get; } = $"http://localhost:{FreePort()}";

    /// <summary>The host of another product's addresses that lead here since a migration.</summary>
    public string FormerHost => $"former.test:{new Uri(Issuer).Port}";

    public IServiceProvider Services => app?.Services ?? throw new InvalidOperationException("The host has not started.");

    public HttpClient Http { get; } = new(new ManagementContract(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false })) { Timeout = TimeSpan.FromSeconds(60) };

    public virtual async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        app = ServerApp.Build(["--environment", "Development", "--urls", Issuer], builder =>
        {
            builder.Configuration.AddInMemoryCollection(store.Settings);
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["TenantIdP:Issuer"] = Issuer,
                ["TenantIdP:Saml:AliasHosts:0"] = FormerHost,
                ["TenantIdP:Bootstrap:ClientId"] = BootstrapClientId,
                ["TenantIdP:Bootstrap:ClientSecret"] = BootstrapSecret,
                ["TenantIdP:Domains:Resolvers:0"] = "127.0.0.1:9", // nobody: claims that wait are looked for by nobody's resolver
                ["TenantIdP:Mail:DropFolder"] = mailFolder,
                ["TenantIdP:RateLimits:RequestsPerMinute"] = "1000000",
                ["TenantIdP:RateLimits:AnonymousRequestsPerMinute"] = "1000000",
            });
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
            Configure(builder);
        });
        await app.StartAsync();
        await UseAsync<ApiService, Api>(s => s.CreateAsync(
            new NewApi(InvoicesApi, "Invoices") { Permissions = [new("invoices:read", ["owner", "admin", "member"]), new("invoices:write", ["owner", "admin"])] }, CancellationToken.None));
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }

        Http.Dispose();
        Directory.Delete(mailFolder, recursive: true);
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected virtual void Configure(WebApplicationBuilder builder)
    {
    }

    /// <summary>A name no other test uses.</summary>
    public string Unique(string stem) => $"{stem}-{Interlocked.Increment(ref counter)}-{Convert.ToHexStringLower(Guid.CreateVersion7().ToByteArray()[^4..])}";

    public string UniqueHost() => Unique("org") + ".example";

    /// <summary>Runs a use case in a scope of its own; a refusal fails the test with its code.</summary>
    public async Task<T> UseAsync<TService, T>(Func<TService, Task<Result<T>>> use, Id<Organization>? organization = null) where TService : notnull where T : notnull
    {
        var result = await TryAsync(use, organization);
        return result.IsOk ? result.Value : throw new InvalidOperationException($"{result.Error.Code}: {result.Error.Message}");
    }

    /// <summary>For a use case that may refuse.</summary>
    public Task<Result<T>> TryAsync<TService, T>(Func<TService, Task<Result<T>>> use, Id<Organization>? organization = null) where TService : notnull where T : notnull =>
        InScopeAsync(use, organization);

    public async Task<TAnswer> InScopeAsync<TService, TAnswer>(Func<TService, Task<TAnswer>> use, Id<Organization>? organization = null) where TService : notnull
    {
        await using var scope = Services.CreateAsyncScope();
        if (organization is { } id) scope.ServiceProvider.GetRequiredService<IdpDbContext>().EnterOrganization(id);
        return await use(scope.ServiceProvider.GetRequiredService<TService>());
    }

    public async Task<T> ReadAsync<T>(Func<IdpDbContext, Task<T>> read)
    {
        await using var scope = Services.CreateAsyncScope();
        return await read(scope.ServiceProvider.GetRequiredService<IdpDbContext>());
    }

    public Task<Organization> CreateOrganizationAsync(CancellationToken ct, Id<User>? owner = null) =>
        UseAsync<OrganizationService, Organization>(s => s.CreateAsync(new NewOrganization("Organization " + Unique("o"), Unique("o"), null, owner), ct));

    /// <summary>A person with a verified address and <see cref="Password"/>.</summary>
    public Task<User> CreateUserAsync(string email, CancellationToken ct, string? name = null) =>
        UseAsync<UserService, User>(s => s.CreateAsync(new NewUser([new(email, true)], name ?? "Test Person", "Test", "Person", Password), ct));

    public Task<Member> AddMemberAsync(Organization organization, User user, CancellationToken ct, params string[] roles) =>
        UseAsync<MemberService, Member>(s => s.AddAsync(organization.Id, user.Id, roles.Length == 0 ? [BuiltInRoles.Member] : roles, Granter.Instance, ct), organization.Id);

    public async Task<string> VerifyDomainAsync(Organization organization, CancellationToken ct, string? host = null)
    {
        host ??= UniqueHost();
        var claimed = await UseAsync<DomainService, OrganizationDomain>(s => s.ClaimAsync(organization.Id, host, false, ct), organization.Id);
        await UseAsync<DomainService, OrganizationDomain>(s => s.VerifyByOperatorAsync(organization.Id, claimed.Id, "test", ct), organization.Id);
        return host;
    }

    public async Task<Connection> ConnectAsync(Organization organization, TestUpstream upstream, CancellationToken ct, Func<NewOidcConnection, NewOidcConnection>? change = null)
    {
        var wanted = new NewOidcConnection("Upstream", upstream.Issuer, TestUpstream.ClientId, TestUpstream.ClientSecret);
        var made = await UseAsync<ConnectionService, Connection>(s => s.CreateOidcAsync(organization.Id, change?.Invoke(wanted) ?? wanted, Granter.Instance, ct), organization.Id);
        return await UseAsync<ConnectionService, Connection>(s => s.ActivateAsync(organization.Id, made.Id, "Made by a test", Granter.Instance, ct), organization.Id);
    }

    /// <summary>A draft, whose addresses are trusted.</summary>
    public Task<Connection> DraftSamlAsync(Organization organization, TestSamlIdp idp, CancellationToken ct, Func<SamlConnectionChanges, SamlConnectionChanges>? change = null, SsoRoles? roles = null)
    {
        var settings = new SamlConnectionChanges
        {
            EntityId = new Patch<string>(idp.EntityId), SsoUrl = new Patch<string>(idp.SsoUrl), Certificates = new Patch<IReadOnlyList<CertificateFacts>>([idp.Certificate]),
        };
        var wanted = new NewSamlConnection("SAML", change?.Invoke(settings) ?? settings) { TrustEmail = true, SsoRoles = roles };
        return UseAsync<SamlConnectionService, Connection>(s => s.CreateAsync(organization.Id, wanted, Granter.Instance, ct), organization.Id);
    }

    public async Task<Connection> ConnectSamlAsync(Organization organization, TestSamlIdp idp, CancellationToken ct, Func<SamlConnectionChanges, SamlConnectionChanges>? change = null, SsoRoles? roles = null)
    {
        var made = await DraftSamlAsync(organization, idp, ct, change, roles);
        return await UseAsync<ConnectionService, Connection>(s => s.ActivateAsync(organization.Id, made.Id, "Made by a test", Granter.Instance, ct), organization.Id);
    }

    /// <summary>A directory with a token, rejecting who is outside the domains unless changed.</summary>
    public Task<MadeDirectory> CreateDirectoryAsync(Organization organization, CancellationToken ct, Func<DirectorySettings, DirectorySettings>? change = null)
    {
        var wanted = DirectorySettings.Named("Directory");
        return UseAsync<DirectoryService, MadeDirectory>(s => s.CreateAsync(organization.Id, change?.Invoke(wanted) ?? wanted, null, Granter.Instance, ct), organization.Id);
    }

    /// <summary>The identity provider of a directory, with its token unless another is given.</summary>
    public ScimClient ScimOf(MadeDirectory made, string? token = null) => new(Http, $"{Issuer}/scim/v2/{made.Directory.Id}", token ?? made.Token.Secret);

    public Task<Organization> RequireSsoAsync(Organization organization, CancellationToken ct) =>
        UseAsync<OrganizationService, Organization>(s => s.UpdateAsync(organization.Id, new OrganizationChanges { RequireSso = true }, Granter.Instance, null, ct));

    public async Task<RelyingParty> CreateAppAsync(CancellationToken ct, Func<NewApp, NewApp>? change = null)
    {
        var redirect = $"https://{Unique("app")}.example/callback";
        var wanted = new NewApp("Test app", AppKind.Web)
        {
            RedirectUris = [redirect],
            PostLogoutRedirectUris = [redirect + "/out"],
            Scopes = ["openid", "profile", "email", "offline_access"],
            DefaultApi = InvoicesApi,
        };
        var created = await UseAsync<AppService, CreatedApp>(s => s.CreateAsync(change?.Invoke(wanted) ?? wanted, ct));
        return new RelyingParty(Issuer, new TestApp(created.App.Id.ToString(), created.App.ClientId, created.ClientSecret, redirect), Http);
    }

    /// <summary>A browser that has signed in already, by these proofs (a password unless given).</summary>
    public async Task<(WebBrowser Browser, Session Session)> SignedInAsync(User user, CancellationToken ct, params SessionProof[] proofs)
    {
        await using var scope = Services.CreateAsyncScope();
        var sessions = scope.ServiceProvider.GetRequiredService<SessionService>();
        var now = scope.ServiceProvider.GetRequiredService<TimeProvider>().GetUtcNow();
        var all = proofs.Length == 0 ? [SessionProof.Password(now)] : proofs;
        var (session, token) = await sessions.ProveAsync(null, user.Id, all[0], "test", null, ct);
        foreach (var proof in all.Skip(1)) (session, token) = await sessions.ProveAsync(session, user.Id, proof, "test", null, ct);
        var cookies = new CookieContainer();
        cookies.Add(new Cookie("tidp", token, "/", new Uri(Issuer).Host));
        return (new WebBrowser(cookies), session);
    }

    /// <summary>Waits until so many mails to this address have been sent; the oldest first. Make the address unique.</summary>
    public async Task<IReadOnlyList<TestMail>> MailsToAsync(string address, int count, CancellationToken ct)
    {
        IReadOnlyList<TestMail> mails = [];
        await Waiting.UntilAsync(() => Task.FromResult((mails = TestMail.In(mailFolder, address)).Count >= count), TimeSpan.FromSeconds(30), $"{count} mails to {address}", ct);
        return mails;
    }

    /// <summary>A silent authorize of a signed-in browser, redeemed.</summary>
    public static async Task<TokenAnswer> TokensAsync(WebBrowser browser, RelyingParty app, CancellationToken ct, params (string Name, string? Value)[] extra)
    {
        var pending = app.Authorize(extra);
        var page = await browser.GetAsync(pending.Address, ct, app.IsCallback);
        var answer = app.IsCallback(page.Address) ? RelyingParty.Answer(page) : throw new InvalidOperationException($"Stopped at {page.Address}: {page.Text.Trim()}");
        if (!answer.TryGetValue("code", out var code)) throw new InvalidOperationException($"{answer["error"]}: {answer.GetValueOrDefault("error_description")}");
        return await app.RedeemAsync(code, pending.Verifier, ct);
    }

    /// <summary>Email, password, and whatever else the pages ask on the way back to the app.</summary>
    public static async Task<WebPage> SignInWithPasswordAsync(WebBrowser browser, RelyingParty app, RelyingParty.Pending pending, string email, CancellationToken ct, string password = Password)
    {
        var page = await browser.GetAsync(pending.Address, ct, app.IsCallback);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = email }, ct, stopAt: app.IsCallback);
        return await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = password }, ct, stopAt: app.IsCallback);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

public sealed class SqliteIdp() : IdpHost(new SqliteStore());

public sealed class PostgreSqlIdp(PostgreSqlCluster cluster) : IdpHost(new PostgreSqlStore(cluster));
