using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using TenantIdP.Server.Http;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Management;

public sealed class ManagementWithAnOldEndpoint() : ManagementHost(new SqliteStore())
{
    public static readonly DateTimeOffset Since = new(2026, 1, 15, 0, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset Sunset = new(2027, 1, 15, 0, 0, 0, TimeSpan.Zero);

    protected override void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/old", (bool refuse) => refuse ? Results.NotFound() : Results.Ok()).WithName("GetOld").WithTags("Old").Deprecated(Since, Sunset, "https://docs.example.test/old");
        routes.MapGet("/api/v1/new", () => Results.Ok()).WithName("GetNew").WithTags("Old");
    }
}

public sealed class DeprecationTests(ManagementWithAnOldEndpoint host) : IClassFixture<ManagementWithAnOldEndpoint>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_deprecated_endpoint_says_so_on_every_answer()
    {
        using var client = new HttpClient { BaseAddress = new Uri(host.Url, "/api/v1/") }; // outside the group, so not as the document says of its members
        foreach (var path in new[] { "old?refuse=false", "old?refuse=true" })
        {
            using var answer = await client.GetAsync(path, Ct);
            Assert.Equal("@1768435200", answer.Headers.GetValues("Deprecation").Single());
            Assert.Equal("Fri, 15 Jan 2027 00:00:00 GMT", answer.Headers.GetValues("Sunset").Single());
            Assert.Equal("<https://docs.example.test/old>; rel=\"deprecation\"; type=\"text/html\"", answer.Headers.GetValues("Link").Single());
        }

        Assert.False((await client.GetAsync("new", Ct)).Headers.Contains("Deprecation"));
    }

    [Fact]
    public async Task The_document_marks_it_and_no_other()
    {
        using var client = host.Client();
        var paths = (await client.GetFromJsonAsync<JsonElement>(new Uri(host.Url, "/openapi/v1.json"), Ct)).GetProperty("paths");
        var deprecated = paths.EnumerateObject().SelectMany(p => p.Value.EnumerateObject()).Select(o => o.Value).Where(o => o.TryGetProperty("deprecated", out var marked) && marked.GetBoolean()).ToList();
        var old = Assert.Single(deprecated);
        Assert.Equal("GetOld", old.GetProperty("operationId").GetString());
        Assert.Contains("2027-01-15", old.GetProperty("description").GetString(), StringComparison.Ordinal);
        var headers = old.GetProperty("responses").GetProperty("200").GetProperty("headers").EnumerateObject().Select(h => h.Name).ToHashSet();
        Assert.Superset(new HashSet<string> { "Deprecation", "Sunset", "Link" }, headers);
    }

    [Fact]
    public void What_ends_before_it_is_discouraged_is_refused()
    {
        using var app = (IDisposable)WebApplication.CreateSlimBuilder().Build();
        Assert.Throws<ArgumentException>(() => ((WebApplication)app).MapGet("/odd", () => Results.Ok()).Deprecated(ManagementWithAnOldEndpoint.Sunset, ManagementWithAnOldEndpoint.Since, "https://docs.example.test/old"));
    }
}
