using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Nodes;

/// <summary>A host whose file may grow to a few megabytes.</summary>
public sealed class SmallIdp() : IdpHost(new SqliteStore())
{
    public const int Megabytes = 8;

    protected override void Configure(WebApplicationBuilder builder) =>
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["TenantIdP:Database:MaxMegabytes"] = $"{Megabytes}" });
}

[Trait("Fault", "R9")]
public sealed class DiskFullTests(SmallIdp idp) : IClassFixture<SmallIdp>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_room_writes_are_refused_reads_go_on_and_with_room_again_writes_do_too()
    {
        var known = await idp.CreateOrganizationAsync(Ct);
        var token = (await new RelyingParty(idp.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), idp.Http).TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;
        await using var outside = new SqliteConnection(idp.Store.Settings["ConnectionStrings:TenantIdP"]);
        await outside.OpenAsync(Ct);
        await FillAsync(outside);

        // Rows may find room on pages that are there already; not for ever.
        var refused = await Waiting.UntilAsync(async () => (await CreateAsync(token)).StatusCode == HttpStatusCode.ServiceUnavailable, Patience, "a write is refused", Ct);
        Assert.True(refused < Patience);
        using var answer = await CreateAsync(token);
        Assert.NotNull(answer.Headers.RetryAfter);
        await AssertProblem.IsAsync(answer, HttpStatusCode.ServiceUnavailable, "temporarily_unavailable", Ct);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, $"organizations/{known.Id}", token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await idp.Http.GetAsync(idp.Issuer + "/health/ready", Ct)).StatusCode);
        Assert.Equal("ok", await ScalarAsync(outside, "PRAGMA integrity_check"));

        await ScalarAsync(outside, "DROP TABLE filler");

        await Waiting.UntilAsync(async () => (await CreateAsync(token)).StatusCode == HttpStatusCode.Created, Patience, "writes go on", Ct);
        Assert.Equal("ok", await ScalarAsync(outside, "PRAGMA integrity_check"));
    }

    private Task<HttpResponseMessage> CreateAsync(string token) => SendAsync(HttpMethod.Post, "organizations", token, new { displayName = new string('x', 100) });

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string token, object? body = null)
    {
        using var request = new HttpRequestMessage(method, $"{idp.Issuer}/api/v1/{path}") { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await idp.Http.SendAsync(request, Ct);
    }

    /// <summary>To the limit of the host's connections; this one has none.</summary>
    private static async Task FillAsync(SqliteConnection outside)
    {
        await ScalarAsync(outside, "PRAGMA busy_timeout = 10000");
        await ScalarAsync(outside, "CREATE TABLE filler (bytes BLOB)");
        var size = (long)(await ScalarAsync(outside, "SELECT page_size FROM pragma_page_size"))!; // a database has one
        var most = SmallIdp.Megabytes * 1024L * 1024 / size;
        while ((long)(await ScalarAsync(outside, "SELECT page_count FROM pragma_page_count"))! < most) await ScalarAsync(outside, "INSERT INTO filler VALUES (zeroblob(65536))"); // as above
    }

    private static async Task<object?> ScalarAsync(SqliteConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync(Ct);
    }
}
