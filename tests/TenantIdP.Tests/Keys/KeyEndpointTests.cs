using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Keys;

/// <summary>An organization's keys: what they may do, whom they depend on, and how they end.</summary>
public abstract class KeyEndpointTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_does_in_its_organization_what_it_was_given_and_nothing_else()
    {
        var (organization, owner) = await OrganizationAsync();
        var (elsewhere, _) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        var (id, secret) = await MakeAsync(api, organization, Permission.MembersRead, Permission.EventsRead);
        using var key = host.Client(secret);

        using (var members = await key.GetAsync($"organizations/{organization}/members", Ct)) Assert.True(members.IsSuccessStatusCode, await members.Content.ReadAsStringAsync(Ct));
        await AssertProblem.IsAsync(await key.GetAsync($"organizations/{organization}/roles", Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);
        await AssertProblem.IsAsync(await key.GetAsync($"organizations/{elsewhere}/members", Ct), HttpStatusCode.NotFound, "organization_not_found", Ct);
        await AssertProblem.IsAsync(await key.GetAsync("users", Ct), HttpStatusCode.Forbidden, "operator_required", Ct);
        await AssertProblem.IsAsync(await key.GetAsync("me/organizations", Ct), HttpStatusCode.Forbidden, "user_required", Ct);

        var shown = await api.GetFromJsonAsync<JsonElement>($"organizations/{organization}/keys/{id}", Ct);
        Assert.Equal(secret[..15], shown.GetProperty("prefix").GetString());
        Assert.Equal(owner.ToString(), shown.GetProperty("createdBy").GetString());
        Assert.NotEqual(JsonValueKind.Null, shown.GetProperty("lastUsedAt").ValueKind);
        Assert.DoesNotContain(secret[15..], shown.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain(secret[15..], await host.ReadAsync(organization, async db => string.Join('\n', await db.Events.Select(e => e.Data).ToListAsync(Ct))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_key_does_is_said_to_be_its_doing()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        var (id, secret) = await MakeAsync(api, organization, Permission.RolesWrite, Permission.MembersRead);
        using var key = host.Client(secret);
        using var made = await key.PostAsJsonAsync($"organizations/{organization}/roles", new { key = ManagementHost.Unique("r"), displayName = "Role", permissions = new[] { Permission.MembersRead } }, Ct);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);

        var by = await host.ReadAsync(organization, db => db.Events.Where(e => e.Type == EventTypes.RoleCreated).Select(e => new { e.ActorKind, e.ActorId }).SingleAsync(Ct));
        Assert.Equal((ActorKind.Key, id), (by.ActorKind, by.ActorId));
        await AssertProblem.IsAsync(await key.PostAsJsonAsync($"organizations/{organization}/roles", new { key = ManagementHost.Unique("r"), displayName = "Role", permissions = new[] { Permission.EventsRead } }, Ct),
            HttpStatusCode.Forbidden, "role_escalation", Ct);
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Nobody_gives_a_key_more_than_they_have_and_no_key_controls_the_organization()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        foreach (var never in ApiKey.Never) await AssertProblem.IsAsync(await PostAsync(api, organization, never), HttpStatusCode.BadRequest, "key_permission_refused", Ct);
        await AssertProblem.IsAsync(await PostAsync(host.AsOperator(), organization, Permission.ConnectionsWrite), HttpStatusCode.BadRequest, "key_permission_refused", Ct);

        // Somebody who may make keys and little else.
        var role = (await host.UseAsync<RoleService, Result<Role>>(organization, s => s.CreateAsync(organization, new NewRole(ManagementHost.Unique("r"), "Keys", [Permission.KeysWrite, Permission.KeysRead]), Granter.Instance, Ct))).Value!; // valid
        var maker = await host.NewMemberAsync(organization, role.Key, Ct);
        using var their = await host.AsUserAsync(maker.Membership.UserId, organization, Ct);
        await AssertProblem.IsAsync(await PostAsync(their, organization, Permission.MembersWrite), HttpStatusCode.Forbidden, "role_escalation", Ct);
        var (own, _) = await MakeAsync(api, organization, Permission.MembersWrite);
        await AssertProblem.IsAsync(await their.PatchAsJsonAsync($"organizations/{organization}/keys/{own}", new { displayName = "Mine now" }, Ct), HttpStatusCode.Forbidden, "role_escalation", Ct);
        await AssertProblem.IsAsync(await PostAsync(api, organization), HttpStatusCode.BadRequest, "key_permissions_invalid", Ct);
    }

    [Fact]
    [Trait("Attack", "D2")]
    public async Task A_key_ends_with_its_maker_and_loses_what_they_lose()
    {
        var (organization, owner) = await OrganizationAsync();
        var role = (await host.UseAsync<RoleService, Result<Role>>(organization, s => s.CreateAsync(
            organization, new NewRole(ManagementHost.Unique("r"), "Maker", [Permission.KeysWrite, Permission.MembersRead, Permission.EventsRead]), Granter.Instance, Ct))).Value!; // valid
        var maker = await host.NewMemberAsync(organization, role.Key, Ct);
        using var their = await host.AsUserAsync(maker.Membership.UserId, organization, Ct);
        var (_, secret) = await MakeAsync(their, organization, Permission.MembersRead, Permission.EventsRead);
        using var key = host.Client(secret);
        using var api = await host.AsUserAsync(owner, organization, Ct);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(key, $"organizations/{organization}/members"));

        using (var narrowed = await api.PatchAsJsonAsync($"organizations/{organization}/roles/{role.Id}", new { permissions = new[] { Permission.EventsRead } }, Ct)) Assert.True(narrowed.IsSuccessStatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(key, $"organizations/{organization}/members"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(key, $"organizations/{organization}/events"));

        using (var gone = await api.PostAsync($"organizations/{organization}/members/{maker.Membership.Id}/deactivate", null, Ct)) Assert.True(gone.IsSuccessStatusCode);
        await AssertProblem.IsAsync(await key.GetAsync($"organizations/{organization}/events", Ct), HttpStatusCode.Unauthorized, "invalid_token", Ct);
        using (var back = await api.PostAsync($"organizations/{organization}/members/{maker.Membership.Id}/reactivate", null, Ct)) Assert.True(back.IsSuccessStatusCode);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(key, $"organizations/{organization}/events"));

        using (var suspended = await host.AsOperator().PostAsync($"users/{maker.Membership.UserId}/suspend", null, Ct)) Assert.True(suspended.IsSuccessStatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(key, $"organizations/{organization}/events"));
        using (var resumed = await host.AsOperator().PostAsync($"users/{maker.Membership.UserId}/resume", null, Ct)) Assert.True(resumed.IsSuccessStatusCode);
        using (var removed = await api.DeleteAsync($"organizations/{organization}/members/{maker.Membership.Id}", Ct)) Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(key, $"organizations/{organization}/events"));
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task A_key_that_no_member_answers_for_is_changed_by_an_operator_only_and_deleted_by_owners()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        using var @operator = host.AsOperator();
        var (id, secret) = await MakeAsync(@operator, organization, Permission.MembersRead);
        var path = $"organizations/{organization}/keys/{id}";

        await AssertProblem.IsAsync(await api.PatchAsJsonAsync(path, new { permissions = new[] { Permission.MembersRead, Permission.MembersWrite } }, Ct), HttpStatusCode.Forbidden, "key_of_operator", Ct);
        await AssertProblem.IsAsync(await api.PatchAsJsonAsync(path, new { displayName = "Mine now" }, Ct), HttpStatusCode.Forbidden, "key_of_operator", Ct);
        using (var renamed = await @operator.PatchAsJsonAsync(path, new { displayName = "Export" }, Ct)) Assert.Equal(HttpStatusCode.OK, renamed.StatusCode);
        using (var deleted = await api.DeleteAsync(path, Ct)) Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        using var key = host.Client(secret);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(key, $"organizations/{organization}/members"));
    }

    [Fact]
    [Trait("Attack", "D2")]
    public async Task A_key_of_who_was_removed_does_not_come_back_with_them()
    {
        var (organization, owner) = await OrganizationAsync();
        var maker = await host.NewMemberAsync(organization, BuiltInRoles.Owner, Ct);
        using var their = await host.AsUserAsync(maker.Membership.UserId, organization, Ct);
        var (id, secret) = await MakeAsync(their, organization, Permission.MembersRead);
        using var key = host.Client(secret);
        using var api = await host.AsUserAsync(owner, organization, Ct);
        using (var removed = await api.DeleteAsync($"organizations/{organization}/members/{maker.Membership.Id}", Ct)) Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);

        await host.NewMemberAsync(organization, BuiltInRoles.Owner, Ct, maker.Membership.UserId);

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(key, $"organizations/{organization}/members"));
        await AssertProblem.IsAsync(await api.GetAsync($"organizations/{organization}/keys/{id}", Ct), HttpStatusCode.NotFound, "key_not_found", Ct);
        Assert.Contains(id, await host.ReadAsync(organization, db => db.Events.Where(e => e.Type == EventTypes.KeyRevoked).Select(e => e.TargetId).ToListAsync(Ct)));
    }

    [Fact]
    public async Task Keys_of_a_merged_account_are_the_survivors_and_go_on()
    {
        var (organization, _) = await OrganizationAsync();
        var maker = await host.NewMemberAsync(organization, BuiltInRoles.Owner, Ct);
        using var their = await host.AsUserAsync(maker.Membership.UserId, organization, Ct);
        var (id, secret) = await MakeAsync(their, organization, Permission.MembersRead);
        var (into, from) = (await host.NewUserAsync(Ct), maker.Membership.UserId);
        var moved = new MergedKey(organization, Id<ApiKey>.Parse(id, null), MergeOutcome.Moved);

        var plan = await host.UseAsync<UserMerge, Result<MergePlan>>(null, m => m.PlanAsync(into, from, Ct));
        var merged = await host.UseAsync<UserMerge, Result<MergePlan>>(null, m => m.MergeAsync(into, from, Ct));

        Assert.Equal([moved], plan.Value!.Keys); // both are Ok
        Assert.Equal([moved], merged.Value!.Keys);
        using var key = host.Client(secret);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(key, $"organizations/{organization}/members"));
        Assert.Equal(into, await host.ReadAsync(organization, db => db.ApiKeys.Select(k => k.CreatedBy).SingleAsync(Ct)));
    }

    [Fact]
    public async Task Keys_end_with_a_merge_that_leaves_the_person_removed()
    {
        var (organization, _) = await OrganizationAsync();
        var (mine, theirs) = (await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct), await host.NewMemberAsync(organization, BuiltInRoles.Owner, Ct));
        using var their = await host.AsUserAsync(theirs.Membership.UserId, organization, Ct);
        var (id, _) = await MakeAsync(their, organization, Permission.MembersRead);
        Assert.True((await host.UseAsync<MemberService, Result<Member>>(organization, m => m.DeactivateAsync(organization, theirs.Membership.Id, Granter.Instance, Ct))).IsOk);
        Assert.True((await host.UseAsync<MemberService, Result>(organization, m => m.RemoveAsync(organization, mine.Membership.Id, Granter.Instance, Ct))).IsOk);

        var merged = await host.UseAsync<UserMerge, Result<MergePlan>>(null, m => m.MergeAsync(mine.Membership.UserId, theirs.Membership.UserId, Ct));

        Assert.Equal([new MergedKey(organization, Id<ApiKey>.Parse(id, null), MergeOutcome.Dropped)], merged.Value!.Keys); // it is Ok
        Assert.Equal(0, await host.ReadAsync(organization, db => db.ApiKeys.CountAsync(Ct)));
    }

    [Fact]
    [Trait("Attack", "H4")]
    public async Task A_key_ends_when_it_is_deleted_runs_out_or_its_organization_is_suspended()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        var (id, secret) = await MakeAsync(api, organization, Permission.MembersRead);
        var (_, operators) = await MakeAsync(host.AsOperator(), organization, Permission.MembersRead);
        using var key = host.Client(secret);
        using var standing = host.Client(operators);
        var path = $"organizations/{organization}/members";

        using (var suspended = await host.AsOperator().PostAsync($"organizations/{organization}/suspend", null, Ct)) Assert.True(suspended.IsSuccessStatusCode);
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (await StatusAsync(key, path), await StatusAsync(standing, path)));
        using (var resumed = await host.AsOperator().PostAsync($"organizations/{organization}/resume", null, Ct)) Assert.True(resumed.IsSuccessStatusCode);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await StatusAsync(key, path), await StatusAsync(standing, path)));

        var past = TimeProvider.System.GetUtcNow().AddSeconds(-1);
        var keyId = Id<ApiKey>.Parse(id, null);
        await host.ReadAsync(organization, db => db.ApiKeys.Where(k => k.Id == keyId).ExecuteUpdateAsync(set => set.SetProperty(k => k.ExpiresAt, past), Ct));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(key, path));
        using (var renewed = await api.PatchAsJsonAsync($"organizations/{organization}/keys/{id}", new { expiresAt = (string?)null }, Ct)) Assert.True(renewed.IsSuccessStatusCode, await renewed.Content.ReadAsStringAsync(Ct));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(key, path));
        await AssertProblem.IsAsync(await api.PatchAsJsonAsync($"organizations/{organization}/keys/{id}", new { expiresAt = past }, Ct), HttpStatusCode.BadRequest, "key_expiry_invalid", Ct);

        using (var deleted = await api.DeleteAsync($"organizations/{organization}/keys/{id}", Ct)) Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(key, path));
        await AssertProblem.IsAsync(await api.DeleteAsync($"organizations/{organization}/keys/{id}", Ct), HttpStatusCode.NotFound, "key_not_found", Ct);
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task A_key_of_another_organization_is_not_there()
    {
        var ((mine, me), (theirs, they)) = (await OrganizationAsync(), await OrganizationAsync());
        using var api = await host.AsUserAsync(me, mine, Ct);
        using var other = await host.AsUserAsync(they, theirs, Ct);
        var (id, _) = await MakeAsync(other, theirs, Permission.MembersRead);

        await AssertProblem.IsAsync(await api.GetAsync($"organizations/{mine}/keys/{id}", Ct), HttpStatusCode.NotFound, "key_not_found", Ct);
        await AssertProblem.IsAsync(await api.DeleteAsync($"organizations/{mine}/keys/{id}", Ct), HttpStatusCode.NotFound, "key_not_found", Ct);
        await AssertProblem.IsAsync(await api.PatchAsJsonAsync($"organizations/{mine}/keys/{id}", new { displayName = "Mine" }, Ct), HttpStatusCode.NotFound, "key_not_found", Ct);
        Assert.Empty((await api.GetFromJsonAsync<JsonElement>($"organizations/{mine}/keys", Ct)).GetProperty("data").EnumerateArray());
    }

    private async Task<(Id<Organization> Organization, Id<User> Owner)> OrganizationAsync()
    {
        var owner = await host.NewUserAsync(Ct);
        return (await host.NewOrganizationAsync(Ct, owner), owner);
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, Id<Organization> organization, params string[] permissions) =>
        client.PostAsJsonAsync($"organizations/{organization}/keys", new { displayName = "Key", permissions }, Ct);

    private static async Task<(string Id, string Secret)> MakeAsync(HttpClient client, Id<Organization> organization, params string[] permissions)
    {
        using var made = await PostAsync(client, organization, permissions);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Ct));
        var body = await made.Content.ReadFromJsonAsync<JsonElement>(Ct);
        return (body.GetProperty("key").GetProperty("id").GetString()!, body.GetProperty("secret").GetString()!); // a created key has both
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path, Ct);
        return answer.StatusCode;
    }
}

public sealed class KeyEndpointsOnSqlite(SqliteManagement host) : KeyEndpointTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class KeyEndpointsOnPostgreSql(PostgreSqlManagement host) : KeyEndpointTests(host), IClassFixture<PostgreSqlManagement>;
