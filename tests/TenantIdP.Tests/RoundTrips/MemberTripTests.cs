using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.RoundTrips;

/// <summary>What members cost: a page the same at every depth, one more of them always the same, committed once.</summary>
public abstract class MemberTripTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_page_of_members_is_four_statements_at_every_depth_and_of_every_length()
    {
        var organization = await host.CreateOrganizationAsync(Ct);
        for (var i = 0; i < 12; i++) await host.AddMemberAsync(organization, await NewUserAsync(), Ct);
        var token = await TokenAsync();
        var path = $"organizations/{organization.Id}/members?limit=";
        await AskAsync(HttpMethod.Get, path + "1", null, token); // warm

        var (_, one) = await AskAsync(HttpMethod.Get, path + "1", null, token);
        var (page, five) = await AskAsync(HttpMethod.Get, path + "5", null, token);
        var (_, deep) = await AskAsync(HttpMethod.Get, path + "5&after=" + Uri.EscapeDataString(page.GetProperty("next").GetString()!), null, token); // 12 are more than 5

        var (_, found) = await AskAsync(HttpMethod.Get, path + "5&status=active&role=member&q=p&sort=-createdAt", null, token);

        Assert.True(five.Count == (4, 0), five.ToString());
        Assert.True(found.Count == five.Count, found.ToString());
        Assert.True(one.Count == five.Count && deep.Count == five.Count, $"{one}\n=====\n{deep}");
    }

    [Fact]
    public async Task One_more_member_is_one_commit_however_many_there_are()
    {
        var organization = await host.CreateOrganizationAsync(Ct);
        var token = await TokenAsync();
        var counts = new List<Trips>();
        for (var i = 0; i < 12; i++)
        {
            var (_, trips) = await AskAsync(HttpMethod.Post, $"organizations/{organization.Id}/members", new { userId = (await NewUserAsync()).Id.ToString() }, token);
            counts.Add(trips);
        }

        Assert.True(counts[^1] is { Commits: 1, Statements.Count: <= 13 }, counts[^1].ToString());
        Assert.True(counts[1].Count == counts[^1].Count, counts[1].ToString());
    }

    [Fact]
    public async Task A_key_is_read_by_one_statement_and_its_use_not_written_each_time()
    {
        var owner = await NewUserAsync();
        var organization = await host.CreateOrganizationAsync(Ct, owner.Id);
        var key = await host.UseAsync<KeyService, MadeKey>(s => s.CreateAsync(organization.Id, new KeySettings("Key", [Permission.MembersRead], null), owner.Id, Granter.Instance, Ct), organization.Id);
        var path = $"organizations/{organization.Id}/members";
        await AskAsync(HttpMethod.Get, path, null, key.Secret); // warm, and used

        var (_, trips) = await AskAsync(HttpMethod.Get, path, null, key.Secret);
        Assert.True(trips is { Commits: 0, Writes: 0, Statements.Count: <= 5 }, trips.ToString()); // the key, a page's three, and at times the catalogue of APIs
    }

    private Task<User> NewUserAsync() => host.CreateUserAsync($"{host.Unique("p")}@example.test", Ct);

    private async Task<string> TokenAsync() =>
        (await new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), host.Http).TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;

    private async Task<(JsonElement Answer, Trips Trips)> AskAsync(HttpMethod method, string path, object? body, string token)
    {
        var (key, trips) = DatabaseTrips.Begin(host.Unique("members"));
        using var request = new HttpRequestMessage(method, $"{host.Issuer}/api/v1/{path}") { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add(DatabaseTrips.Header, key);
        using var answer = await host.Http.SendAsync(request, Ct);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct), trips);
    }
}

public sealed class MemberTripsOnSqlite(SqliteTripsHost host) : MemberTripTests(host), IClassFixture<SqliteTripsHost>;

[Trait("Store", "PostgreSql")]
public sealed class MemberTripsOnPostgreSql(PostgreSqlTripsHost host) : MemberTripTests(host), IClassFixture<PostgreSqlTripsHost>;
