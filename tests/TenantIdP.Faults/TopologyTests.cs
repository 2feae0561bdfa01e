using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>What docker-compose.yml starts, as processes: PostgreSQL, two servers in the environment Production, nginx with the shipped configuration before them.</summary>
public sealed class TopologyTests(PostgreSqlCluster cluster)
{
    private const string Password = "correct horse battery staple";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_main_job_is_done_through_the_proxy_and_goes_on_when_a_server_dies()
    {
        var port = NginxProcess.FreePort();
        var settings = Production(await cluster.CreateDatabaseAsync(Ct), port);
        await using var first = ServerProcess.Start(settings, "Production");
        await using var second = ServerProcess.Start(settings, "Production");
        await Task.WhenAll(first.ReadyAsync(Ct), second.ReadyAsync(Ct));
        await using var proxy = await NginxProcess.StartAsync(ServerProcess.Root(), port, [first.Address, second.Address], Ct);
        using var http = new HttpClient(proxy.Handler());
        await AnswersAsync(http, proxy);

        var world = await WorldAsync(http, proxy, settings["TenantIdP:Bootstrap:ClientSecret"]);
        var (app, person) = (world.App, world.Email);
        var cookies = new CookieContainer();
        using var browser = new WebBrowser(cookies, handler: proxy.Handler(cookies));
        var pending = app.Authorize(("organization", world.Home));
        var tokens = await RedeemAsync(app, await IdpHost.SignInWithPasswordAsync(browser, app, pending, person, Ct, Password), pending);
        Assert.Equal((proxy.Origin, world.Home), ((string?)tokens.Access["iss"], (string?)tokens.Access["org_id"]));
        Assert.All(cookies.GetAllCookies(), cookie => Assert.True(cookie is { Secure: true, HttpOnly: true } && cookie.Name.StartsWith("__Host-", StringComparison.Ordinal), cookie.Name));
        Assert.All(browser.Trail, address => Assert.True(address.GetLeftPart(UriPartial.Authority) == proxy.Origin || app.IsCallback(address), address.GetLeftPart(UriPartial.Path))); // no address of a server came out

        var refreshed = await OkAsync(app.RefreshAsync(tokens.RefreshToken, Ct));
        await first.KillAsync();

        // The session, the grant and the pages go on at the server that is left.
        var switched = await OkAsync(app.RefreshAsync(refreshed.RefreshToken, Ct, ("organization", world.Other)));
        Assert.Equal(world.Other, (string?)switched.Access["org_id"]);
        pending = app.Authorize(("organization", world.Home), ("prompt", "none"));
        await RedeemAsync(app, await browser.GetAsync(pending.Address, Ct, app.IsCallback), pending);
        var anew = new CookieContainer();
        using var another = new WebBrowser(anew, handler: proxy.Handler(anew));
        pending = app.Authorize(("organization", world.Other));
        await RedeemAsync(app, await IdpHost.SignInWithPasswordAsync(another, app, pending, person, Ct, Password), pending);
        for (var i = 0; i < 10; i++) Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(proxy.Origin + "/.well-known/jwks", Ct)).StatusCode);
        Assert.False((await app.RefreshAsync(refreshed.RefreshToken, Ct)).IsOk); // spent, here as there
        AssertQuiet(second, proxy, tokens, refreshed, switched);
    }

    [Fact]
    public async Task A_client_is_counted_by_its_own_address_whatever_it_says_of_itself()
    {
        var port = NginxProcess.FreePort();
        var settings = Production(await cluster.CreateDatabaseAsync(Ct), port);
        settings["TenantIdP:RateLimits:AnonymousRequestsPerMinute"] = "3";
        await using var first = ServerProcess.Start(settings, "Production");
        await first.ReadyAsync(Ct);
        await using var proxy = await NginxProcess.StartAsync(ServerProcess.Root(), port, [first.Address, first.Address], Ct);
        using var http = new HttpClient(proxy.Handler());
        await AnswersAsync(http, proxy);

        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 4; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, proxy.Origin + "/connect/device") { Content = new FormUrlEncodedContent([new("client_id", "nobody")]) };
            foreach (var header in (string[])["X-Forwarded-For", "X-Real-IP", "Client-IP"]) request.Headers.TryAddWithoutValidation(header, $"198.51.100.{i}");
            request.Headers.TryAddWithoutValidation("Forwarded", $"for=198.51.100.{i}");
            request.Headers.TryAddWithoutValidation("X-Forwarded-Host", "evil.example");
            using var response = await http.SendAsync(request, Ct);
            answers.Add(response.StatusCode);
        }

        Assert.Equal(3, answers.Count(a => a != HttpStatusCode.TooManyRequests));
        Assert.Equal(HttpStatusCode.TooManyRequests, answers[^1]);
    }

    [Fact]
    public async Task The_health_command_says_by_its_exit_code_whether_a_server_is_ready()
    {
        var settings = Production(await cluster.CreateDatabaseAsync(Ct), NginxProcess.FreePort());
        await using var server = ServerProcess.Start(settings, "Production");
        await server.ReadyAsync(Ct);

        Assert.Equal((0, "200"), await HealthAsync("--url", server.Address + "/health/ready"));
        Assert.Equal((1, "404"), await HealthAsync("--url", server.Address + "/health/nothing-of-this-name"));
        Assert.Equal(2, (await HealthAsync()).Code);
        Assert.Equal(2, (await HealthAsync("--url", "not an address")).Code);
        await server.KillAsync();
        Assert.Equal((1, "No answer: ConnectionError."), await HealthAsync("--url", server.Address + "/health/ready"));
    }

    private static async Task<(int Code, string Output)> HealthAsync(params string[] arguments)
    {
        var start = new System.Diagnostics.ProcessStartInfo("dotnet", [ServerProcess.Program(ServerProcess.BuiltConfiguration), "health", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = System.Diagnostics.Process.Start(start)!; // a program that exists
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Ct), process.StandardError.ReadToEndAsync(Ct));
        await process.WaitForExitAsync(Ct);
        return (process.ExitCode, (await output + await errors).Trim());
    }

    private static Dictionary<string, string?> Production(string database, int port)
    {
        var settings = Nodes.On(database);
        settings["TenantIdP:Issuer"] = $"https://localhost:{port}";
        settings["TenantIdP:Bootstrap:ClientSecret"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(48));
        settings["TenantIdP:Proxy:KnownNetworks:0"] = "127.0.0.1/32";
        return settings;
    }

    private sealed record World(RelyingParty App, string Email, string Home, string Other);

    /// <summary>A person in two organizations and an app, made by the API, as an operator makes them.</summary>
    private static async Task<World> WorldAsync(HttpClient http, NginxProcess proxy, string? secret)
    {
        var operators = new RelyingParty(proxy.Origin, new TestApp("", Nodes.ClientId, secret, ""), http);
        var token = (await OkAsync(operators.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct))).AccessToken;
        var email = $"jane@{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}.example";
        var user = (string?)(await MakeAsync("users", new { emails = new[] { new { address = email, verified = true } }, name = "Jane Doe", password = Password }))["id"];
        var organizations = new List<string>();
        foreach (var name in (string[])["Home", "Other"])
        {
            var id = (string)(await MakeAsync("organizations", new { displayName = name }))["id"]!; // the API always has it
            await MakeAsync($"organizations/{id}/members", new { userId = user, roles = new[] { "member" } });
            organizations.Add(id);
        }

        const string Callback = "https://app.example/callback";
        var made = await MakeAsync("apps", new { displayName = "App", kind = "web", redirectUris = new[] { Callback }, scopes = new[] { "openid", "profile", "email", "offline_access" } });
        var app = new TestApp("", (string)made["app"]!["clientId"]!, (string?)made["clientSecret"], Callback); // as above
        return new World(new RelyingParty(proxy.Origin, app, http), email, organizations[0], organizations[1]);

        async Task<JsonObject> MakeAsync(string path, object body)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{proxy.Origin}/api/v1/{path}") { Content = JsonContent.Create(body) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var response = await http.SendAsync(request, Ct);
            var text = await response.Content.ReadAsStringAsync(Ct);
            Assert.True(response.StatusCode == HttpStatusCode.Created, $"{path}: {response.StatusCode} {text}");
            return JsonNode.Parse(text)!.AsObject(); // made, so described
        }
    }

    private static async Task<TokenAnswer> RedeemAsync(RelyingParty app, WebPage page, RelyingParty.Pending pending)
    {
        Assert.True(app.IsCallback(page.Address), $"{page.Address.GetLeftPart(UriPartial.Path)} {page.Status}: {page.Text.Trim()}");
        Assert.True(RelyingParty.Answer(page).TryGetValue("code", out var code), page.Address.Query);
        return await OkAsync(app.RedeemAsync(code!, pending.Verifier, Ct)); // found
    }

    private static async Task<TokenAnswer> OkAsync(Task<TokenAnswer> asked)
    {
        var answer = await asked;
        Assert.True(answer.IsOk, answer.Body.ToJsonString());
        return answer;
    }

    /// <summary>Until the proxy listens; nginx says so to nobody.</summary>
    private static async Task AnswersAsync(HttpClient http, NginxProcess proxy)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                using var response = await http.GetAsync(proxy.Origin + "/health/ready", patience.Token);
                if (response.StatusCode == HttpStatusCode.OK) return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            Assert.False(patience.IsCancellationRequested, proxy.Output);
            await Task.Delay(20, Ct);
        }
    }

    /// <summary>Neither the server's log, which is JSON in Production, nor the proxy's holds a token.</summary>
    private static void AssertQuiet(ServerProcess server, NginxProcess proxy, params TokenAnswer[] tokens)
    {
        Assert.All(server.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.NotNull(JsonNode.Parse(line)!["level"]));
        Assert.Contains("POST /connect/token 200", proxy.Output, StringComparison.Ordinal);
        Assert.All(tokens, t => Assert.DoesNotContain(t.RefreshToken, server.Output + proxy.Output, StringComparison.Ordinal));
        Assert.DoesNotContain("code=", proxy.Output, StringComparison.Ordinal);
    }
}
