using System.Net;
using System.Text.Json.Nodes;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>What every engine must do behind the seam: speaks HTTP only, names no engine. One class per store runs it.</summary>
public abstract class EngineContract(IdpHost idp) : EngineScene(idp)
{
    [Fact]
    public async Task Discovery_says_what_is_true()
    {
        var document = JsonNode.Parse(await Host.Http.GetStringAsync(Host.Issuer + "/.well-known/openid-configuration", Ct))!.AsObject();

        Assert.Equal(Host.Issuer, (string?)document["issuer"]);
        Assert.Equal(["code"], Strings(document, "response_types_supported"));
        Assert.Equal(["S256"], Strings(document, "code_challenge_methods_supported"));
        Assert.Equal(["authorization_code", "client_credentials", "refresh_token", AppGrantTypes.DeviceCode, AppGrantTypes.TokenExchange], Strings(document, "grant_types_supported").Order(StringComparer.Ordinal));
        Assert.Contains("RS256", Strings(document, "id_token_signing_alg_values_supported"));
        Assert.True((bool?)document["authorization_response_iss_parameter_supported"]);
        Assert.NotNull(document["pushed_authorization_request_endpoint"]);
        foreach (var endpoint in new[] { "token", "revocation", "introspection", "pushed_authorization_request", "device_authorization" })
        {
            if (document[$"{endpoint}_endpoint_auth_methods_supported"] is not null) Assert.Empty(Strings(document, $"{endpoint}_endpoint_auth_methods_supported").Except(["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]));
        }

        Assert.Equal(["client_secret_basic", "client_secret_post", "private_key_jwt"], Strings(document, "token_endpoint_auth_methods_supported").Where(m => m != "none").Order());
        Assert.Equal(Host.Issuer + "/connect/device", (string?)document["device_authorization_endpoint"]);
        var keys = JsonNode.Parse(await Host.Http.GetStringAsync((string)document["jwks_uri"]!, Ct))!["keys"]!.AsArray(); // part of the document
        Assert.Equal(["EC", "RSA"], keys.Select(k => (string?)k!["kty"]).Distinct().Order());
        Assert.All(keys, key => Assert.Null(key!["d"]));
    }

    [Fact]
    public async Task A_session_is_said_to_stand_as_long_as_a_grant_rests_on_it()
    {
        var world = await WorldAsync();
        var other = (await Host.SignedInAsync(world.User, Ct)).Session;
        await TokensAsync(world);
        Task<IReadOnlyList<Id<Session>>> StandingAsync() => Host.InScopeAsync<IGrantRevoker, IReadOnlyList<Id<Session>>>(g => g.StandingAsync([world.Session.Id, other.Id], Ct));

        Assert.Equal([world.Session.Id], await StandingAsync());
        await Host.InScopeAsync<IGrantRevoker, bool>(async g =>
        {
            await g.EndSessionAsync(world.Session.Id, Ct);
            return true;
        });
        Assert.Empty(await StandingAsync());
    }

    [Fact]
    public async Task A_code_yields_tokens_with_organization_roles_and_permissions()
    {
        var world = await WorldAsync();

        var tokens = await TokensAsync(world);

        Assert.Equal(HttpStatusCode.OK, tokens.Status);
        var (access, id) = (tokens.Access, tokens.Id);
        Assert.Equal("at+jwt", (string?)Jwt.Header(tokens.AccessToken)["typ"]);
        Assert.Equal("ES256", (string?)Jwt.Header(tokens.AccessToken)["alg"]);
        Assert.Equal("RS256", (string?)Jwt.Header((string)tokens.Body["id_token"]!)["alg"]);
        Assert.Equal(Host.Issuer, (string?)access["iss"]);
        Assert.Equal(Host.Issuer, (string?)id["iss"]);
        Assert.Equal(IdpHost.InvoicesApi, (string?)access["aud"]);
        Assert.Equal(world.App.App.ClientId, (string?)id["aud"]);
        foreach (var claims in new[] { access, id })
        {
            Assert.Equal(world.User.Id.ToString(), (string?)claims["sub"]);
            Assert.Equal(world.Session.Id.ToString(), (string?)claims["sid"]);
            Assert.Equal(world.Home.Id.ToString(), (string?)claims["org_id"]);
            Assert.Equal(world.Home.Slug.Value, (string?)claims["org_name"]);
            Assert.Equal(["admin"], Strings(claims, "roles"));
            Assert.Equal("urn:tenantidp:acr:1fa", (string?)claims["acr"]);
            Assert.NotNull((long?)claims["auth_time"]);
        }

        Assert.Equal(["pwd"], Strings(id, "amr"));
        Assert.Equal(["pwd"], Strings(access, "amr"));
        Assert.Equal(["invoices:read", "invoices:write"], Strings(access, "permissions"));
        Assert.Null(id["permissions"]);
        Assert.Equal(world.Home.DisplayName, (string?)id["org_display_name"]);
        Assert.Equal("Ann Example", (string?)id["name"]);
        Assert.Equal(world.User.PrimaryEmail!.Address, (string?)id["email"]);
        Assert.True((bool?)id["email_verified"]);
        Assert.Null(access["email"]);
    }

    [Fact]
    public async Task The_answer_names_its_issuer()
    {
        var world = await WorldAsync();
        var pending = world.App.Authorize(("organization", world.Home.Slug.Value));

        var page = await world.Browser.GetAsync(pending.Address, Ct, world.App.IsCallback);

        Assert.Equal(Host.Issuer, RelyingParty.Answer(page)["iss"]);
        Assert.Equal(pending.State, RelyingParty.Answer(page)["state"]);
    }

    [Theory]
    [Trait("Attack", "D5")]
    [InlineData("wrong-verifier-wrong-verifier-wrong-verifier-wrong")]
    [InlineData(null)]
    public async Task A_code_without_its_verifier_is_worth_nothing(string? verifier)
    {
        var world = await WorldAsync();
        var page = await world.Browser.GetAsync(world.App.Authorize(("organization", world.Home.Id.ToString())).Address, Ct, world.App.IsCallback);

        var answer = await world.App.RedeemAsync(RelyingParty.Answer(page)["code"], verifier, Ct);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains(answer.Error, new[] { "invalid_grant", "invalid_request" });
    }

    [Theory]
    [Trait("Attack", "D5")]
    [InlineData("code_challenge_method", "plain")]
    [InlineData("code_challenge", null)]
    [InlineData("response_type", "token")]
    [InlineData("response_type", "code id_token")]
    public async Task A_request_without_pkce_or_for_another_flow_is_refused(string parameter, string? value)
    {
        var world = await WorldAsync();
        var extra = parameter == "code_challenge" ? new[] { ("code_challenge", (string?)null), ("code_challenge_method", null) } : [(parameter, value)];

        var page = await world.Browser.GetAsync(world.App.Authorize(extra).Address, Ct, world.App.IsCallback);

        Assert.True(!world.App.IsCallback(page.Address) || !RelyingParty.Answer(page).ContainsKey("code"), page.Address.ToString());
        Assert.True((int)page.Status < 500);
    }

    [Fact]
    public async Task A_code_used_twice_ends_what_it_gave()
    {
        var world = await WorldAsync();
        var pending = world.App.Authorize(("organization", world.Home.Id.ToString()));
        var code = RelyingParty.Answer(await world.Browser.GetAsync(pending.Address, Ct, world.App.IsCallback))["code"];
        var first = await world.App.RedeemAsync(code, pending.Verifier, Ct);

        var second = await world.App.RedeemAsync(code, pending.Verifier, Ct);

        Assert.True(first.IsOk);
        Assert.Equal("invalid_grant", second.Error);
        Assert.Equal("invalid_grant", (await world.App.RefreshAsync(first.RefreshToken, Ct)).Error);
        Assert.Equal(HttpStatusCode.Unauthorized, (await world.App.UserInfoAsync(first.AccessToken, Ct)).Status);
    }

    [Fact]
    [Trait("Attack", "D4")]
    public async Task A_code_or_refresh_token_of_another_client_is_refused()
    {
        var world = await WorldAsync();
        var thief = await Host.CreateAppAsync(Ct);
        var tokens = await TokensAsync(world);
        var pending = world.App.Authorize(("organization", world.Home.Id.ToString()));
        var code = RelyingParty.Answer(await world.Browser.GetAsync(pending.Address, Ct, world.App.IsCallback))["code"];

        Assert.Equal("invalid_grant", (await thief.RedeemAsync(code, pending.Verifier, Ct)).Error);
        Assert.Equal("invalid_grant", (await thief.RefreshAsync(tokens.RefreshToken, Ct)).Error);
        Assert.Equal("invalid_grant", (await world.App.RedeemAsync(code, pending.Verifier, Ct)).Error); // burnt: it has leaked
    }

    [Fact]
    public async Task A_narrower_scope_on_refresh_keeps_the_family()
    {
        var world = await WorldAsync();
        var tokens = await TokensAsync(world);

        var narrow = await world.App.RefreshAsync(tokens.RefreshToken, Ct, ("scope", "openid"));
        var wide = await world.App.RefreshAsync(narrow.RefreshToken, Ct);

        Assert.Equal("openid", (string?)narrow.Access["scope"]);
        Assert.Null(narrow.Id["email"]);
        Assert.Contains("profile", (string?)wide.Access["scope"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_access_token_speaks_of_its_own_organization_after_a_switch()
    {
        var world = await WorldAsync();
        var tokens = await TokensAsync(world);
        var switched = await world.App.RefreshAsync(tokens.RefreshToken, Ct, ("organization", world.Other.Id.ToString()));

        var old = await world.App.UserInfoAsync(tokens.AccessToken, Ct);
        var now = await world.App.UserInfoAsync(switched.AccessToken, Ct);

        Assert.Equal(world.Home.Id.ToString(), (string?)old.Body["org_id"]);
        Assert.Equal(world.Other.Id.ToString(), (string?)now.Body["org_id"]);
    }

    [Fact]
    public async Task A_pushed_request_remembers_the_choice_of_organization()
    {
        var world = await WorldAsync();
        var pending = world.App.Authorize();
        var form = System.Web.HttpUtility.ParseQueryString(pending.Address.Query);
        var pushed = await world.App.TokenAsync([.. form.AllKeys.Where(k => k != "client_id").Select(k => (k!, form[k]!))], Ct, "/connect/par"); // parsed from our own query
        var authorize = new Uri($"{Host.Issuer}/connect/authorize?client_id={world.App.App.ClientId}&request_uri={Uri.EscapeDataString((string)pushed.Body["request_uri"]!)}");

        var chooser = await world.Browser.GetAsync(authorize, Ct, world.App.IsCallback);
        var button = chooser.Document.QuerySelector($"button[value='{world.Other.Id}']");
        var page = await world.Browser.SubmitAsync(chooser, new Dictionary<string, string>(), Ct, stopAt: world.App.IsCallback, button: button);
        var tokens = await world.App.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);

        Assert.Equal(90, (int?)pushed.Body["expires_in"]);
        Assert.Equal(world.Other.Id.ToString(), (string?)tokens.Access["org_id"]);
    }

    [Fact]
    public async Task An_app_gets_a_token_of_its_own_and_no_other_scope()
    {
        var bootstrap = new RelyingParty(Host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), Host.Http);

        var granted = await bootstrap.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct);
        var wrong = await bootstrap.TokenAsync([("grant_type", "client_credentials"), ("scope", "profile")], Ct);
        var guess = new RelyingParty(Host.Issuer, bootstrap.App with { Secret = "wrong" }, Host.Http);

        Assert.True(granted.IsOk, granted.Body.ToString());
        Assert.Equal(Host.Issuer + "/api/v1", (string?)granted.Access["aud"]);
        Assert.Null(granted.Body["refresh_token"]);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.Status);
        Assert.Equal("invalid_client", (await guess.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).Error);
        Assert.Equal("unsupported_grant_type", (await bootstrap.TokenAsync([("grant_type", "password"), ("username", "a"), ("password", "b")], Ct)).Error);
    }

    [Fact]
    public async Task Introspection_is_for_the_api_and_the_app_and_tells_the_truth_of_now()
    {
        var world = await WorldAsync();
        var tokens = await TokensAsync(world);
        var api = await Host.CreateAppAsync(Ct, app => app with { Kind = Core.Apps.AppKind.Machine, RedirectUris = [], PostLogoutRedirectUris = [] });
        var stranger = await Host.CreateAppAsync(Ct, app => app with { DefaultApi = null });
        var sibling = await Host.CreateAppAsync(Ct);
        var spa = await Host.CreateAppAsync(Ct, app => app with { Kind = Core.Apps.AppKind.Public });

        var seen = await api.TokenAsync([("token", tokens.AccessToken)], Ct, "/connect/introspect");
        var foreign = await stranger.TokenAsync([("token", tokens.AccessToken)], Ct, "/connect/introspect");
        var other = await sibling.TokenAsync([("token", tokens.AccessToken)], Ct, "/connect/introspect");
        var open = await spa.TokenAsync([("token", tokens.AccessToken)], Ct, "/connect/introspect");
        var refresh = await api.TokenAsync([("token", tokens.RefreshToken)], Ct, "/connect/introspect");
        await Host.UseAsync<UserService, User>(s => s.SuspendAsync(world.User.Id, Ct));
        var after = await api.TokenAsync([("token", tokens.AccessToken)], Ct, "/connect/introspect");

        Assert.True((bool?)seen.Body["active"]);
        Assert.Equal(["admin"], Strings(seen.Body, "roles"));
        Assert.False((bool?)foreign.Body["active"]);
        Assert.False((bool?)other.Body["active"]);
        Assert.Null(open.Body["active"]);
        Assert.NotNull(open.Error);
        Assert.False((bool?)refresh.Body["active"]);
        Assert.False((bool?)after.Body["active"]);
    }

    [Fact]
    public async Task A_revoked_refresh_token_ends_its_family()
    {
        var world = await WorldAsync();
        var tokens = await TokensAsync(world);

        var revoked = await world.App.TokenAsync([("token", tokens.RefreshToken), ("token_type_hint", "refresh_token")], Ct, "/connect/revoke");

        Assert.Equal(HttpStatusCode.OK, revoked.Status);
        Assert.Equal("invalid_grant", (await world.App.RefreshAsync(tokens.RefreshToken, Ct)).Error);
        Assert.Equal(HttpStatusCode.Unauthorized, (await world.App.UserInfoAsync(tokens.AccessToken, Ct)).Status);
    }

    [Fact]
    public async Task A_pushed_request_works_once_and_keeps_the_organization()
    {
        var world = await WorldAsync();
        var pending = world.App.Authorize(("organization", world.Other.Id.ToString()));
        var form = System.Web.HttpUtility.ParseQueryString(pending.Address.Query);

        var pushed = await world.App.TokenAsync([.. form.AllKeys.Where(k => k != "client_id").Select(k => (k!, form[k]!))], Ct, "/connect/par"); // parsed from our own query
        var authorize = new Uri($"{Host.Issuer}/connect/authorize?client_id={world.App.App.ClientId}&request_uri={Uri.EscapeDataString((string)pushed.Body["request_uri"]!)}");
        var page = await world.Browser.GetAsync(authorize, Ct, world.App.IsCallback);
        var tokens = await world.App.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        var again = await world.Browser.GetAsync(authorize, Ct, world.App.IsCallback);

        Assert.Equal(HttpStatusCode.Created, pushed.Status);
        Assert.Equal(world.Other.Id.ToString(), (string?)tokens.Access["org_id"]);
        Assert.False(world.App.IsCallback(again.Address) && RelyingParty.Answer(again).ContainsKey("code"));
    }

    [Fact]
    [Trait("Attack", "D10")]
    public async Task Signing_out_with_the_id_token_ends_session_and_families_and_returns_to_the_app()
    {
        var world = await WorldAsync();
        var tokens = await TokensAsync(world);
        var address = $"{Host.Issuer}/connect/endsession?id_token_hint={tokens.Body["id_token"]}&post_logout_redirect_uri={Uri.EscapeDataString(world.App.App.RedirectUri + "/out")}&state=xyz";

        var page = await world.Browser.GetAsync(address, Ct, world.App.IsCallback);

        Assert.StartsWith(world.App.App.RedirectUri + "/out", page.Address.ToString(), StringComparison.Ordinal);
        Assert.Equal("xyz", RelyingParty.Answer(page)["state"]);
        Assert.Equal("invalid_grant", (await world.App.RefreshAsync(tokens.RefreshToken, Ct)).Error);
        var silent = await world.Browser.GetAsync(world.App.Authorize(("prompt", "none")).Address, Ct, world.App.IsCallback);
        Assert.Equal("login_required", RelyingParty.Answer(silent)["error"]);
    }

    [Fact]
    [Trait("Attack", "F6")]
    public async Task A_single_page_app_reads_tokens_from_its_own_origin_only()
    {
        var origin = $"https://{Host.UniqueHost()}";
        Assert.Null(await AllowedAsync(HttpMethod.Options, "/connect/token", origin));
        await Host.CreateAppAsync(Ct, app => app with { Kind = Core.Apps.AppKind.Public, AllowedOrigins = [origin] });

        async Task<string?> AllowedAsync(HttpMethod method, string path, string from)
        {
            using var request = new HttpRequestMessage(method, Host.Issuer + path);
            request.Headers.Add("Origin", from);
            if (method == HttpMethod.Options) request.Headers.Add("Access-Control-Request-Method", "POST");
            using var response = await Host.Http.SendAsync(request, Ct);
            Assert.False(response.Headers.Contains("Access-Control-Allow-Credentials"));
            return response.Headers.TryGetValues("Access-Control-Allow-Origin", out var values) ? values.Single() : null;
        }

        Assert.Equal(origin, await AllowedAsync(HttpMethod.Options, "/connect/token", origin));
        Assert.Equal(origin, await AllowedAsync(HttpMethod.Post, "/connect/token", origin));
        Assert.Null(await AllowedAsync(HttpMethod.Options, "/connect/token", "https://evil.example"));
        Assert.Null(await AllowedAsync(HttpMethod.Get, "/connect/authorize", origin));
        Assert.Equal("*", await AllowedAsync(HttpMethod.Get, "/.well-known/openid-configuration", "https://evil.example"));
    }

    [Fact]
    [Trait("Attack", "D5")]
    public async Task An_app_that_opted_out_of_pkce_needs_a_nonce()
    {
        var world = await WorldAsync(app => app with { RequirePkce = false });
        var without = new[] { ("organization", (string?)world.Home.Id.ToString()), ("code_challenge", null), ("code_challenge_method", null) };

        var bare = await world.Browser.GetAsync(world.App.Authorize([.. without, ("nonce", null)]).Address, Ct, world.App.IsCallback);
        var page = await world.Browser.GetAsync(world.App.Authorize(without).Address, Ct, world.App.IsCallback);
        var tokens = await world.App.RedeemAsync(RelyingParty.Answer(page)["code"], null, Ct);

        Assert.Equal("invalid_request", RelyingParty.Answer(bare)["error"]);
        Assert.True(tokens.IsOk, tokens.Body.ToString());
        Assert.NotNull((string?)tokens.Id["nonce"]);
    }

    [Fact]
    [Trait("Attack", "D6")]
    public async Task A_thousand_mixed_requests_at_once_answer_each_caller_with_its_own()
    {
        var worlds = new List<World>();
        for (var i = 0; i < 5; i++) worlds.Add(await WorldAsync());
        var tokens = await Task.WhenAll(worlds.Select(TokensAsync));

        await Parallel.ForAsync(0, 1_000, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Ct }, async (i, ct) =>
        {
            var (world, mine) = (worlds[i % 5], tokens[i % 5]);
            var (status, body) = await world.App.UserInfoAsync(mine.AccessToken, ct);
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal(world.User.Id.ToString(), (string?)body["sub"]);
            Assert.Equal(world.Home.Id.ToString(), (string?)body["org_id"]);
        });
    }

    [Theory]
    [InlineData("no-such-org", "access_denied")]
    [InlineData("org_00000000000000000000000000", "access_denied")]
    public async Task An_unknown_organization_is_refused_at_the_app(string organization, string error)
    {
        var world = await WorldAsync();

        var page = await world.Browser.GetAsync(world.App.Authorize(("organization", organization)).Address, Ct, world.App.IsCallback);

        Assert.Equal(error, RelyingParty.Answer(page)["error"]);
    }

    [Fact]
    public async Task Several_organizations_and_no_choice_is_no_silent_answer()
    {
        var world = await WorldAsync();

        var page = await world.Browser.GetAsync(world.App.Authorize(("prompt", "none")).Address, Ct, world.App.IsCallback);

        Assert.Equal("account_selection_required", RelyingParty.Answer(page)["error"]);
    }
}
