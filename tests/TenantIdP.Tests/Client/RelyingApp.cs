using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Client;
using TenantIdP.Core.Apps;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Tests.Client;

/// <summary>A small application made with the package, on real Kestrel, with a clock that a test moves.</summary>
internal sealed class RelyingApp : IAsyncDisposable
{
    public const string SessionCookie = "tenantidp";

    private readonly WebApplication app;
    private int requests;

    private RelyingApp(WebApplication app, string address, RelyingParty registration, BackChannel backChannel, FakeTimeProvider clock, LogLines logged) =>
        (this.app, Address, Registration, BackChannel, Clock, Logged) = (app, address, registration, backChannel, clock, logged);

    public string Address { get; }

    /// <summary>The same app, for a test that asks for tokens itself.</summary>
    public RelyingParty Registration { get; }

    public BackChannel BackChannel { get; }

    public FakeTimeProvider Clock { get; }

    /// <summary>What it said in its log, by the package.</summary>
    public LogLines Logged { get; }

    /// <summary>Called with the number of requests so far, before one is looked at.</summary>
    public Action<int>? Arriving { get; set; }

    public static async Task<RelyingApp> StartAsync(IdpHost idp, CancellationToken ct, Func<NewApp, NewApp>? registered = null, Action<TenantIdPOptions>? configured = null, IDistributedCache? cache = null)
    {
        var address = $"http://127.0.0.1:{FreePort()}";
        var created = await idp.CreateAppAsync(ct, wanted =>
        {
            var ours = wanted with { RedirectUris = [address + "/signin-oidc"], PostLogoutRedirectUris = [address + "/signout-callback-oidc"] };
            return registered?.Invoke(ours) ?? ours;
        });
        var registration = new RelyingParty(idp.Issuer, created.App with { RedirectUri = address + "/signin-oidc" }, idp.Http);

        var builder = WebApplication.CreateSlimBuilder();
        var logged = new LogLines();
        builder.Logging.ClearProviders().AddProvider(logged);
        builder.WebHost.UseUrls(address);
        builder.Services.AddControllers().AddApplicationPart(typeof(InvoicesController).Assembly);
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddTenantIdP(o =>
        {
            (o.Issuer, o.ClientId, o.ClientSecret, o.Api) = (idp.Issuer, registration.App.ClientId, registration.App.Secret!, IdpHost.InvoicesApi); // a web app has a secret
            configured?.Invoke(o);
        });
        if (cache is not null) builder.Services.AddSingleton(cache);
        builder.Services.AddTenantIdPApi(o => (o.Issuer, o.Api) = (idp.Issuer, IdpHost.InvoicesApi));
        var (clock, backChannel) = (new FakeTimeProvider(TimeProvider.System.GetUtcNow()), new BackChannel());
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.Configure<OpenIdConnectOptions>(TenantIdPSchemes.SignIn, o => o.BackchannelHttpHandler = backChannel);

        var app = builder.Build();
        var relying = new RelyingApp(app, address, registration, backChannel, clock, logged);
        app.Use((_, next) =>
        {
            relying.Arriving?.Invoke(Interlocked.Increment(ref relying.requests));
            return next();
        });
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapControllers();
        Map(app);
        await app.StartAsync(ct);
        return relying;
    }

    /// <summary>Signs in with a session that the login host has already, to an organization.</summary>
    public async Task<WebPage> EnterAsync(WebBrowser browser, object organization, CancellationToken ct) => await browser.GetAsync($"{Address}/enter?organization={organization}", ct);

    public async Task<JsonObject> MeAsync(WebBrowser browser, CancellationToken ct) => JsonNode.Parse((await browser.GetAsync(Address + "/me", ct)).Text)!.AsObject(); // what it serves

    public async Task<(HttpStatusCode Status, string Text, Uri? Location)> SendAsync(WebBrowser browser, HttpMethod method, string path, CancellationToken ct, string? bearer = null)
    {
        using var request = new HttpRequestMessage(method, Address + path);
        if (bearer is not null) request.Headers.Authorization = new("Bearer", bearer);
        using var response = await browser.SendAsync(request, ct);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(ct), response.Headers.Location);
    }

    /// <summary>Another browser with the same session.</summary>
    public WebBrowser Copy(WebBrowser browser)
    {
        var copy = new WebBrowser();
        copy.Cookies.Add(new Uri(Address), new Cookie(SessionCookie, browser.Cookies.GetCookies(new Uri(Address))[SessionCookie]!.Value)); // set by the sign-in
        return copy;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
        BackChannel.Dispose();
    }

    private static void Map(WebApplication app)
    {
        app.MapGet("/", () => "home");
        app.MapGet("/enter", (string? organization) => TypedResults.Challenge(TenantIdPChallenge.For(organization, returnUrl: "/me")));
        app.MapGet("/me", (HttpContext context) => Facts(context.User.TenantIdP()));
        app.MapGet("/invoices", [RequirePermission("invoices:read")] () => "read");
        app.MapPost("/invoices", () => "written").RequirePermission("invoices:write");
        app.MapGet("/api/invoices", [RequirePermission("invoices:read", AuthenticationSchemes = TenantIdPSchemes.Api)] () => "read");
        app.MapGet("/both", [RequirePermission("invoices:read"), RequirePermission("invoices:write")] () => "both");
        app.MapGet("/organizations/{organization}/invoices", () => "theirs").RequireOrganization("organization");
        app.MapGet("/misnamed/{other}", () => "theirs").RequireOrganization("organization");
        app.MapGet("/token", async (HttpContext context) => await context.GetTokenAsync("access_token") ?? "none");
        app.MapPost("/refresh", async (HttpContext context, OrganizationSwitcher switcher, CancellationToken ct) => (await switcher.RefreshAsync(context, ct)).GetType().Name);
        app.MapPost("/switch/{organization}/{workspace?}", SwitchAsync);
        app.MapPost("/signout-here", () => TypedResults.SignOut());
        app.MapPost("/signout", (HttpContext context) => context.SignOutOfTenantIdPAsync("/"));
    }

    private static async Task<IResult> SwitchAsync(HttpContext context, string organization, string? workspace, OrganizationSwitcher switcher, CancellationToken ct) =>
        await switcher.SwitchAsync(context, organization, workspace, ct) switch
        {
            SwitchResult.InteractionRequired { Challenge: var challenge } => TypedResults.Challenge(challenge),
            var result => TypedResults.Text($"{result.GetType().Name} {context.User.TenantIdP().OrganizationId}"),
        };

    private static JsonObject Facts(TenantIdPUser user) => new()
    {
        ["user"] = user.UserId, ["name"] = user.Name, ["email"] = user.Email, ["session"] = user.SessionId, ["acr"] = user.Acr, ["actor"] = user.Actor,
        ["organization"] = user.OrganizationId, ["slug"] = user.OrganizationSlug, ["displayName"] = user.OrganizationDisplayName,
        ["roles"] = new JsonArray([.. user.Roles.Select(r => (JsonNode)r)]), ["permissions"] = new JsonArray([.. user.Permissions.Select(p => (JsonNode)p)]), ["overflow"] = user.PermissionsOverflow,
    };

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
