using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using TenantIdP.Demo;

namespace TenantIdP.Browser.Tests;

/// <summary>What an administrator does by API before a page is looked at.</summary>
public sealed class ManagementClient : IDisposable
{
    private readonly HttpClient client;

    private ManagementClient(HttpClient client) => this.client = client;

    public static async Task<ManagementClient> OfAsync(DemoHosts hosts, CancellationToken ct)
    {
        var client = new HttpClient { BaseAddress = hosts.Issuer };
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials", ["scope"] = "management", ["client_id"] = DemoUniverse.ManagementClientId, ["client_secret"] = DemoUniverse.ManagementClientSecret,
        });
        var token = await ReadAsync(await client.PostAsync("/connect/token", form, ct), ct);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.GetProperty("access_token").GetString());
        return new ManagementClient(client);
    }

    /// <summary>The link to a test of the organization's first connection.</summary>
    public async Task<string> TestLinkAsync(string slug, CancellationToken ct)
    {
        var organization = await OrganizationAsync(slug, ct);
        var connections = await ReadAsync(await client.GetAsync($"{organization}/connections", ct), ct);
        var connection = connections.GetProperty("data")[0].GetProperty("id").GetString();
        return (await ReadAsync(await client.PostAsync($"{organization}/connections/{connection}/tests", null, ct), ct)).GetProperty("url").GetString()!; // the API always has it
    }

    /// <summary>The trace id of the organization's last sign-in that ended so.</summary>
    public async Task<string> LastTraceAsync(string slug, string outcome, CancellationToken ct)
    {
        var traces = await ReadAsync(await client.GetAsync($"{await OrganizationAsync(slug, ct)}/sign-in-traces?outcome={outcome}&limit=1", ct), ct);
        return traces.GetProperty("data")[0].GetProperty("traceId").GetString()!; // as above
    }

    /// <summary>What was seen in the named check, which failed in the sign-in of that trace.</summary>
    public async Task<string> FailedCheckAsync(string slug, string traceId, string check, CancellationToken ct)
    {
        var traces = await ReadAsync(await client.GetAsync($"{await OrganizationAsync(slug, ct)}/sign-in-traces?traceId={traceId}", ct), ct);
        var step = traces.GetProperty("data").EnumerateArray().Single().GetProperty("steps").EnumerateArray()
            .Single(one => one.GetProperty("check").GetString() == check && one.GetProperty("verdict").GetString() == "failed");
        return step.GetProperty("seen").GetString()!; // a failed check says what it saw
    }

    /// <summary>A device that waits: the link that it shows.</summary>
    public async Task<string> WaitingDeviceAsync(string slug, CancellationToken ct)
    {
        var app = await ReadAsync(await client.PostAsJsonAsync("/api/v1/apps", new
        {
            displayName = "Meeting room screen", kind = "public", scopes = new[] { "openid", "profile", "email", "offline_access" }, grantTypes = new[] { "urn:ietf:params:oauth:grant-type:device_code", "refresh_token" },
        }, ct), ct);
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["client_id"] = app.GetProperty("app").GetProperty("clientId").GetString()!, ["scope"] = "openid profile email offline_access", ["organization"] = slug, // as above
        });
        return (await ReadAsync(await client.PostAsync("/connect/device", form, ct), ct)).GetProperty("verification_uri_complete").GetString()!; // as above
    }

    /// <summary>An organization with a verified domain that treats its people so.</summary>
    public async Task<(string Path, string Host)> OrganizationOfDomainAsync(string name, string assignment, CancellationToken ct)
    {
        var host = $"{name.ToLowerInvariant()}-{Guid.CreateVersion7():n}.test";
        var organization = await ReadAsync(await client.PostAsJsonAsync("/api/v1/organizations", new { displayName = name }, ct), ct);
        var path = $"/api/v1/organizations/{organization.GetProperty("id").GetString()}";
        var domain = await ReadAsync(await client.PostAsJsonAsync($"{path}/domains", new { host }, ct), ct);
        var domainPath = $"{path}/domains/{domain.GetProperty("id").GetString()}";
        await ReadAsync(await client.PostAsJsonAsync($"{domainPath}/verify-by-operator", new { reason = "A browser test" }, ct), ct);
        await ReadAsync(await client.PatchAsJsonAsync(domainPath, new { assignment }, ct), ct);
        return (path, host);
    }

    /// <summary>A person with the demo's password and these verified addresses.</summary>
    public async Task NewPersonAsync(CancellationToken ct, params string[] emails) => await ReadAsync(
        await client.PostAsJsonAsync("/api/v1/users", new { name = "Holly Hooli", password = DemoUniverse.Password, emails = emails.Select(address => new { address, verified = true }) }, ct), ct);

    /// <summary>Active connections with these names.</summary>
    public async Task ConnectAsync(string organization, CancellationToken ct, params string[] names)
    {
        foreach (var displayName in names)
        {
            var made = await ReadAsync(await client.PostAsJsonAsync($"{organization}/connections", new { kind = "oidc", displayName, issuer = "http://127.0.0.1:9/", clientId = "c", clientSecret = "a secret that nobody asks for" }, ct), ct);
            await ReadAsync(await client.PostAsJsonAsync($"{organization}/connections/{made.GetProperty("id").GetString()}/activate", new { untestedReason = "A browser test" }, ct), ct);
        }
    }

    public void Dispose() => client.Dispose();

    private async Task<string> OrganizationAsync(string slug, CancellationToken ct) =>
        $"/api/v1/organizations/{(await ReadAsync(await client.GetAsync($"/api/v1/organizations/by-slug/{slug}", ct), ct)).GetProperty("id").GetString()}";

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        using (answer) return await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(ct);
    }
}
