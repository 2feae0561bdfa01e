using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>A backend goes on in a person's name (RFC 8693), and never further than the person's token reached.</summary>
public abstract class TokenExchangeTests(IdpHost idp) : EngineScene(idp)
{
    private const string AccessToken = "urn:ietf:params:oauth:token-type:access_token";

    /// <summary>An API that the backend of invoices calls.</summary>
    private async Task<string> NewApiAsync(int? seconds = null)
    {
        var identifier = $"https://{Host.UniqueHost()}";
        await Host.UseAsync<ApiService, Api>(s => s.CreateAsync(
            new NewApi(identifier, "Reports") { Permissions = [new("reports:read", ["owner", "admin", "member"]), new("reports:write", ["owner"])], AccessTokenSeconds = seconds }, Ct));
        return identifier;
    }

    private Task<RelyingParty> BackendAsync(string[] apis, Func<NewApp, NewApp>? change = null) => Host.CreateAppAsync(Ct, app =>
    {
        var backend = app with
        {
            Kind = AppKind.Machine, RedirectUris = [], PostLogoutRedirectUris = [], Apis = apis, GrantTypes = [AppGrantTypes.ClientCredentials, AppGrantTypes.TokenExchange], Scopes = ["openid", "profile", "offline_access"],
        };
        return change is null ? backend : change(backend);
    });

    private static Task<TokenAnswer> ExchangeAsync(RelyingParty app, string token, string? resource, params (string Name, string Value)[] extra) => app.TokenAsync(
        [
            ("grant_type", AppGrantTypes.TokenExchange), ("subject_token", token), .. extra.Any(e => e.Name == "subject_token_type") ? Array.Empty<(string, string)>() : [("subject_token_type", AccessToken)],
            .. resource is null ? Array.Empty<(string, string)>() : [("resource", resource)], .. extra,
        ], Ct);

    [Fact]
    public async Task A_backend_gets_a_token_for_the_next_api_in_the_persons_name()
    {
        var world = await WorldAsync();
        var reports = await NewApiAsync(seconds: 3_600);
        var backend = await BackendAsync([reports], app => app with { ClaimMap = [new("tenant", Core.Tokens.ClaimSource.OrgId)] });
        var tokens = await TokensAsync(world);

        var exchanged = await ExchangeAsync(backend, tokens.AccessToken, reports);

        Assert.True(exchanged.IsOk, exchanged.Body.ToString());
        Assert.Equal(AccessToken, (string?)exchanged.Body["issued_token_type"]);
        Assert.Null(exchanged.Body["refresh_token"]);
        Assert.Null(exchanged.Body["id_token"]);
        var claims = exchanged.Access;
        Assert.Equal("at+jwt", (string?)Jwt.Header(exchanged.AccessToken)["typ"]);
        Assert.Equal((world.User.Id.ToString(), world.Home.Id.ToString(), world.Session.Id.ToString()), ((string?)claims["sub"], (string?)claims["org_id"], (string?)claims["sid"]));
        Assert.Equal((reports, backend.App.ClientId, world.Home.Id.ToString()), ((string?)claims["aud"], (string?)claims["client_id"], (string?)claims["tenant"]));
        Assert.Equal(["reports:read"], Strings(claims, "permissions"));
        Assert.Equal(["openid", "profile"], ((string?)claims["scope"])!.Split(' ').Order()); // those both have, without a grant of its own
        Assert.Equal(backend.App.ClientId, (string?)claims["act"]!["sub"]); // asserted to be there
        Assert.Null(claims["act"]!["act"]);
        Assert.True((long)claims["exp"]! <= (long)tokens.Access["exp"]!); // every token has one
        Assert.Null(claims["email"]);

        var reader = await BackendAsync([reports]);
        var seen = await reader.TokenAsync([("token", exchanged.AccessToken)], Ct, "/connect/introspect");
        Assert.True((bool?)seen.Body["active"], seen.Body.ToString());
        Assert.Equal(backend.App.ClientId, (string?)seen.Body["act"]!["sub"]); // asserted to be active
    }

    [Fact]
    public async Task An_exchange_is_an_event_and_what_is_done_with_its_token_says_who_acted()
    {
        var world = await WorldAsync();
        var management = $"{Host.Issuer}/api/v1";
        var backend = await BackendAsync([management], app => app with { DefaultApi = IdpHost.InvoicesApi });
        var exchanged = await ExchangeAsync(backend, (await TokensAsync(world)).AccessToken, management);
        Assert.True(exchanged.IsOk, exchanged.Body.ToString());

        using var request = new HttpRequestMessage(HttpMethod.Patch, $"{management}/organizations/{world.Home.Id}") { Content = new StringContent("{\"displayName\":\"Renamed\"}", System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", exchanged.AccessToken);
        using var answer = await Host.Http.SendAsync(request, Ct);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));

        var events = await Host.ReadAsync(db => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(e => e.OrganizationId == world.Home.Id).ToListAsync(Ct));
        var made = Assert.Single(events, e => e.Type == "token.exchanged");
        Assert.Equal(world.User.Id.ToString(), made.TargetId);
        Assert.Equal(backend.App.ClientId, (string?)System.Text.Json.Nodes.JsonNode.Parse(made.Data)!["act"]); // a fact of it
        var changed = Assert.Single(events, e => e.Type == "organization.updated");
        Assert.Equal((ActorKind.User, world.User.Id.ToString()), (changed.ActorKind, changed.ActorId));
        Assert.Equal(backend.App.ClientId, (string?)System.Text.Json.Nodes.JsonNode.Parse(changed.Data)!["act"]); // as above
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task The_scope_of_checks_turns_nobodys_token_into_one_for_the_management_api()
    {
        var world = await WorldAsync();
        var management = $"{Host.Issuer}/api/v1";
        var backend = await BackendAsync([IdpHost.InvoicesApi], app => app with { Scopes = ["openid", ManagementApi.CheckScope] });
        var site = await Host.CreateAppAsync(Ct, app => app with { Scopes = [.. app.Scopes, ManagementApi.CheckScope] });
        var token = (await TokensAsync(world)).AccessToken;

        Assert.Equal("invalid_target", (await ExchangeAsync(backend, token, management)).Error);
        var (browser, _) = await Host.SignedInAsync(world.User, Ct);
        var asked = await browser.GetAsync(site.Authorize(("resource", management), ("organization", world.Home.Id.ToString())).Address, Ct, site.IsCallback);
        Assert.Equal("invalid_target", RelyingParty.Answer(asked)["error"]);
        Assert.True((await backend.TokenAsync([("grant_type", "client_credentials"), ("scope", ManagementApi.CheckScope)], Ct)).IsOk);
    }

    [Fact]
    public async Task The_chain_of_actors_is_kept_and_ends_at_three()
    {
        var world = await WorldAsync();
        var apis = new[] { await NewApiAsync(), await NewApiAsync(), await NewApiAsync(), await NewApiAsync() };
        var token = (await TokensAsync(world)).AccessToken;
        var actors = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            var (from, to) = (i == 0 ? IdpHost.InvoicesApi : apis[i - 1], apis[i]);
            var backend = await BackendAsync([to], app => app with { DefaultApi = from });
            var exchanged = await ExchangeAsync(backend, token, to);
            Assert.True(exchanged.IsOk, exchanged.Body.ToString());
            token = exchanged.AccessToken;
            actors.Insert(0, backend.App.ClientId);
        }

        var chain = new List<string>();
        for (var act = Jwt.Payload(token)["act"]; act is not null; act = act["act"]) chain.Add((string)act["sub"]!); // each names who acts
        Assert.Equal(actors, chain);
        var fourth = await BackendAsync([apis[3]], app => app with { DefaultApi = apis[2] });
        Assert.Equal("invalid_request", (await ExchangeAsync(fourth, token, apis[3])).Error);
    }

    [Fact]
    [Trait("Attack", "D4")]
    public async Task A_token_is_exchanged_only_by_whom_it_was_sent_to_and_only_with_the_grant()
    {
        var world = await WorldAsync();
        var reports = await NewApiAsync();
        var token = (await TokensAsync(world)).AccessToken;
        var stranger = await BackendAsync([reports], app => app with { DefaultApi = reports });
        var without = await BackendAsync([reports], app => app with { GrantTypes = [AppGrantTypes.ClientCredentials] });
        var site = await Host.CreateAppAsync(Ct, app => app with { Apis = [reports], GrantTypes = [AppGrantTypes.AuthorizationCode, AppGrantTypes.TokenExchange] });
        var spa = await Host.CreateAppAsync(Ct, app => app with { Kind = AppKind.Public, Apis = [reports] });
        var wide = await BackendAsync([reports], app => app with { Scopes = [.. app.Scopes, "billing"] });

        Assert.Equal("invalid_grant", (await ExchangeAsync(stranger, token, reports)).Error);
        Assert.Equal("unauthorized_client", (await ExchangeAsync(without, token, reports)).Error);
        Assert.Equal("invalid_grant", (await ExchangeAsync(site, token, reports)).Error); // may call the API and does not serve it
        Assert.Equal("unauthorized_client", (await ExchangeAsync(spa, token, reports)).Error);
        Assert.Equal("unauthorized_client", (await ExchangeAsync(world.App, token, null)).Error); // its own token, without the grant
        Assert.Equal("invalid_target", (await ExchangeAsync(wide, token, await NewApiAsync())).Error);
        Assert.Equal("invalid_target", (await ExchangeAsync(wide, token, reports, ("audience", reports))).Error);
        Assert.Equal("invalid_request", (await ExchangeAsync(wide, token, reports, ("scope", "openid email"))).Error); // the subject has it, the app does not
        Assert.Equal("invalid_scope", (await ExchangeAsync(wide, token, reports, ("scope", "openid billing"))).Error); // the other way round
        Assert.Equal("invalid_request", (await ExchangeAsync(wide, token, reports, ("organization", world.Other.Id.ToString()))).Error);
        Assert.Equal("invalid_request", (await ExchangeAsync(wide, token, reports, ("actor_token", token), ("actor_token_type", AccessToken))).Error);
        Assert.Equal("invalid_request", (await ExchangeAsync(wide, token, reports, ("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"))).Error);
        Assert.Equal("openid", (string?)(await ExchangeAsync(wide, token, reports, ("scope", "openid"))).Access["scope"]);
    }

    [Fact]
    [Trait("Attack", "D4")]
    public async Task The_rule_of_exchange_opens_no_other_grant_to_strangers()
    {
        var world = await WorldAsync();
        var thief = await Host.CreateAppAsync(Ct);
        var pending = world.App.Authorize(("organization", world.Home.Id.ToString()));
        var page = await world.Browser.GetAsync(pending.Address, Ct, world.App.IsCallback);

        var code = await thief.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        var refresh = await thief.RefreshAsync((await TokensAsync(world)).RefreshToken, Ct);

        Assert.All(new[] { code, refresh }, answer => Assert.Equal("invalid_grant", answer.Error));
        Assert.All(new[] { code, refresh }, answer => Assert.Contains("cannot be used by this client", (string?)answer.Body["error_description"], StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_app_exchanges_its_own_token_for_another_of_its_apis()
    {
        var reports = await NewApiAsync();
        var world = await WorldAsync(app => app with { Apis = [reports], GrantTypes = [AppGrantTypes.AuthorizationCode, AppGrantTypes.RefreshToken, AppGrantTypes.TokenExchange] });
        var tokens = await TokensAsync(world);

        var exchanged = await ExchangeAsync(world.App, tokens.AccessToken, reports);

        Assert.True(exchanged.IsOk, exchanged.Body.ToString());
        Assert.Equal(["reports:read"], Strings(exchanged.Access, "permissions"));
        Assert.Null(exchanged.Body["refresh_token"]);
        Assert.True((await world.App.RefreshAsync(tokens.RefreshToken, Ct)).IsOk); // its family is as it was
    }

    [Fact]
    [Trait("Attack", "D4")]
    public async Task Nothing_but_a_persons_access_token_of_this_issuer_is_a_subject()
    {
        var world = await WorldAsync();
        var reports = await NewApiAsync();
        var backend = await BackendAsync([reports]);
        var tokens = await TokensAsync(world);
        var own = await backend.TokenAsync([("grant_type", "client_credentials")], Ct);
        var parts = tokens.AccessToken.Split('.');
        var forged = $"{parts[0]}.{parts[1]}.{parts[2][..^4]}AAAA";

        Assert.Equal("invalid_request", (await ExchangeAsync(backend, own.AccessToken, reports)).Error);
        Assert.Equal("invalid_grant", (await ExchangeAsync(backend, forged, reports)).Error);
        Assert.Equal("invalid_grant", (await ExchangeAsync(backend, "nonsense", reports)).Error);
        Assert.Equal("invalid_grant", (await ExchangeAsync(backend, (string)tokens.Body["id_token"]!, reports)).Error); // asked for
        Assert.Equal("invalid_request", (await ExchangeAsync(backend, (string)tokens.Body["id_token"]!, reports, ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"))).Error); // as above
        Assert.NotNull((await ExchangeAsync(backend, tokens.RefreshToken, reports, ("subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token"))).Error);
    }

    [Fact]
    [Trait("Attack", "D8")]
    public async Task What_was_true_when_the_token_was_made_is_asked_again()
    {
        var reports = await NewApiAsync();
        var backend = await BackendAsync([reports]);

        async Task<TokenAnswer> AfterAsync(Func<World, TokenAnswer, Task> end)
        {
            var world = await WorldAsync();
            var tokens = await TokensAsync(world);
            Assert.True((await ExchangeAsync(backend, tokens.AccessToken, reports)).IsOk);
            await end(world, tokens);
            return await ExchangeAsync(backend, tokens.AccessToken, reports);
        }

        var removed = await AfterAsync(async (world, _) =>
        {
            var member = await Host.ReadAsync(db => db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).SingleAsync(m => m.OrganizationId == world.Home.Id && m.UserId == world.User.Id, Ct));
            Assert.True((await Host.InScopeAsync<MemberService, Result>(s => s.RemoveAsync(world.Home.Id, member.Id, Granter.Instance, Ct), world.Home.Id)).IsOk);
        });
        var suspended = await AfterAsync((world, _) => Host.UseAsync<UserService, User>(s => s.SuspendAsync(world.User.Id, Ct)));
        var closed = await AfterAsync((world, _) => Host.UseAsync<OrganizationService, Organization>(s => s.SuspendAsync(world.Home.Id, Ct)));
        var revoked = await AfterAsync((world, tokens) => world.App.TokenAsync([("token", tokens.RefreshToken)], Ct, "/connect/revoke"));
        var sso = await AfterAsync(async (world, _) =>
        {
            await using var upstream = await TestUpstream.StartAsync(Ct);
            await Host.VerifyDomainAsync(world.Home, Ct);
            await Host.ConnectAsync(world.Home, upstream, Ct);
            await Host.RequireSsoAsync(world.Home, Ct);
        });

        Assert.All(new[] { removed, suspended, closed, revoked }, answer => Assert.Equal("invalid_grant", answer.Error));
        Assert.Equal("interaction_required", sso.Error);
    }
}

[Collection(SqliteHost.Name)]
public sealed class TokenExchangeOnSqlite(SqliteIdp idp) : TokenExchangeTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class TokenExchangeOnPostgreSql(PostgreSqlIdp idp) : TokenExchangeTests(idp);
