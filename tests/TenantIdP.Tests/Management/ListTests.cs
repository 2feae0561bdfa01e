using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;
using Xunit;

namespace TenantIdP.Tests.Management;

/// <summary>What every list understands: an order, a period, filters of its own, the members that are shown.</summary>
public abstract class ListTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<List<JsonElement>> AllAsync(HttpClient client, string path, int limit = 2)
    {
        var (found, next, pages) = (new List<JsonElement>(), "", 0);
        while (next is not null)
        {
            Assert.True(++pages < 200, "The list does not end.");
            var page = await client.GetFromJsonAsync<JsonElement>($"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}limit={limit}{next}", Ct);
            found.AddRange(page.GetProperty("data").EnumerateArray());
            next = page.GetProperty("next").GetString() is { } cursor ? $"&after={cursor}" : null;
        }

        return found;
    }

    private static List<string> Texts(IEnumerable<JsonElement> items, string member) => [.. items.Select(i => i.GetProperty(member).GetString()!)]; // a text where it is asked for

    private async Task<Organization> NewAsync(string name) =>
        (await host.UseAsync<OrganizationService, Result<Organization>>(null, o => o.CreateAsync(new NewOrganization(name), Ct))).Value!; // valid input

    [Fact]
    public async Task Organizations_come_by_their_names_in_any_case_both_ways_and_namesakes_once_each()
    {
        var stem = ManagementHost.Unique("list");
        string[] names = [$"{stem} delta", $"{stem.ToUpperInvariant()} Ärzte", $"{stem} alpha", $"{stem} Alpha", $"{stem} ärzte", $"{stem} 東京", $"{stem} ALPHA", $"{stem}"];
        foreach (var name in names) await NewAsync(name);
        await NewAsync($"other {stem}");
        using var client = host.AsOperator();

        var forth = Texts(await AllAsync(client, $"organizations?q={stem}&sort=displayName", 3), "displayName");
        var back = Texts(await AllAsync(client, $"organizations?q={stem}&sort=-displayName", 3), "displayName");

        Assert.Equal(names.Order(StringComparer.Ordinal), forth.Order(StringComparer.Ordinal));
        Assert.Equal(forth.Select(TextKey.Of).Order(StringComparer.Ordinal), forth.Select(TextKey.Of));
        Assert.Equal(Enumerable.Reverse(forth), back);
        Assert.Equal(3, (await AllAsync(client, $"organizations?q={stem}%20aLpH")).Count);
        Assert.Equal(2, (await AllAsync(client, $"organizations?q={Uri.EscapeDataString(stem + " Ä")}")).Count);
        Assert.Empty(await AllAsync(client, $"organizations?q={stem}%25"));
    }

    [Fact]
    public async Task A_renamed_organization_is_found_by_its_new_name_only()
    {
        var (before, after) = (ManagementHost.Unique("before"), ManagementHost.Unique("after"));
        var organization = await NewAsync(before);
        await host.UseAsync<OrganizationService, Result<Organization>>(null, o => o.UpdateAsync(organization.Id, new OrganizationChanges { DisplayName = after }, Granter.Instance, null, Ct));
        using var client = host.AsOperator();

        Assert.Empty(await AllAsync(client, $"organizations?q={before}"));
        Assert.Equal(organization.Id.ToString(), Assert.Single(await AllAsync(client, $"organizations?q={after}")).GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_list_goes_backwards_and_within_a_period()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var made = new List<Workspace>();
        for (var i = 0; i < 5; i++)
            made.Add((await host.UseAsync<WorkspaceService, Result<Workspace>>(organization, s => s.CreateAsync(organization, new NewWorkspace($"Workspace {i}", null), Ct))).Value!); // valid input
        using var client = host.AsOperator();
        var path = $"organizations/{organization}/workspaces";
        var forth = Texts(await AllAsync(client, path), "id");

        Assert.Equal(made.Select(w => w.Id).Order().Select(id => id.ToString()), forth); // ids of one millisecond have no order of their making
        Assert.Equal(Enumerable.Reverse(forth), Texts(await AllAsync(client, $"{path}?sort=-createdAt"), "id"));
        var since = Uri.EscapeDataString(made[2].CreatedAt.ToString("O", System.Globalization.CultureInfo.InvariantCulture));
        var from = Texts(await AllAsync(client, $"{path}?createdAfter={since}"), "id");
        var until = Texts(await AllAsync(client, $"{path}?createdBefore={since}&sort=-createdAt"), "id");
        Assert.Contains(made[2].Id.ToString(), from);
        Assert.DoesNotContain(made[2].Id.ToString(), until);
        Assert.Equal(forth, Enumerable.Reverse(until).Concat(from));
        Assert.Empty(await AllAsync(client, $"{path}?createdAfter=2999-01-01T00:00:00Z"));
        Assert.Empty(await AllAsync(client, $"{path}?createdBefore=1960-01-01T00:00:00Z"));
        await AssertProblem.IsAsync(await client.GetAsync($"{path}?createdAfter=2026-01-02T00:00:00Z&createdBefore=2026-01-02T00:00:00Z", Ct), HttpStatusCode.BadRequest, "period_invalid", Ct);
    }

    [Fact]
    [Trait("Attack", "G6")]
    public async Task A_cursor_belongs_to_the_order_and_the_filter_it_was_made_for()
    {
        var stem = ManagementHost.Unique("cursor");
        for (var i = 0; i < 4; i++) await NewAsync($"{stem} {i}");
        using var client = host.AsOperator();
        var page = await client.GetFromJsonAsync<JsonElement>($"organizations?q={stem}&sort=displayName&limit=1", Ct);
        var cursor = page.GetProperty("next").GetString()!; // four are more than one

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"organizations?q={stem}&sort=displayName&after={cursor}", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"organizations?q={stem}&sort=displayName&fields=id&limit=7&after={cursor}", Ct)).StatusCode);
        foreach (var other in new[] { $"q={stem}&sort=-displayName", $"q={stem}", $"q={stem}&sort=createdAt", $"q={stem}x&sort=displayName", "sort=displayName", $"q={stem}&sort=displayName&status=active" })
            await AssertProblem.IsAsync(await client.GetAsync($"organizations?{other}&after={cursor}", Ct), HttpStatusCode.BadRequest, "invalid_cursor", Ct);
        for (var i = 0; i < cursor.Length; i += 7)
        {
            var changed = string.Concat(cursor.AsSpan(0, i), cursor[i] == 'A' ? "B" : "A", cursor.AsSpan(i + 1));
            await AssertProblem.IsAsync(await client.GetAsync($"organizations?q={stem}&sort=displayName&after={changed}", Ct), HttpStatusCode.BadRequest, "invalid_cursor", Ct);
        }
    }

    [Fact]
    public async Task Items_come_with_the_members_that_were_asked_for_and_an_unknown_one_is_refused_by_its_name()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var member = await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct);
        await host.UseAsync<Core.Events.EventSealer, int>(null, async sealer =>
        {
            await sealer.SealAsync(Ct);
            return 0;
        });
        using var client = host.AsOperator();

        var page = await client.GetFromJsonAsync<JsonElement>($"organizations/{organization}/members?fields=id, roles", Ct);
        var whole = await client.GetFromJsonAsync<JsonElement>($"organizations/{organization}/members", Ct);
        var events = await client.GetFromJsonAsync<JsonElement>($"organizations/{organization}/events?fields=type,position", Ct);

        var item = Assert.Single(page.GetProperty("data").EnumerateArray());
        Assert.Equal(["id", "roles"], item.EnumerateObject().Select(m => m.Name).Order(StringComparer.Ordinal));
        Assert.Equal(member.Membership.Id.ToString(), item.GetProperty("id").GetString());
        Assert.True(JsonElement.DeepEquals(whole.GetProperty("data")[0].GetProperty("roles"), item.GetProperty("roles")));
        Assert.Equal(JsonValueKind.Null, page.GetProperty("next").ValueKind);
        Assert.All(events.GetProperty("data").EnumerateArray(), e => Assert.Equal(2, e.EnumerateObject().Count()));
        Assert.False(events.GetProperty("more").GetBoolean());

        var problem = await AssertProblem.IsAsync(await client.GetAsync($"organizations/{organization}/members?fields=id,secret", Ct), HttpStatusCode.BadRequest, "field_unknown", Ct);
        Assert.Contains("'secret'", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        foreach (var wrong in new[] { "", "id,,roles", "Id", "id%00", "%3Cscript%3E", new string('a', 5_000) })
        {
            using var refused = await client.GetAsync($"organizations/{organization}/members?fields={wrong}", Ct);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.DoesNotContain("script", await refused.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Members_are_found_by_status_role_person_and_the_address_that_is_shown()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var stem = ManagementHost.Unique("ann");
        var ann = await PersonAsync($"{stem}@example.test", true);
        var squatter = await PersonAsync($"{stem}-s@example.test", false);
        var (admin, hidden) = (await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct, ann), await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct, squatter));
        var gone = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        await host.UseAsync<MemberService, Result<Member>>(organization, m => m.DeactivateAsync(organization, gone.Membership.Id, Granter.Instance, Ct));
        using var client = host.AsOperator();
        async Task<List<string>> FindAsync(string filter) => Texts(await AllAsync(client, $"organizations/{organization}/members?{filter}"), "id");

        Assert.Equal([gone.Membership.Id.ToString()], await FindAsync("status=deactivated"));
        Assert.Equal([admin.Membership.Id.ToString(), hidden.Membership.Id.ToString()], await FindAsync("status=active"));
        Assert.Equal([admin.Membership.Id.ToString()], await FindAsync("role=admin"));
        Assert.Empty(await FindAsync("role=nobody-has-this"));
        Assert.Equal([hidden.Membership.Id.ToString()], await FindAsync($"userId={squatter}"));
        Assert.Equal([admin.Membership.Id.ToString()], await FindAsync($"email={stem.ToUpperInvariant()}@EXAMPLE.test"));
        Assert.Equal([admin.Membership.Id.ToString()], await FindAsync($"q={stem}")); // an unverified address is nobody's
        Assert.Empty(await FindAsync($"email={stem}-s@example.test"));
        Assert.Equal([gone.Membership.Id.ToString()], await FindAsync("status=deactivated&role=member"));
        await AssertProblem.IsAsync(await client.GetAsync($"organizations/{organization}/members?status=removed", Ct), HttpStatusCode.BadRequest, "status_invalid", Ct);
        await AssertProblem.IsAsync(await client.GetAsync($"organizations/{organization}/members?email=nonsense", Ct), HttpStatusCode.BadRequest, "email_invalid", Ct);
        await AssertProblem.IsAsync(await client.GetAsync($"organizations/{organization}/members?q=", Ct), HttpStatusCode.BadRequest, "search_invalid", Ct);
    }

    [Fact]
    public async Task People_roles_keys_and_apps_have_filters_and_orders_of_their_own()
    {
        var stem = ManagementHost.Unique("paul");
        var (first, second) = (await PersonAsync($"{stem}.a@example.test", false), await PersonAsync($"{stem}.b@example.test", true));
        var owner = await host.NewUserAsync(Ct);
        var organization = await host.NewOrganizationAsync(Ct, owner);
        var role = (await host.UseAsync<RoleService, Result<Role>>(organization, s => s.CreateAsync(organization, new NewRole("billing", "Billing", []), Granter.Instance, Ct))).Value!; // valid input
        foreach (var by in new Id<User>?[] { null, owner })
            Assert.True((await host.UseAsync<KeyService, Result<MadeKey>>(organization, s => s.CreateAsync(organization, new KeySettings("Key", ["invoices:read"], null), by, Granter.Instance, Ct))).IsOk);
        using var client = host.AsOperator();

        Assert.Equal([second.ToString(), first.ToString()], Texts(await AllAsync(client, $"users?q={stem.ToUpperInvariant()}&sort=-createdAt"), "id"));
        Assert.Equal([role.Id.ToString()], Texts(await AllAsync(client, $"organizations/{organization}/roles?custom=true"), "id").Where(id => id == role.Id.ToString()));
        Assert.Equal(["admin", "guest", "member", "owner"], Texts(await AllAsync(client, $"organizations/{organization}/roles?custom=false"), "key").Order(StringComparer.Ordinal));
        Assert.Equal([role.Id.ToString()], Texts(await AllAsync(client, $"organizations/{organization}/roles?key=billing"), "id"));
        Assert.Equal(owner.ToString(), Assert.Single(await AllAsync(client, $"organizations/{organization}/keys?createdBy={owner}")).GetProperty("createdBy").GetString());
        var apps = Texts(await AllAsync(client, "apps", 50), "id");
        Assert.Equal(Enumerable.Reverse(apps), Texts(await AllAsync(client, "apps?sort=-createdAt", 50), "id"));

        foreach (var path in new[] { "organizations?sort=slug", "users?sort=displayName", "apps?sort=", "apps?sort=--createdAt", $"organizations/{organization}/roles?sort=key" })
            await AssertProblem.IsAsync(await client.GetAsync(path, Ct), HttpStatusCode.BadRequest, "sort_invalid", Ct);
    }

    [Fact]
    public async Task The_document_says_by_what_a_list_can_be_sorted()
    {
        var document = await ApiDocument.ReadAsync(host, Ct);
        string[] OrdersOf(string name) =>
            [.. document.Operations.Single(o => o.Json.GetProperty("operationId").GetString() == name).Parameters.Single(p => p.GetProperty("name").GetString() == "sort")
                .GetProperty("schema").GetProperty("enum").EnumerateArray().Select(e => e.GetString()!)]; // texts

        Assert.Equal(["createdAt", "-createdAt", "displayName", "-displayName"], OrdersOf("ListOrganizations"));
        foreach (var name in new[] { "ListUsers", "ListMembers", "ListRoles", "ListInstanceRoles", "ListApps", "ListWorkspaces", "ListKeys" }) Assert.Equal(["createdAt", "-createdAt"], OrdersOf(name));
        Assert.All(document.Operations.Where(o => o.Parameters.Any(p => p.GetProperty("name").GetString() == "after")), o => Assert.Contains(o.Parameters, p => p.GetProperty("name").GetString() == "fields"));
    }

    private async Task<Id<User>> PersonAsync(string email, bool verified) =>
        (await host.UseAsync<UserService, Result<User>>(null, users => users.CreateAsync(new NewUser([new NewUserEmail(email, verified)], "Person"), Ct))).Value!.Id; // valid input
}

public sealed class ListsOnSqlite(SqliteManagement host) : ListTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class ListsOnPostgreSql(PostgreSqlManagement host) : ListTests(host), IClassFixture<PostgreSqlManagement>;
