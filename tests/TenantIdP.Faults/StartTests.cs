using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using AngleSharp.Html.Parser;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>Several processes on one PostgreSQL, and processes that die while they start.</summary>
public sealed class StartTests(PostgreSqlCluster cluster)
{
    private static readonly string Host = new Uri(Nodes.Issuer).Authority;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Fault", "R12")]
    [Trait("Fault", "R18")]
    public async Task Three_processes_at_once_on_a_fresh_database_become_one_instance()
    {
        var database = await cluster.CreateDatabaseAsync(Ct);
        var settings = Nodes.On(database);
        await using var first = ServerProcess.Start(settings);
        await using var second = ServerProcess.Start(settings);
        await using var third = ServerProcess.Start(settings);
        ServerProcess[] nodes = [first, second, third];

        await Task.WhenAll(nodes.Select(node => node.ReadyAsync(Ct, Host)));

        await AssertWholeAsync(database);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false });
        var sets = new List<string>();
        foreach (var node in nodes) sets.Add(await (await SendAsync(http, HttpMethod.Get, node, "/.well-known/jwks")).Content.ReadAsStringAsync(Ct));
        Assert.Single(sets.Distinct());
        Assert.Equal(2, JsonNode.Parse(sets[0])!["keys"]!.AsArray().Count); // a key set by RFC 7517

        // A token of the first is good at the second.
        var basic = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Nodes.ClientId}:{Nodes.ClientSecret}")));
        using var granted = await SendAsync(http, HttpMethod.Post, first, "/connect/token", new() { ["grant_type"] = "client_credentials", ["scope"] = "management" }, r => r.Headers.Authorization = basic);
        var token = (string)(await granted.Content.ReadFromJsonAsync<JsonObject>(Ct))!["access_token"]!; // RFC 6749 section 5.1
        using var listed = await SendAsync(http, HttpMethod.Get, second, "/api/v1/organizations", change: r => r.Headers.Authorization = new("Bearer", token));
        Assert.Equal(HttpStatusCode.OK, listed.StatusCode);

        // A form served by the second is accepted by the third.
        using var page = await SendAsync(http, HttpMethod.Get, second, "/signin");
        var cookies = page.Headers.GetValues("Set-Cookie").Select(c => c.Split(';')[0]);
        var document = await new HtmlParser().ParseDocumentAsync(await page.Content.ReadAsStringAsync(Ct), Ct);
        var form = document.QuerySelectorAll("form input[name]").ToDictionary(i => i.GetAttribute("name")!, i => i.GetAttribute("value") ?? ""); // selected by the name
        form["email"] = "jane@nobody.example";
        using var answer = await SendAsync(http, HttpMethod.Post, third, "/signin", form, r => r.Headers.Add("Cookie", string.Join("; ", cookies)));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        form.Remove("form_token");
        using var forged = await SendAsync(http, HttpMethod.Post, third, "/signin", form, r => r.Headers.Add("Cookie", string.Join("; ", cookies)));
        Assert.Equal(HttpStatusCode.BadRequest, forged.StatusCode);
    }

    [Fact]
    [Trait("Fault", "R12")]
    public async Task A_process_killed_at_any_moment_of_the_migration_leaves_nothing_stuck()
    {
        var database = await cluster.CreateDatabaseAsync(Ct);
        var settings = Nodes.On(database);
        foreach (var moment in new[] { "Waiting for the migration lock", "Migrated core", "Migrated data protection", "Migrated engine" })
        {
            await using var killed = ServerProcess.Start(settings);
            await killed.SaysAsync(moment, Ct);
            Assert.Contains(moment, killed.Output, StringComparison.Ordinal);
            await killed.KillAsync();
        }

        await using var node = ServerProcess.Start(settings);
        await node.ReadyAsync(Ct, Host);

        await AssertWholeAsync(database);
    }

    private static async Task AssertWholeAsync(string database)
    {
        Assert.True(await Nodes.CountAsync(database, "SELECT count(*) FROM __migrations_core", Ct) > 0);
        Assert.True(await Nodes.CountAsync(database, "SELECT count(*) FROM __migrations_oidc", Ct) > 0);
        Assert.Equal(4, await Nodes.CountAsync(database, "SELECT count(*) FROM roles", Ct));
        Assert.Equal(2, await Nodes.CountAsync(database, "SELECT count(*) FROM oidc_signing_keys", Ct));
        Assert.Equal(1, await Nodes.CountAsync(database, "SELECT count(*) FROM data_protection_keys", Ct));
        Assert.Equal(1, await Nodes.CountAsync(database, "SELECT count(*) FROM oidc_applications", Ct));
    }

    private static async Task<HttpResponseMessage> SendAsync(
        HttpClient http, HttpMethod method, ServerProcess node, string path, Dictionary<string, string>? form = null, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(method, node.Address + path) { Content = form is null ? null : new FormUrlEncodedContent(form) };
        request.Headers.Host = Host;
        change?.Invoke(request);
        return await http.SendAsync(request, Ct);
    }
}
