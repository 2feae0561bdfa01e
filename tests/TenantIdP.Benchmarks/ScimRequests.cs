using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using TenantIdP.Core.Directories;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Benchmarks;

/// <summary>What is sent to a SCIM endpoint, ours or another's, and how ours is started.</summary>
internal static class ScimRequests
{
    public static string User(string address, string title = "Engineer") =>
        $$"""{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"{{address}}","externalId":"ext-{{address}}","name":{"givenName":"Given","familyName":"Family"},"title":"{{title}}","emails":[{"value":"{{address}}","type":"work","primary":true}]}""";

    public static string Group(string name) => $$"""{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"{{name}}"}""";

    public static string Patch(string operation) => $$"""{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{{operation}}]}""";

    public static string OneMember(bool add, string member) => Patch(add
        ? $$"""{"op":"add","path":"members","value":[{"value":"{{member}}"}]}"""
        : $$"""{"op":"remove","path":"members[value eq \"{{member}}\"]"}""");

    public static string Members(string op, IEnumerable<string> members) =>
        Patch($$"""{"op":"{{op}}","path":"members","value":[{{string.Join(',', members.Select(m => $"{{\"value\":\"{m}\"}}"))}}]}""");

    public static StringContent Body(string json) => new(json, Encoding.UTF8, "application/scim+json");

    public static async Task<string> MakeAsync(HttpClient scim, string endpoint, string json)
    {
        using var answer = await scim.PostAsync(endpoint, Body(json));
        await ExpectAsync(answer);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("id").GetString()!; // created
    }

    public static async Task ExpectAsync(HttpResponseMessage answer)
    {
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    public static async Task<ServerProcess> StartServerAsync(IdpHost host)
    {
        var server = ServerProcess.Start(new Dictionary<string, string?>(host.Store.Settings)
        {
            ["TenantIdP:Issuer"] = host.Issuer, ["Logging:LogLevel:Default"] = "Warning",
            ["TenantIdP:Scim:RequestsPerSecond"] = "10000", // the load is one directory's
        });
        await server.ReadyAsync(CancellationToken.None, new Uri(host.Issuer).Authority);
        return server;
    }

    public static HttpClient ClientOf(ServerProcess server, IdpHost host, MadeDirectory made)
    {
        var http = ClientOf($"{server.Address}/scim/v2/{made.Directory.Id}/", made.Token.Secret);
        http.DefaultRequestHeaders.Host = new Uri(host.Issuer).Authority;
        return http;
    }

    public static HttpClient ClientOf(string address, string token)
    {
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = Load.Workers }) { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(10) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }
}
