using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Events;

public abstract class EventEndpointTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_operator_reads_what_happened_who_did_it_and_what_changed()
    {
        using var client = host.AsOperator();
        var organization = await host.NewOrganizationAsync(Ct);
        Assert.Equal(HttpStatusCode.OK, (await client.PatchAsJsonAsync($"organizations/{organization}", new { displayName = "Renamed", externalId = "crm-1" }, Ct)).StatusCode);
        await SealAsync();

        var page = await GetAsync(client, $"events?organizationId={organization}");

        var found = page.GetProperty("data").EnumerateArray().ToList();
        Assert.Equal([EventTypes.OrganizationCreated, EventTypes.OrganizationUpdated], found.Select(e => e.GetProperty("type").GetString()));
        var updated = found[1];
        Assert.StartsWith("evt_", updated.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal(("app", "app_operator"), (updated.GetProperty("actor").GetProperty("kind").GetString(), updated.GetProperty("actor").GetProperty("id").GetString()));
        Assert.Equal((organization.ToString(), organization.ToString()), (updated.GetProperty("organizationId").GetString(), updated.GetProperty("target").GetString()));
        var changes = updated.GetProperty("data").GetProperty("changes");
        Assert.Equal(["displayName", "externalId"], changes.EnumerateObject().Select(c => c.Name).Order());
        Assert.Equal("Renamed", changes.GetProperty("displayName").GetProperty("after").GetString());
        Assert.Equal((JsonValueKind.Null, "crm-1"), (changes.GetProperty("externalId").GetProperty("before").ValueKind, changes.GetProperty("externalId").GetProperty("after").GetString()));
        Assert.Equal(JsonValueKind.Null, updated.GetProperty("personal").ValueKind);
        Assert.False(string.IsNullOrEmpty(updated.GetProperty("traceId").GetString()));
        Assert.Equal(64, updated.GetProperty("hash").GetString()!.Length); // sealed
        var rest = await GetAsync(client, $"events?organizationId={organization}&after={page.GetProperty("next").GetString()}");
        Assert.Equal((0, false), (rest.GetProperty("data").GetArrayLength(), rest.GetProperty("more").GetBoolean()));
        Assert.False(page.GetProperty("more").GetBoolean());
    }

    [Fact]
    public async Task Every_update_says_what_was_before_and_never_a_secret_and_names_only_in_the_personal_row()
    {
        const string First = "upstream-secret-the-first", Second = "upstream-secret-the-second", OldName = "Jane Unforgettable", NewName = "Joan Unforgettable";
        using var client = host.AsOperator();
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var user = await CreateAsync(client, "users", new { name = OldName, emails = new[] { new { address = $"{ManagementHost.Unique("jane")}@example.test", verified = true } } });
        var member = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        var role = await CreateAsync(client, $"organizations/{organization}/roles", new { key = "auditor", displayName = "Auditor", permissions = new[] { "events:read" } });
        var connection = await CreateAsync(client, $"organizations/{organization}/connections", new { displayName = "Okta", issuer = "https://idp.example.test", clientId = "c", clientSecret = First });
        var api = await CreateAsync(client, "apis", new { identifier = $"https://{ManagementHost.Unique("api")}.example", displayName = "Before" });
        var app = await CreateAsync(client, "apps", new { displayName = "Before", kind = "web", redirectUris = new[] { "https://site.example.test/cb" } }, "app");

        await PatchAsync(client, $"users/{user}", new { name = NewName });
        await PatchAsync(client, $"organizations/{organization}/roles/{role}", new { permissions = new[] { "events:read", "members:read" } });
        await PatchAsync(client, $"organizations/{organization}/connections/{connection}", new { displayName = "Entra", clientSecret = Second });
        await PatchAsync(client, $"apis/{api}", new { displayName = "After" });
        await PatchAsync(client, $"apps/{app}", new { displayName = "After" });
        Assert.Equal(HttpStatusCode.OK, (await client.PutAsync($"organizations/{organization}/members/{member.Membership.Id}/roles/admin", null, Ct)).StatusCode);
        await SealAsync();

        Assert.Equal("""{"permissions":{"before":["events:read"],"after":["events:read","members:read"]}}""", await ChangesAsync(client, role));
        Assert.Equal("""{"displayName":{"before":"Okta","after":"Entra"},"secret":{"before":null,"after":"replaced"}}""", await ChangesAsync(client, connection));
        Assert.Equal("""{"displayName":{"before":"Before","after":"After"}}""", await ChangesAsync(client, api));
        Assert.Equal("""{"displayName":{"before":"Before","after":"After"}}""", await ChangesAsync(client, app));
        Assert.Equal("""{"roles":{"before":["member"],"after":["admin","member"]}}""", await ChangesAsync(client, member.Membership.Id.ToString()));
        Assert.Equal($$$"""{"name":{"before":"{{{OldName}}}","after":"{{{NewName}}}"}}""", await ChangesAsync(client, user, "personal"));

        var all = await client.GetStringAsync("events/export", Ct);
        Assert.DoesNotContain("upstream-secret", all, StringComparison.Ordinal);
        Assert.DoesNotContain("tidp_secret_", all, StringComparison.Ordinal);
        foreach (var line in all.Split('\n', StringSplitOptions.RemoveEmptyEntries)) Assert.DoesNotContain("Unforgettable", JsonElement.Parse(line).GetProperty("data").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Attack", "G6")]
    public async Task An_admin_reads_their_own_organization_only_whatever_the_query_asks_for()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var foreign = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var admin = await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct);
        var plain = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        await SealAsync();
        using var client = await host.AsUserAsync(admin.Membership.UserId, organization, Ct);
        using var member = await host.AsUserAsync(plain.Membership.UserId, organization, Ct);

        foreach (var query in new[] { "", "?organizationId=" + foreign, "?target=" + foreign, "?type=organization." })
        {
            var found = (await GetAsync(client, $"organizations/{organization}/events{query}")).GetProperty("data").EnumerateArray().ToList();
            Assert.All(found, e => Assert.Equal(organization.ToString(), e.GetProperty("organizationId").GetString()));
            Assert.Equal(query.StartsWith("?target", StringComparison.Ordinal), found.Count == 0);
            Assert.DoesNotContain(foreign.ToString(), await client.GetStringAsync($"organizations/{organization}/events/export{query}", Ct), StringComparison.Ordinal);
        }

        await AssertProblem.IsAsync(await client.GetAsync($"organizations/{foreign}/events/export", Ct), HttpStatusCode.NotFound, "organization_not_found", Ct);
        await AssertProblem.IsAsync(await member.GetAsync($"organizations/{organization}/events", Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);
        await AssertProblem.IsAsync(await member.GetAsync($"organizations/{organization}/events/export", Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);
    }

    [Theory]
    [InlineData("?limit=0", "limit_invalid")]
    [InlineData("?limit=201", "limit_invalid")]
    [InlineData("?after=evt_1", "invalid_cursor")]
    [InlineData("?after=-5", "invalid_cursor")]
    [InlineData("?type=Member.Joined", "event_type_invalid")]
    [InlineData("?type=member", "event_type_invalid")]
    [InlineData("?type=%25", "event_type_invalid")]
    [InlineData("?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "period_invalid")]
    [InlineData("?since=yesterday", "parameter_invalid")]
    [InlineData("?organizationId=org_x", "parameter_invalid")]
    [InlineData("/export?format=xml", "format_invalid")]
    [InlineData("/export?type=Member.Joined", "event_type_invalid")]
    public async Task A_wrong_query_is_named(string query, string code)
    {
        using var client = host.AsOperator();

        await AssertProblem.IsAsync(await client.GetAsync("events" + query, Ct), HttpStatusCode.BadRequest, code, Ct);
    }

    [Fact]
    public async Task A_poller_that_goes_on_with_next_sees_each_event_once()
    {
        using var client = host.AsOperator();
        var organization = await host.NewOrganizationAsync(Ct);
        await SealAsync();
        var (first, next) = await PollAsync(null);
        for (var i = 0; i < 5; i++) await PatchAsync(client, $"organizations/{organization}", new { displayName = $"Name {i}" });
        Assert.Empty((await PollAsync(next)).Types); // not sealed yet
        await SealAsync();
        var (second, last) = await PollAsync(next);
        var (third, end) = await PollAsync(last);

        Assert.Equal([EventTypes.OrganizationCreated], first);
        Assert.Equal(Enumerable.Repeat(EventTypes.OrganizationUpdated, 5), second);
        Assert.Empty(third);
        Assert.Equal(last, end);

        async Task<(List<string?> Types, string? Next)> PollAsync(string? after)
        {
            var types = new List<string?>();
            while (true)
            {
                var page = await GetAsync(client, $"events?organizationId={organization}&limit=2{(after is null ? "" : "&after=" + after)}");
                types.AddRange(page.GetProperty("data").EnumerateArray().Select(e => e.GetProperty("type").GetString()));
                after = page.GetProperty("next").GetString();
                if (!page.GetProperty("more").GetBoolean()) return (types, after);
            }
        }
    }

    [Fact]
    public async Task Both_exports_hold_every_event_and_erased_people_are_in_neither()
    {
        using var client = host.AsOperator();
        var email = $"{ManagementHost.Unique("erased")}@example.test";
        var user = Id<User>.Parse(await CreateAsync(client, "users", new { name = "Erased", emails = new[] { new { address = email, verified = true } } }), null);
        await SealAsync();
        Assert.Contains(email, await client.GetStringAsync($"events/export?target={user}", Ct), StringComparison.Ordinal);
        Assert.Equal(1, await host.UseAsync<EventErasure, int>(null, e => e.EraseUsersAsync([user], Ct)));

        using var ndjson = await client.GetAsync($"events/export?target={user}", Ct);
        using var csv = await client.GetAsync($"events/export?target={user}&format=csv", Ct);

        Assert.Equal(("application/x-ndjson", "events.ndjson"), (ndjson.Content.Headers.ContentType?.ToString(), ndjson.Content.Headers.ContentDisposition?.FileName));
        Assert.Equal(("text/csv; charset=utf-8", "events.csv"), (csv.Content.Headers.ContentType?.ToString(), csv.Content.Headers.ContentDisposition?.FileName));
        var line = JsonElement.Parse(Assert.Single((await ndjson.Content.ReadAsStringAsync(Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal((EventTypes.UserCreated, JsonValueKind.Null), (line.GetProperty("type").GetString(), line.GetProperty("personal").ValueKind));
        var rows = Csv.Parse(await csv.Content.ReadAsStringAsync(Ct));
        Assert.Equal(["position", "id", "type", "occurredAt", "organizationId", "actorKind", "actorId", "target", "data", "personal", "traceId", "hash"], rows[0]);
        Assert.Equal([line.GetProperty("id").GetString(), EventTypes.UserCreated, line.GetProperty("data").GetRawText(), "", line.GetProperty("hash").GetString()], [rows[1][1], rows[1][2], rows[1][8], rows[1][9], rows[1][11]]);
        Assert.Equal(2, rows.Count);
    }

    [Fact]
    public async Task An_export_is_longer_than_a_page_and_the_same_in_both_forms()
    {
        using var client = host.AsOperator();
        var organization = await host.NewOrganizationAsync(Ct);
        await RecordAsync(organization, Enumerable.Range(0, 1_200).Select(i => $"mem_{i}"));
        await SealAsync();

        var lines = (await client.GetStringAsync($"events/export?organizationId={organization}&type=member.", Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var rows = Csv.Parse(await client.GetStringAsync($"organizations/{organization}/events/export?format=csv&type=member.", Ct));

        Assert.Equal(1_200, lines.Length);
        Assert.Equal(lines.Select(l => JsonElement.Parse(l).GetProperty("id").GetString()), rows.Skip(1).Select(r => r[1]));
    }

    [Theory]
    [InlineData("=HYPERLINK(\"http://evil.example\",\"x\")")]
    [InlineData("+1+cmd|' /C calc'!A0")]
    [InlineData("-2+3")]
    [InlineData("@SUM(1)")]
    [InlineData("\t=1+1")]
    [InlineData("\r=1+1")]
    [InlineData("＝1+1")]
    public async Task A_cell_is_never_a_formula(string payload)
    {
        using var client = host.AsOperator();
        var organization = await host.NewOrganizationAsync(Ct);
        await RecordAsync(organization, [payload]);
        await SealAsync();

        var rows = Csv.Parse(await client.GetStringAsync($"organizations/{organization}/events/export?format=csv&type=member.", Ct));

        Assert.Equal("'" + payload, rows[1][7]);
        Assert.All(rows.SelectMany(r => r), cell => Assert.False(cell.Length > 0 && "=+-@\t\r\n".Contains(cell[0], StringComparison.Ordinal), cell));
    }

    private Task<int> SealAsync() => host.UseAsync<EventSealer, int>(null, s => s.SealAsync(Ct));

    private async Task RecordAsync(Id<Organization> organization, IEnumerable<string> targets)
    {
        await using var scope = host.Services.CreateAsyncScope();
        var (db, log) = (scope.ServiceProvider.GetRequiredService<IdpDbContext>(), scope.ServiceProvider.GetRequiredService<EventLog>());
        db.EnterOrganization(organization);
        foreach (var target in targets) log.Record(EventTypes.MemberJoined, organization, target);
        await db.SaveChangesAsync(Ct);
    }

    private static async Task<JsonElement> GetAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path, Ct);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct));
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Ct);
    }

    private static async Task<string> CreateAsync(HttpClient client, string path, object body, string? inside = null)
    {
        using var answer = await client.PostAsJsonAsync(path, body, Ct);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync(Ct));
        var made = await answer.Content.ReadFromJsonAsync<JsonElement>(Ct);
        return (inside is null ? made : made.GetProperty(inside)).GetProperty("id").GetString()!; // every object has one
    }

    private static async Task PatchAsync(HttpClient client, string path, object body)
    {
        using var answer = await client.PatchAsJsonAsync(path, body, Ct);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct));
    }

    /// <summary>Of the last event about it.</summary>
    private static async Task<string> ChangesAsync(HttpClient client, string target, string member = "data") =>
        (await GetAsync(client, $"events?target={target}")).GetProperty("data").EnumerateArray().Last().GetProperty(member).GetProperty("changes").GetRawText();
}

public sealed class EventEndpointsOnSqlite(SqliteManagement host) : EventEndpointTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class EventEndpointsOnPostgreSql(PostgreSqlManagement host) : EventEndpointTests(host), IClassFixture<PostgreSqlManagement>;
