using System.Text.Json.Nodes;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Interop;

/// <summary>npm openid-client is the app: what it accepts and refuses is its own judgement.</summary>
public abstract class OpenIdClientTests(IdpHost host) : IAsyncLifetime
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly WebBrowser browser = new();
    private RelyingParty? registered;
    private NodeProgram? started;

    private RelyingParty App => registered!; // made before the test
    private NodeProgram Client => started!; // as above

    public async ValueTask InitializeAsync()
    {
        registered = await host.CreateAppAsync(Ct);
        started = NodeProgram.Start("relying-party.mjs", new JsonObject
        {
            ["issuer"] = host.Issuer,
            ["clientId"] = App.App.ClientId,
            ["clientSecret"] = App.App.Secret,
            ["redirectUri"] = App.App.RedirectUri,
        });
    }

    public async ValueTask DisposeAsync()
    {
        browser.Dispose();
        await Client.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task It_discovers_signs_in_refreshes_switches_revokes_and_is_refused_afterwards()
    {
        var (email, home, other) = await AnnAsync();

        var discovered = await Client.DoAsync("discover", Ct);
        var first = await SignInAsync(email, home);
        var refreshed = await Client.DoAsync("refresh", Ct);
        var switched = await Client.DoAsync("refresh", Ct, ("organization", other.Slug.Value));
        var sticky = await Client.DoAsync("refresh", Ct);
        var user = await Client.DoAsync("userinfo", Ct, ("subject", (string?)first["id"]!["sub"]));
        await Client.DoAsync("revoke", Ct);
        var dead = await Client.AskAsync("refresh", Ct);

        Assert.Equal(host.Issuer, (string?)discovered["issuer"]);
        Assert.True((bool?)discovered["supportsPkce"]);
        AssertIn(home, BuiltInRoles.Admin, first);
        Assert.Equal(email, (string?)first["id"]!["email"]);
        Assert.Equal(["invoices:read", "invoices:write"], Strings(first["access"]!["permissions"]));
        AssertIn(home, BuiltInRoles.Admin, refreshed);
        AssertIn(other, BuiltInRoles.Member, switched);
        Assert.Equal(["invoices:read"], Strings(switched["access"]!["permissions"]));
        AssertIn(other, BuiltInRoles.Member, sticky);
        Assert.Equal(4, ((JsonObject[])[first, refreshed, switched, sticky]).Select(t => (string?)t["refreshToken"]).Distinct().Count());
        Assert.Equal(email, (string?)user["claims"]!["email"]);
        Assert.Equal("invalid_grant", (string?)dead["error"]);
    }

    [Fact]
    public async Task With_a_key_instead_of_a_secret_it_does_all_that_too()
    {
        using var key = new SigningApp();
        await Client.DisposeAsync();
        registered = await host.CreateAppAsync(Ct, app => app with { TokenEndpointAuthMethod = AppAuthMethods.PrivateKeyJwt, Jwks = key.Keys });
        started = NodeProgram.Start("relying-party.mjs", new JsonObject
        {
            ["issuer"] = host.Issuer, ["clientId"] = App.App.ClientId, ["privateKey"] = key.EcPkcs8Pem, ["kid"] = SigningApp.EcKid, ["redirectUri"] = App.App.RedirectUri,
        });
        var (email, home, other) = await AnnAsync();

        var first = await SignInAsync(email, home);
        var switched = await Client.DoAsync("refresh", Ct, ("organization", other.Slug.Value));
        await Client.DoAsync("revoke", Ct);

        Assert.Null(App.App.Secret);
        AssertIn(home, BuiltInRoles.Admin, first);
        AssertIn(other, BuiltInRoles.Member, switched);
        Assert.Equal("invalid_grant", (string?)(await Client.AskAsync("refresh", Ct))["error"]);
    }

    [Fact]
    public async Task A_switch_it_may_not_make_leaves_it_signed_in()
    {
        var (email, home, _) = await AnnAsync();
        await SignInAsync(email, home);
        var foreign = await host.CreateOrganizationAsync(Ct);

        var refused = await Client.AskAsync("refresh", Ct, ("organization", foreign.Id.ToString()));
        var after = await Client.DoAsync("refresh", Ct);

        Assert.Equal("access_denied", (string?)refused["error"]);
        AssertIn(home, BuiltInRoles.Admin, after);
    }

    [Fact]
    public async Task An_organization_that_wants_its_own_sign_in_asks_for_interaction_and_spends_nothing()
    {
        var (email, home, other) = await AnnAsync();
        await SignInAsync(email, home);
        await using var upstream = await TestUpstream.StartAsync(Ct);
        await host.VerifyDomainAsync(other, Ct);
        await host.ConnectAsync(other, upstream, Ct);
        await host.RequireSsoAsync(other, Ct);

        var refused = await Client.AskAsync("refresh", Ct, ("organization", other.Id.ToString()));
        var after = await Client.DoAsync("refresh", Ct);

        Assert.Equal("interaction_required", (string?)refused["error"]);
        AssertIn(home, BuiltInRoles.Admin, after);
    }

    [Fact]
    public async Task A_refresh_token_used_twice_ends_its_family()
    {
        var (email, home, _) = await AnnAsync();
        var first = await SignInAsync(email, home);
        await Client.DoAsync("refresh", Ct);

        var reused = await Client.AskAsync("refresh", Ct, ("refreshToken", (string?)first["refreshToken"]));
        var heir = await Client.AskAsync("refresh", Ct);

        Assert.Equal("invalid_grant", (string?)reused["error"]);
        Assert.Equal("invalid_grant", (string?)heir["error"]);
    }

    [Fact]
    public async Task Its_end_session_address_signs_out_and_comes_back()
    {
        var (email, home, _) = await AnnAsync();
        await SignInAsync(email, home);
        var end = await Client.DoAsync("endSession", Ct, ("returnTo", App.App.RedirectUri + "/out"), ("state", "s-1"));

        var page = await browser.GetAsync((string)end["url"]!, Ct, App.IsCallback); // part of a success

        Assert.Equal(App.App.RedirectUri + "/out", page.Address.GetLeftPart(UriPartial.Path));
        Assert.Equal("s-1", RelyingParty.Answer(page)["state"]);
        Assert.Equal("invalid_grant", (string?)(await Client.AskAsync("refresh", Ct))["error"]);
        Assert.Contains("You are not signed in", (await browser.GetAsync(host.Issuer + "/", Ct)).Text, StringComparison.Ordinal);
    }

    private async Task<(string Email, Organization Home, Organization Other)> AnnAsync()
    {
        var email = $"ann@{host.UniqueHost()}";
        var ann = await host.CreateUserAsync(email, Ct);
        var (home, other) = (await host.CreateOrganizationAsync(Ct), await host.CreateOrganizationAsync(Ct));
        await host.AddMemberAsync(home, ann, Ct, BuiltInRoles.Admin);
        await host.AddMemberAsync(other, ann, Ct, BuiltInRoles.Member);
        return (email, home, other);
    }

    /// <summary>Through the pages: email, password, and back with a code.</summary>
    private async Task<JsonObject> SignInAsync(string email, Organization organization)
    {
        var asked = await Client.DoAsync("authorize", Ct, ("organization", organization.Id.ToString()));
        var page = await browser.GetAsync((string)asked["url"]!, Ct, App.IsCallback); // part of a success
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = email }, Ct, stopAt: App.IsCallback);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = IdpHost.Password }, Ct, stopAt: App.IsCallback);
        return await Client.DoAsync("callback", Ct, ("url", page.Address.AbsoluteUri));
    }

    private static void AssertIn(Organization organization, string role, JsonObject tokens)
    {
        foreach (var token in (JsonNode[])[tokens["id"]!, tokens["access"]!])
        {
            Assert.Equal(organization.Id.ToString(), (string?)token["org_id"]);
            Assert.Equal(organization.Slug.Value, (string?)token["org_name"]);
            Assert.Equal([role], Strings(token["roles"]));
        }
    }

    private static IEnumerable<string?> Strings(JsonNode? array) => array!.AsArray().Select(v => (string?)v); // asked for as an array
}

[Collection(SqliteHost.Name)]
public sealed class OpenIdClientOnSqlite(SqliteIdp host) : OpenIdClientTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class OpenIdClientOnPostgreSql(PostgreSqlIdp host) : OpenIdClientTests(host);
