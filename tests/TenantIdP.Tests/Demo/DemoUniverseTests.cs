using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using TenantIdP.Core.Instance;
using TenantIdP.Demo;
using TenantIdP.Testing.Clients;
using Xunit;

namespace TenantIdP.Tests.Demo;

/// <summary>The whole demo on free ports, twice over one state: a second start finds what the first has made.</summary>
public sealed class DemoUniverseTests : IDisposable
{
    private readonly string _state = Directory.CreateTempSubdirectory("tenantidp-demo-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public async Task Demo_json_tells_programs_all_they_need_and_a_second_start_tells_the_same()
    {
        var hosts = new DemoHosts(FreePortBase());
        var first = await FactsAsync(hosts);
        using var demo = JsonDocument.Parse(first);
        var facts = demo.RootElement;

        Assert.Equal(["issuer", "api", "openapi", "management", "app", "organizations", "people", "sandboxes"], Names(facts));
        Assert.Equal(["clientId", "clientSecret", "scope"], Names(facts.GetProperty("management")));
        Assert.Equal(["clientId", "clientSecret", "redirectUri", "url"], Names(facts.GetProperty("app")));
        Assert.All(facts.GetProperty("organizations").EnumerateArray(), one => Assert.Equal(["id", "slug", "name", "domains", "connections"], Names(one)));
        Assert.All(facts.GetProperty("organizations").EnumerateArray().SelectMany(one => one.GetProperty("connections").EnumerateArray()), one => Assert.Equal(["id", "kind"], Names(one)));
        Assert.All(facts.GetProperty("people").EnumerateArray(), one => Assert.Equal(["email", "password", "organizations", "signsInBy"], Names(one)));

        Assert.Equal($"http://localhost:{hosts.PortBase + 1}", facts.GetProperty("issuer").GetString());
        var organizations = facts.GetProperty("organizations").EnumerateArray().ToDictionary(one => one.GetProperty("slug").GetString()!); // the demo's organizations have slugs
        Assert.Equal(["acme", "globex", "initech", "umbrella"], organizations.Keys.Order());
        Assert.StartsWith("org_", organizations["globex"].GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("con_", organizations["globex"].GetProperty("connections")[0].GetProperty("id").GetString(), StringComparison.Ordinal);

        Assert.Equal(["saml", "oidc", "", "saml"], organizations.Values.Select(one => string.Concat(one.GetProperty("connections").EnumerateArray().Select(connection => connection.GetProperty("kind").GetString()))));
        Assert.Equal(
            ["saml, no password", "saml, no password", "oidc, no password", "oidc, no password", "password", "password", "password", "password", "saml, no password"],
            facts.GetProperty("people").EnumerateArray().Select(one => one.GetProperty("signsInBy").GetString() + (one.GetProperty("password").ValueKind == JsonValueKind.Null ? ", no password" : "")));
        Assert.Equal($"http://127.0.0.1:{hosts.PortBase + 5}", facts.GetProperty("sandboxes").GetProperty("acmeIdp").GetString());

        Assert.Equal(first, await FactsAsync(hosts));
    }

    [Fact]
    public async Task An_organization_of_the_running_demo_is_exported_as_a_file_that_plans_nothing()
    {
        var universe = DemoUniverse.On(new DemoHosts(FreePortBase()));
        await using var demo = await DemoHost.StartAsync(universe, _state, Ct);
        var (file, error) = (Path.Combine(_state, "acme.yaml"), new StringWriter());
        await using (var acme = File.CreateText(file)) Assert.Equal((0, ""), (await DemoHost.RunCommandAsync(["export", "acme"], universe, _state, acme, error, Ct), error.ToString()));

        var yaml = await File.ReadAllTextAsync(file, Ct);
        Assert.Contains("organizations:\n  acme:\n", yaml, StringComparison.Ordinal);
        Assert.Contains("kind: saml", yaml, StringComparison.Ordinal);
        var answer = new StringWriter();
        Assert.Equal((0, ""), (await DemoHost.RunCommandAsync(["plan", file, "--prune"], universe, _state, answer, error, Ct), error.ToString()));
        Assert.StartsWith("Nothing to do.", answer.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_that_another_version_made_is_refused_at_the_start()
    {
        var today = DemoUniverse.On(new DemoHosts(FreePortBase()));
        var before = new DemoUniverse(today.Hosts)
        {
            Organizations = [.. today.Organizations.Select(one => one.Slug == "acme" ? one with { Connection = null } : one)],
            People = today.People,
        };
        await using (await DemoHost.StartAsync(before, _state, Ct))
        {
        }

        var refused = await Assert.ThrowsAsync<StartupException>(() => DemoHost.StartAsync(today, _state, Ct));

        Assert.Contains("Acme", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_open_page_of_the_sample_app_learns_within_five_seconds_that_its_session_was_ended()
    {
        var hosts = new DemoHosts(FreePortBase());
        await using var demo = await DemoHost.StartAsync(DemoUniverse.On(hosts), _state, Ct);
        using var browser = new WebBrowser();
        var typed = await browser.GetAsync(new Uri(hosts.App, "/signin"), Ct);
        var asked = await browser.SubmitAsync(typed, Ct, ("email", "iris@initech.test"));
        var home = await browser.SubmitAsync(asked, Ct, ("password", DemoUniverse.Password));
        Assert.Equal((HttpStatusCode.OK, hosts.App.Authority), (home.Status, home.Address.Authority));
        var script = Assert.Single(home.Document.QuerySelectorAll("script"));
        Assert.Contains("script-src 'self'; connect-src 'self'", string.Join(' ', home.Response.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        Assert.Contains("/session", (await browser.GetAsync(new Uri(hosts.App, script.GetAttribute("src")!), Ct)).Text, StringComparison.Ordinal); // it has one
        Assert.Equal(HttpStatusCode.NoContent, (await SessionAsync()).StatusCode);

        using var management = await ManagementAsync(hosts);
        using var found = JsonDocument.Parse(await management.GetStringAsync(new Uri(hosts.Issuer, "/api/v1/users?email=iris@initech.test"), Ct));
        var id = found.RootElement.GetProperty("data")[0].GetProperty("id").GetString();
        var watch = Stopwatch.StartNew();
        Assert.Equal(HttpStatusCode.NoContent, (await management.DeleteAsync(new Uri(hosts.Issuer, $"/api/v1/users/{id}/sessions"), Ct)).StatusCode);
        while ((await SessionAsync()).StatusCode != HttpStatusCode.Unauthorized) Assert.True(watch.Elapsed < TimeSpan.FromSeconds(3), "Still signed in."); // and the page asks every two

        Assert.Contains("Sign in", (await browser.GetAsync(hosts.App, Ct)).Text, StringComparison.Ordinal);

        async Task<HttpResponseMessage> SessionAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(hosts.App, "/session"));
            return await browser.SendAsync(request, Ct);
        }
    }

    private static async Task<HttpClient> ManagementAsync(DemoHosts hosts)
    {
        var client = new HttpClient();
        using var content = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials", ["client_id"] = DemoUniverse.ManagementClientId, ["client_secret"] = DemoUniverse.ManagementClientSecret, ["scope"] = DemoUniverse.ManagementScope,
        });
        using var answer = await client.PostAsync(new Uri(hosts.Issuer, "/connect/token"), content, Ct);
        using var token = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct));
        client.DefaultRequestHeaders.Authorization = new("Bearer", token.RootElement.GetProperty("access_token").GetString());
        return client;
    }

    [Theory]
    [InlineData("--environment", "Production")]
    [InlineData("--environment=Staging")]
    public async Task The_demo_refuses_to_start_anywhere_but_in_development(params string[] args)
    {
        Assert.Equal(1, await DemoProgram.Main(args));
    }

    private async Task<string> FactsAsync(DemoHosts hosts)
    {
        await using var demo = await DemoHost.StartAsync(DemoUniverse.On(hosts), _state, Ct);
        using var client = new HttpClient();

        // What it says has to work: a token by the client that it names.
        using var content = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = DemoUniverse.ManagementClientId,
            ["client_secret"] = DemoUniverse.ManagementClientSecret,
            ["scope"] = DemoUniverse.ManagementScope,
        });
        using var token = await client.PostAsync(new Uri(hosts.Issuer, "/connect/token"), content, Ct);
        Assert.Equal(HttpStatusCode.OK, token.StatusCode);
        await AssertSignsInAsync(hosts);
        return await client.GetStringAsync(new Uri(hosts.Map, "/demo.json"), Ct);
    }

    /// <summary>The provider's key is kept with what was pinned of it: also after a second start, Acme's sign-in works.</summary>
    private static async Task AssertSignsInAsync(DemoHosts hosts)
    {
        using var browser = new WebBrowser();
        var typed = await browser.GetAsync(new Uri(hosts.App, "/signin"), Ct);
        var upstream = await browser.SubmitAsync(typed, Ct, ("email", "bob@acme.test"));
        Assert.Equal(hosts.AcmeIdp.Authority, upstream.Address.Authority);
        var answer = await browser.SubmitAsync(upstream, Ct, ("email", "bob@acme.test"));

        var home = await browser.SubmitAsync(answer, new Dictionary<string, string>(), Ct);

        Assert.Equal((HttpStatusCode.OK, hosts.App.Authority), (home.Status, home.Address.Authority));
        Assert.Equal(["billing", "member"], home.Document.QuerySelectorAll(".facts .tags")[0].QuerySelectorAll("li").Select(tag => tag.TextContent.Trim()).Order());
        await AssertChangesWorkspaceAsync(browser, home);
    }

    /// <summary>Into Acme's one workspace of Bob's and out of it again, by refresh.</summary>
    private static async Task AssertChangesWorkspaceAsync(WebBrowser browser, WebPage home)
    {
        const string Card = "[aria-labelledby=workspaces]";
        var choice = Assert.Single(home.Document.QuerySelectorAll($"{Card} button"));
        Assert.Equal("Work in Billing admin", string.Join(' ', choice.TextContent.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries)));

        var inside = await browser.SubmitAsync(home, new Dictionary<string, string>(), Ct, $"{Card} form", button: choice);
        Assert.Contains("You now work in another workspace of Acme.", inside.Text, StringComparison.Ordinal);
        Assert.Equal("admin", inside.Document.QuerySelectorAll(".facts .tags")[2].TextContent.Trim());
        Assert.Equal("Billing", inside.Document.QuerySelector($"{Card} [aria-current] span span")!.TextContent); // it is shown

        var outside = await browser.SubmitAsync(inside, new Dictionary<string, string>(), Ct, $"{Card} form", button: Assert.Single(inside.Document.QuerySelectorAll($"{Card} button")));
        Assert.Contains("You now work in all of Acme.", outside.Text, StringComparison.Ordinal);
        Assert.Equal(2, outside.Document.QuerySelectorAll(".facts .tags").Length);
    }

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(property => property.Name);

    internal static int FreePortBase()
    {
        while (true)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var start = ((IPEndPoint)probe.LocalEndpoint).Port;
            probe.Stop();
            if (start + DemoHosts.Count < 65_535 && Enumerable.Range(start, DemoHosts.Count).All(IsFree))
                return start;
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
