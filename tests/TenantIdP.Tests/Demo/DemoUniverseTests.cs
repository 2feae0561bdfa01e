using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using TenantIdP.Demo;
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

        Assert.Equal(first, await FactsAsync(hosts));
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
        return await client.GetStringAsync(new Uri(hosts.Map, "/demo.json"), Ct);
    }

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(property => property.Name);

    private static int FreePortBase()
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
