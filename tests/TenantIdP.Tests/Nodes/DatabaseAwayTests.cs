using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Nodes;

/// <summary>A host whose way to PostgreSQL can be cut.</summary>
public sealed class CutOffIdp(PostgreSqlCluster cluster) : IdpHost(new CutOffStore(cluster))
{
    public DatabaseProxy Database => ((CutOffStore)Store).Proxy;
}

[Trait("Store", "PostgreSql")]
[Trait("Fault", "R5")]
public sealed class DatabaseAwayTests(CutOffIdp idp) : IClassFixture<CutOffIdp>
{
    /// <summary>What is promised; the machine of the tests may be busy, so waiting for a state is bounded by more.</summary>
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Everything_answers_in_its_own_shape_while_the_database_is_away_and_is_back_by_itself()
    {
        var token = (await TokenAsync()).Body["access_token"]!.GetValue<string>();
        var keys = await (await GetAsync("/.well-known/jwks")).Content.ReadAsStringAsync(Ct);
        var scim = idp.ScimOf(await idp.CreateDirectoryAsync(await idp.CreateOrganizationAsync(Ct), Ct));
        idp.Database.Cut();
        try
        {
            await Waiting.UntilAsync(async () => (await GetAsync("/health/ready")).StatusCode == HttpStatusCode.ServiceUnavailable, Patience, "not ready", Ct);
            // Ready asks the database itself; what needs none is answered from memory until the watch has seen it, too.
            await Waiting.UntilAsync(async () => (await TokenAsync()).Status == HttpStatusCode.ServiceUnavailable, Patience, "refused", Ct);
            Assert.Equal(HttpStatusCode.OK, (await GetAsync("/health/live")).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await GetAsync("/.well-known/openid-configuration")).StatusCode);
            Assert.Equal(keys, await (await GetAsync("/.well-known/jwks")).Content.ReadAsStringAsync(Ct));

            var oauth = await TokenAsync();
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "temporarily_unavailable"), (oauth.Status, (string?)oauth.Body["error"]));
            await AssertUnavailableAsync(await GetAsync("/api/v1/organizations", r => r.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token)), "application/problem+json", "temporarily_unavailable");
            await AssertUnavailableAsync(await GetAsync("/connect/userinfo", r => r.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token)), "application/json", "temporarily_unavailable");
            var refused = await scim.GetAsync("/Schemas", Ct); // its client asks for the media type
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.Status);
            Assert.NotNull(refused.Headers.RetryAfter);
            Assert.Contains("temporarily_unavailable", refused.Detail, StringComparison.Ordinal);
            await AssertUnavailableAsync(await GetAsync("/signin"), "text/html", "temporarily_unavailable");
            await AssertUnavailableAsync(await GetAsync("/connect/authorize?client_id=x"), "text/html", "temporarily_unavailable");
        }
        finally
        {
            idp.Database.Restore();
        }

        await Waiting.UntilAsync(async () => (await GetAsync("/health/ready")).StatusCode == HttpStatusCode.OK, Patience, "ready again", Ct);
        for (var i = 0; i < 20; i++) Assert.Equal(HttpStatusCode.OK, (await TokenAsync()).Status); // no connection of before is left to fail on
        Assert.Equal(keys, await (await GetAsync("/.well-known/jwks")).Content.ReadAsStringAsync(Ct));
    }

    private static async Task AssertUnavailableAsync(HttpResponseMessage answer, string type, string code)
    {
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable, $"{(int)answer.StatusCode} {text}");
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Equal(type, answer.Content.Headers.ContentType?.MediaType);
        Assert.Contains(code, text, StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> GetAsync(string path, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, idp.Issuer + path);
        change?.Invoke(request);
        var since = Stopwatch.StartNew();
        var answer = await idp.Http.SendAsync(request, Ct);
        Assert.True(since.Elapsed < Promised, $"{path} took {since.Elapsed}.");
        return answer;
    }

    private async Task<TokenAnswer> TokenAsync() =>
        await new RelyingParty(idp.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), idp.Http).TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct);
}

/// <summary>The server is started before its database is there.</summary>
[Trait("Store", "PostgreSql")]
[Trait("Fault", "R5")]
public sealed class EarlyStartTests(PostgreSqlCluster cluster)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_starts_before_its_database_is_live_and_becomes_ready_by_itself()
    {
        await using var proxy = new DatabaseProxy(await cluster.CreateDatabaseAsync(Ct));
        proxy.Cut();
        await using var server = ServerProcess.Start(Settings(proxy, TestStore.NewKey()));
        await server.ReadyAsync(Ct, Host, "/health/live");
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(http, server, "/health/ready"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(http, server, "/.well-known/jwks"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(http, server, "/signin"));

        proxy.Restore();

        await server.ReadyAsync(Ct, Host);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(http, server, "/.well-known/jwks"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(http, server, "/signin"));
    }

    [Fact]
    public async Task A_root_key_that_is_not_the_late_databases_ends_the_process_and_is_named()
    {
        await using var proxy = new DatabaseProxy(await cluster.CreateDatabaseAsync(Ct));
        await using (var right = ServerProcess.Start(Settings(proxy, TestStore.NewKey()))) await right.ReadyAsync(Ct, Host);
        proxy.Cut();
        await using var server = ServerProcess.Start(Settings(proxy, TestStore.NewKey()));
        await server.ReadyAsync(Ct, Host, "/health/live");

        proxy.Restore();

        Assert.Equal(1, await server.ExitAsync(Ct).WaitAsync(Patience, Ct));
        Assert.Contains("TenantIdP__Encryption__Keys", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_that_the_database_refuses_ends_the_process_and_is_named()
    {
        await using var proxy = new DatabaseProxy(await cluster.CreateDatabaseAsync(Ct));
        var settings = Settings(proxy, TestStore.NewKey());
        settings["ConnectionStrings:TenantIdP"] = new Npgsql.NpgsqlConnectionStringBuilder(proxy.ConnectionString) { Password = "of-another" }.ConnectionString;
        await using var server = ServerProcess.Start(settings);

        Assert.Equal(1, await server.ExitAsync(Ct).WaitAsync(Patience, Ct));
        Assert.Contains("ConnectionStrings__TenantIdP", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("of-another", server.Output, StringComparison.Ordinal);
    }

    private const string Issuer = "http://localhost:5001";

    private static readonly string Host = new Uri(Issuer).Authority;

    private static Dictionary<string, string?> Settings(DatabaseProxy proxy, string key) => new()
    {
        ["TenantIdP:Issuer"] = Issuer,
        ["TenantIdP:Database:Provider"] = "PostgreSql",
        ["ConnectionStrings:TenantIdP"] = proxy.ConnectionString,
        ["TenantIdP:Encryption:Keys:0"] = key,
    };

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, ServerProcess server, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Address + path);
        request.Headers.Host = Host;
        using var answer = await http.SendAsync(request, Ct);
        return answer.StatusCode;
    }
}
