using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Organizations;

/// <summary>What an application keeps with its customers.</summary>
public abstract class OrganizationMetadataTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_merged_null_deletes_and_events_do_not_tell_it()
    {
        using var client = host.AsOperator();
        using var created = await client.PostAsJsonAsync("organizations", new { displayName = ManagementHost.Unique("Acme"), metadata = new { plan = "pro", crm = new { id = 7, owner = "ann@acme.test" } } }, Ct);
        var organization = await created.Content.ReadFromJsonAsync<JsonElement>(Ct);
        var path = $"organizations/{organization.GetProperty("id").GetString()}";
        Assert.Equal("pro", organization.GetProperty("metadata").GetProperty("plan").GetString());

        var patched = await PatchAsync(client, path, """{"metadata":{"plan":null,"crm":{"id":8},"seats":50}}""");
        Assert.Equal("""{"crm":{"id":8,"owner":"ann@acme.test"},"seats":50}""", patched.GetProperty("metadata").GetRawText());
        var same = await PatchAsync(client, path, """{"metadata":{"seats":50}}""");
        Assert.Equal(patched.GetProperty("version").GetInt32(), same.GetProperty("version").GetInt32());
        Assert.Equal("{}", (await PatchAsync(client, path, """{"metadata":null}""")).GetProperty("metadata").GetRawText());

        var id = Id<Organization>.Parse(organization.GetProperty("id").GetString()!, null); // it was answered
        var told = await host.ReadAsync(id, db => db.Events.Where(e => e.Type == EventTypes.OrganizationUpdated).Select(e => e.Data).ToListAsync(Ct));
        Assert.Equal(2, told.Count);
        Assert.All(told, data => Assert.DoesNotContain("ann@acme.test", data, StringComparison.Ordinal));
    }

    [Theory, InlineData("[]"), InlineData("\"x\""), InlineData("7"), InlineData("TOO MANY"), InlineData("TOO LONG")]
    public async Task What_is_no_object_or_too_large_is_refused_and_changes_nothing(string metadata)
    {
        var organization = await host.NewOrganizationAsync(Ct);
        using var client = host.AsOperator();
        var value = metadata switch
        {
            "TOO MANY" => JsonSerializer.Serialize(Enumerable.Range(0, 51).ToDictionary(i => $"k{i}", i => i)),
            "TOO LONG" => JsonSerializer.Serialize(new { k = new string('x', 17_000) }),
            _ => metadata,
        };

        using var answer = await client.PatchAsync($"organizations/{organization}", Json($$"""{"metadata":{{value}},"displayName":"Changed"}"""), Ct);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("\"code\":\"metadata_", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        Assert.NotEqual("Changed", await host.ReadAsync(null, db => db.Organizations.Where(o => o.Id == organization).Select(o => o.DisplayName).SingleAsync(Ct)));
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/merge-patch+json");

    private static async Task<JsonElement> PatchAsync(HttpClient client, string path, string body)
    {
        using var answer = await client.PatchAsync(path, Json(body), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement;
    }
}

public sealed class OrganizationMetadataOnSqlite(SqliteManagement host) : OrganizationMetadataTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class OrganizationMetadataOnPostgreSql(PostgreSqlManagement host) : OrganizationMetadataTests(host), IClassFixture<PostgreSqlManagement>;
