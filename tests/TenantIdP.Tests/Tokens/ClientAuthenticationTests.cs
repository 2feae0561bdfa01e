using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>The method that an app has is the only one that works for it, at every endpoint where apps authenticate.</summary>
[Trait("Attack", "D4")]
public abstract class ClientAuthenticationTests(IdpHost idp) : EngineScene(idp)
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private Task<RelyingParty> AppAsync(SigningApp key, Func<NewApp, NewApp>? change = null)
    {
        NewApp Wanted(NewApp app) => app with
        {
            GrantTypes = [AppGrantTypes.ClientCredentials, AppGrantTypes.AuthorizationCode, AppGrantTypes.RefreshToken, AppGrantTypes.DeviceCode],
            TokenEndpointAuthMethod = AppAuthMethods.PrivateKeyJwt, Jwks = key.Keys,
        };
        return Host.CreateAppAsync(Ct, app => change is null ? Wanted(app) : change(Wanted(app)));
    }

    private Task<RelyingParty> AppAsync(string? method) => Host.CreateAppAsync(Ct, app => app with { GrantTypes = [AppGrantTypes.ClientCredentials, AppGrantTypes.AuthorizationCode, AppGrantTypes.DeviceCode], TokenEndpointAuthMethod = method });

    private JsonObject Claims(RelyingParty app) => SigningApp.Claims(app.App.ClientId, Host.Issuer, TimeProvider.System.GetUtcNow());

    private async Task<TokenAnswer> PostAsync(string path, IEnumerable<(string Name, string Value)> form, string? basic = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Host.Issuer + path) { Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))) };
        if (basic is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(basic)));
        using var answer = await Host.Http.SendAsync(request, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        return new TokenAnswer(answer.StatusCode, text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject()); // JSON by RFC 6749 section 5
    }

    private Task<TokenAnswer> AskAsync(string assertion, params (string, string)[] extra) => PostAsync("/connect/token", [("grant_type", "client_credentials"), .. SigningApp.Form(assertion), .. extra]);

    private static void AssertRefused(TokenAnswer answer, string because = "")
    {
        Assert.Equal("invalid_client", answer.Error);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
        Assert.Contains(because, (string?)answer.Body["error_description"] ?? "", StringComparison.Ordinal);
        Assert.Null(answer.Body["access_token"]);
    }

    [Theory, InlineData("ES256"), InlineData("RS256"), InlineData("PS256")]
    public async Task An_assertion_by_the_apps_key_opens_with_and_without_client_id(string algorithm)
    {
        using var key = new SigningApp();
        var app = await AppAsync(key);

        Assert.Null(app.App.Secret);
        var bare = await AskAsync(key.Sign(Claims(app), algorithm));
        var named = await AskAsync(key.Sign(Claims(app), algorithm), ("client_id", app.App.ClientId));
        Assert.True(bare.IsOk, bare.Body.ToString());
        Assert.True(named.IsOk, named.Body.ToString());
        Assert.Equal(app.App.ClientId, (string?)bare.Access["sub"]);
        Assert.True((await AskAsync(key.Sign(Claims(app), algorithm, new() { ["typ"] = "client-authentication+jwt" }))).IsOk);
    }

    [Fact]
    public async Task It_signs_people_in_refreshes_pushes_introspects_revokes_and_starts_devices()
    {
        using var key = new SigningApp();
        var world = await WorldAsync(app => app with { TokenEndpointAuthMethod = AppAuthMethods.PrivateKeyJwt, Jwks = key.Keys, GrantTypes = [AppGrantTypes.AuthorizationCode, AppGrantTypes.RefreshToken, AppGrantTypes.DeviceCode] });
        (string, string)[] Proof() => SigningApp.Form(key.Sign(Claims(world.App)));
        var pending = world.App.Authorize(("organization", world.Home.Id.ToString()));
        var query = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(pending.Address.Query).Select(p => (p.Key, p.Value.ToString()));

        var pushed = await PostAsync("/connect/par", [.. query, .. Proof()]);
        Assert.Equal(HttpStatusCode.Created, pushed.Status);
        var page = await world.Browser.GetAsync(new Uri($"{Host.Issuer}/connect/authorize?client_id={world.App.App.ClientId}&request_uri={Uri.EscapeDataString((string)pushed.Body["request_uri"]!)}"), Ct, world.App.IsCallback); // part of a success
        var tokens = await world.App.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct, Proof());
        Assert.True(tokens.IsOk, tokens.Body.ToString());
        var refreshed = await world.App.RefreshAsync(tokens.RefreshToken, Ct, Proof());
        Assert.True(refreshed.IsOk, refreshed.Body.ToString());
        Assert.True((bool?)(await PostAsync("/connect/introspect", [("token", refreshed.AccessToken), .. Proof()])).Body["active"]);
        Assert.NotNull((await PostAsync("/connect/device", [("scope", "openid"), .. Proof()])).Body["device_code"]);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync("/connect/revoke", [("token", refreshed.RefreshToken), .. Proof()])).Status);
        Assert.Equal("invalid_grant", (await world.App.RefreshAsync(refreshed.RefreshToken, Ct, Proof())).Error);
    }

    [Fact]
    public async Task Of_twenty_uses_of_one_assertion_one_counts_and_it_counts_at_one_endpoint_only()
    {
        using var key = new SigningApp();
        var app = await AppAsync(key);
        var assertion = key.Sign(Claims(app));

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => AskAsync(assertion)));

        Assert.Single(answers, a => a.IsOk);
        Assert.All(answers.Where(a => !a.IsOk), a => AssertRefused(a, "before"));
        AssertRefused(await PostAsync("/connect/introspect", [("token", "x"), .. SigningApp.Form(assertion)]), "before");
        AssertRefused(await PostAsync("/connect/device", SigningApp.Form(assertion)), "before");
    }

    [Fact]
    public async Task An_assertion_is_spent_by_a_request_that_fails()
    {
        using var key = new SigningApp();
        var app = await AppAsync(key);
        var assertion = key.Sign(Claims(app));

        Assert.Equal("invalid_grant", (await PostAsync("/connect/token", [("grant_type", "refresh_token"), ("refresh_token", "nonsense"), .. SigningApp.Form(assertion)])).Error);
        AssertRefused(await AskAsync(assertion), "before");
    }

    /// <summary>Each makes one thing wrong of what is otherwise right.</summary>
    private static readonly Dictionary<string, (Action<JsonObject, string> Break, string Because)> Broken = new()
    {
        ["audience of another issuer"] = ((c, _) => c["aud"] = "https://other.example", "aud"),
        ["audience is the token endpoint"] = ((c, issuer) => c["aud"] = issuer + "/connect/token", "aud"),
        ["audience with a slash"] = ((c, issuer) => c["aud"] = issuer + "/", "aud"),
        ["several audiences"] = ((c, issuer) => c["aud"] = new JsonArray(issuer, "https://other.example"), "aud"),
        ["audience as a list of one"] = ((c, issuer) => c["aud"] = new JsonArray(issuer), "aud"),
        ["no audience"] = ((c, _) => c.Remove("aud"), "aud"),
        ["expired"] = ((c, _) => (c["exp"], c["iat"]) = (Now.AddSeconds(-31).ToUnixTimeSeconds(), Now.AddSeconds(-91).ToUnixTimeSeconds()), "exp"),
        ["valid for long"] = ((c, _) => c["exp"] = Now.AddMinutes(15).ToUnixTimeSeconds(), "exp"),
        ["no end"] = ((c, _) => c.Remove("exp"), "exp"),
        ["end as a text"] = ((c, _) => c["exp"] = Now.AddMinutes(1).ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture), "exp"),
        ["not yet"] = ((c, _) => c["nbf"] = Now.AddMinutes(10).ToUnixTimeSeconds(), "nbf"),
        ["issued later"] = ((c, _) => c["iat"] = Now.AddMinutes(10).ToUnixTimeSeconds(), "iat"),
        ["issued long ago"] = ((c, _) => c["iat"] = Now.AddHours(-1).ToUnixTimeSeconds(), "iat"),
        ["no jti"] = ((c, _) => c.Remove("jti"), "jti"),
        ["empty jti"] = ((c, _) => c["jti"] = "", "jti"),
        ["endless jti"] = ((c, _) => c["jti"] = new string('x', 257), "jti"),
        ["other subject"] = ((c, _) => c["sub"] = "somebody", "sub"),
        ["other issuer"] = ((c, _) => c["iss"] = "somebody", "iss"),
        ["no subject"] = ((c, _) => c.Remove("sub"), "sub"),
    };

    public static TheoryData<string> Faults => [.. Broken.Keys];

    [Theory, MemberData(nameof(Faults))]
    public async Task An_assertion_that_says_something_else_is_refused(string fault)
    {
        using var key = new SigningApp();
        var app = await AppAsync(key);
        var claims = Claims(app);
        Broken[fault].Break(claims, Host.Issuer);

        AssertRefused(await AskAsync(key.Sign(claims)), Broken[fault].Because);
        Assert.True((await AskAsync(key.Sign(Claims(app)))).IsOk);
    }

    [Fact]
    public async Task Signatures_of_none_of_a_public_key_as_a_secret_and_of_other_algorithms_are_refused()
    {
        using var key = new SigningApp();
        var app = await AppAsync(key);

        AssertRefused(await AskAsync(key.Sign(Claims(app), "none")), "signed");
        foreach (var algorithm in new[] { "none", "None", "HS256", "RS512", "es256" }) AssertRefused(await AskAsync(key.Sign(Claims(app), header: new() { ["alg"] = algorithm })), "ES256"); // with a signature
        foreach (var algorithm in new[] { "HS256", "RS512" }) AssertRefused(await AskAsync(key.Sign(Claims(app), algorithm)), "ES256");
        var good = key.Sign(Claims(app)).Split('.');
        AssertRefused(await AskAsync($"{good[0]}.{good[1]}."), "signed");
        AssertRefused(await AskAsync($"{good[0]}.{good[1]}"), "signed");
        AssertRefused(await AskAsync($"{good[0]}.{key.Sign(Claims(app)).Split('.')[1]}.{good[2]}")); // another body under this signature
        AssertRefused(await AskAsync("x.y.z"), "signed");
        AssertRefused(await AskAsync(new string('x', 9_000)), "signed");
        AssertRefused(await AskAsync(key.Sign(Claims(app), header: new() { ["crit"] = new JsonArray("exp") })), "critical");
        AssertRefused(await AskAsync(key.Sign(Claims(app), header: new() { ["typ"] = "at+jwt" })), "typ");
        AssertRefused(await AskAsync(key.Sign(Claims(app), kid: "unknown")), "no key");
        AssertRefused(await AskAsync(key.Sign(Claims(app), "RS256", kid: SigningApp.EcKid)), "no key");
    }

    [Fact]
    public async Task Another_apps_key_is_no_key_however_the_header_recommends_it()
    {
        using var key = new SigningApp();
        using var foreign = new SigningApp();
        var (app, other) = (await AppAsync(key), await AppAsync(foreign));

        AssertRefused(await AskAsync(foreign.Sign(Claims(app))));
        AssertRefused(await AskAsync(foreign.Sign(Claims(app), header: new() { ["jwk"] = new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = foreign.EcKey.X, ["y"] = foreign.EcKey.Y } })));
        AssertRefused(await AskAsync(foreign.Sign(Claims(other)), ("client_id", app.App.ClientId)), "another client");
        Assert.True((await AskAsync(foreign.Sign(Claims(other)))).IsOk);
    }

    [Fact]
    public async Task A_secret_proves_nothing_for_an_app_with_keys_neither_one_that_it_had_nor_beside_an_assertion()
    {
        using var key = new SigningApp();
        var app = await AppAsync(null as string);
        var (id, client, secret) = (Id<App>.Parse(app.App.Id, null), app.App.ClientId, app.App.Secret!); // a web app has one
        Assert.True((await app.TokenAsync([("grant_type", "client_credentials")], Ct)).IsOk);
        AssertRefused(await AskAsync(key.Sign(Claims(app)))); // it has no keys yet
        await Host.UseAsync<AppService, App>(s => s.UpdateAsync(id, new AppChanges { TokenEndpointAuthMethod = AppAuthMethods.PrivateKeyJwt, Jwks = key.Keys }, null, Ct));

        AssertRefused(await app.TokenAsync([("grant_type", "client_credentials")], Ct));
        AssertRefused(await PostAsync("/connect/token", [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret)]));
        Assert.NotEqual(HttpStatusCode.OK, (await AskAsync(key.Sign(Claims(app)), ("client_secret", secret))).Status);
        Assert.NotEqual(HttpStatusCode.OK, (await PostAsync("/connect/token", [("grant_type", "client_credentials"), .. SigningApp.Form(key.Sign(Claims(app)))], $"{client}:{secret}")).Status);
        Assert.NotEqual(HttpStatusCode.OK, (await PostAsync("/connect/token", [("grant_type", "client_credentials"), ("client_id", client)])).Status);
        Assert.True((await AskAsync(key.Sign(Claims(app)))).IsOk);
        Assert.Equal(AppErrors.SecretInUse, (await Host.TryAsync<AppSecretService, MadeSecret>(s => s.CreateAsync(id, null, null, Ct))).Error);

        await Host.UseAsync<AppService, App>(s => s.UpdateAsync(id, new AppChanges { TokenEndpointAuthMethod = new Patch<string>(null), Jwks = new Patch<AppKeySet>(null) }, null, Ct));
        AssertRefused(await app.TokenAsync([("grant_type", "client_credentials")], Ct)); // it does not come back
        AssertRefused(await AskAsync(key.Sign(Claims(app))));
    }

    [Theory, InlineData(AppAuthMethods.ClientSecretBasic), InlineData(AppAuthMethods.ClientSecretPost), InlineData(null)]
    public async Task A_secret_is_sent_in_the_form_that_the_app_named_at_every_endpoint(string? method)
    {
        var app = await AppAsync(method);
        var (client, secret) = (app.App.ClientId, app.App.Secret!); // a web app has one
        (string Path, (string, string)[] Form)[] requests =
        [
            ("/connect/token", [("grant_type", "client_credentials")]), ("/connect/introspect", [("token", "x")]), ("/connect/revoke", [("token", "x")]), ("/connect/device", [("scope", "openid")]),
            ("/connect/par", [("response_type", "code"), ("redirect_uri", app.App.RedirectUri), ("scope", "openid"), ("code_challenge", new string('a', 43)), ("code_challenge_method", "S256")]),
        ];

        foreach (var (path, form) in requests)
        {
            var basic = await PostAsync(path, form, $"{client}:{secret}");
            var post = await PostAsync(path, [.. form, ("client_id", client), ("client_secret", secret)]);
            Assert.Equal((path, method != AppAuthMethods.ClientSecretPost), (path, basic.Error != "invalid_client"));
            Assert.Equal((path, method != AppAuthMethods.ClientSecretBasic), (path, post.Error != "invalid_client"));
            AssertRefused(await PostAsync(path, [.. form, ("client_id", client), ("client_secret", "wrong")]));
        }
    }

    [Fact]
    public async Task A_public_app_that_names_none_goes_on_without_proof_and_with_none()
    {
        using var key = new SigningApp();
        var world = await WorldAsync(app => app with { Kind = AppKind.Public, TokenEndpointAuthMethod = AppAuthMethods.None });
        Assert.True((await TokensAsync(world)).IsOk);

        AssertRefused(await PostAsync("/connect/token", [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", world.App.App.ClientId), .. SigningApp.Form(key.Sign(Claims(world.App)))]));
        AssertRefused(await PostAsync("/connect/token", [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", world.App.App.ClientId), ("client_secret", "x")]));
    }

    [Fact]
    public async Task Published_keys_are_read_once_and_unknown_key_ids_do_not_make_it_ask_again()
    {
        using var key = new SigningApp();
        await using var published = await KeyPublisher.StartAsync(new AppKeySet([key.EcKey]), Ct);
        var app = await AppAsync(key, a => a with { Jwks = null, JwksUri = published.Address });

        Assert.True((await AskAsync(key.Sign(Claims(app)))).IsOk);
        Assert.True((await AskAsync(key.Sign(Claims(app)))).IsOk);
        Assert.Equal(1, published.Asked);
        for (var i = 0; i < 3; i++) AssertRefused(await AskAsync(key.Sign(Claims(app), "RS256")), "no key"); // unknown ids ask no more for five minutes
        Assert.Equal(1, published.Asked);
    }

    [Fact]
    [Trait("Attack", "G1")]
    public async Task Keys_at_a_link_local_address_are_never_asked_for()
    {
        using var key = new SigningApp();
        var app = await AppAsync(key, a => a with { Jwks = null, JwksUri = "https://169.254.169.254/latest/jwks" });

        AssertRefused(await AskAsync(key.Sign(Claims(app))), "no key");
    }

    [Fact]
    public async Task Discovery_says_so()
    {
        var document = JsonNode.Parse(await Host.Http.GetStringAsync(Host.Issuer + "/.well-known/openid-configuration", Ct))!.AsObject(); // JSON by OpenID Connect Discovery

        foreach (var endpoint in new[] { "token", "introspection", "revocation" })
        {
            Assert.Contains("private_key_jwt", Strings(document, $"{endpoint}_endpoint_auth_methods_supported"));
            Assert.Equal(["ES256", "PS256", "RS256"], Strings(document, $"{endpoint}_endpoint_auth_signing_alg_values_supported"));
        }
    }
}

[Collection(SqliteHost.Name)]
public sealed class ClientAuthenticationOnSqlite(SqliteIdp idp) : ClientAuthenticationTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class ClientAuthenticationOnPostgreSql(PostgreSqlIdp idp) : ClientAuthenticationTests(idp);
