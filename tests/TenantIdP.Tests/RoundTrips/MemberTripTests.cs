using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
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
    public async Task Removing_a_member_tells_any_number_of_apps_and_sessions_by_one_statement_more()
    {
        var organization = await host.CreateOrganizationAsync(Ct);
        var token = await TokenAsync();
        var apps = new[] { await AppAsync(), await AppAsync() };
        var counts = new List<Trips>();
        foreach (var sessions in new[] { 0, 0, 1, 6 })
        {
            var user = await NewUserAsync();
            var member = await host.AddMemberAsync(organization, user, Ct);
            for (var i = 0; i < sessions; i++)
            {
                var (browser, _) = await host.SignedInAsync(user, Ct);
                foreach (var app in apps) await IdpHost.TokensAsync(browser, app, Ct, ("organization", organization.Id.ToString()));
            }

            counts.Add((await SendAsync(HttpMethod.Delete, $"organizations/{organization.Id}/members/{member.Membership.Id}", null, token)).Trips);
        }

        // The rows themselves go in one statement where the store can, the apps are cached.
        var most = counts[3].Statements.Where(s => !s.Contains("INTO \"outbox_messages\"", StringComparison.Ordinal) && !s.Contains("INTO outbox_messages", StringComparison.Ordinal)).ToList();
        Assert.True(most.Count <= counts[1].Statements.Count + 1 + apps.Length, $"{counts[1]}\n=====\n{counts[3]}");
        Assert.Equal(1, counts[3].Commits);
    }

    private Task<RelyingParty> AppAsync() => host.CreateAppAsync(Ct, app => app with { BackchannelLogoutUri = $"https://{host.Unique("logout")}.example/logout" });

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

    [Fact]
    public async Task A_hundred_imported_people_are_one_commit_and_one_who_is_known_is_not_written()
    {
        var organization = await host.CreateOrganizationAsync(Ct);
        var token = await TokenAsync();
        await ImportAsync(Rows(2), token); // warm
        var (fifty, hundred) = (Rows(50), Rows(100));

        var (less, more) = (await ImportAsync(fifty, token), await ImportAsync(hundred, token));
        var again = await ImportAsync(hundred, token);

        Assert.True((less.Commits, more.Commits) == (1, 1), $"{less.Commits} and {more.Commits} commits");
        // Rows are written one by one on SQLite, which has no way to the database; on PostgreSQL in batches of the provider's.
        if (host.Store is PostgreSqlStore) Assert.True(more.Statements.Count <= 30, more.ToString());
        Assert.True(more.Statements.Count - more.Writes == less.Statements.Count - less.Writes, $"{less}\n=====\n{more}");
        Assert.True(again is { Writes: 0, Commits: <= 1 }, again.ToString());

        string Rows(int people) => string.Join('\n', Enumerable.Range(1, people).Select(i => JsonSerializer.Serialize(new
        {
            externalId = host.Unique("imported"), email = $"{host.Unique("i")}@example.test", emailVerified = true, name = $"Person {i}", memberships = new[] { new { organization = organization.Id.ToString() } },
        })));
    }

    private async Task<Trips> ImportAsync(string rows, string token)
    {
        var (text, trips) = await SendAsync(HttpMethod.Post, "users/import", new StringContent(rows, null, "application/x-ndjson"), token);
        Assert.DoesNotContain("\"failed\"", text, StringComparison.Ordinal);
        return trips.WithoutCaches();
    }

    private Task<User> NewUserAsync() => host.CreateUserAsync($"{host.Unique("p")}@example.test", Ct);

    private async Task<string> TokenAsync() =>
        (await new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), host.Http).TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;

    private async Task<(JsonElement Answer, Trips Trips)> AskAsync(HttpMethod method, string path, object? body, string token)
    {
        var (text, trips) = await SendAsync(method, path, body is null ? null : JsonContent.Create(body), token);
        return (JsonElement.Parse(text), trips.WithoutCaches());
    }

    private async Task<(string Text, Trips Trips)> SendAsync(HttpMethod method, string path, HttpContent? body, string token)
    {
        var (key, trips) = DatabaseTrips.Begin(host.Unique("members"));
        using var request = new HttpRequestMessage(method, $"{host.Issuer}/api/v1/{path}") { Content = body };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add(DatabaseTrips.Header, key);
        using var answer = await host.Http.SendAsync(request, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        return (text, trips);
    }
}

public sealed class MemberTripsOnSqlite(SqliteTripsHost host) : MemberTripTests(host), IClassFixture<SqliteTripsHost>;

[Trait("Store", "PostgreSql")]
public sealed class MemberTripsOnPostgreSql(PostgreSqlTripsHost host) : MemberTripTests(host), IClassFixture<PostgreSqlTripsHost>;
