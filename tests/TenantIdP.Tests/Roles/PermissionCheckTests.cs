using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Roles;

/// <summary>May people do things: answered from the rows as they are, with the reason.</summary>
public abstract class PermissionCheckTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly string api = $"https://{ManagementHost.Unique("api")}.example.test";
    private readonly string resource = ManagementHost.Unique("r");

    [Fact]
    public async Task A_permission_is_held_by_a_role_that_lists_it_or_by_default_of_its_api()
    {
        await DeclareAsync();
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var clerk = await host.UseAsync<RoleService, Result<Role>>(organization, s => s.CreateAsync(organization, new NewRole(ManagementHost.Unique("clerk"), "Clerk", [$"{resource}:write"]), Granter.Instance, Ct));
        var member = await host.NewMemberAsync(organization, clerk.Value!.Key, Ct); // valid input
        var user = member.Membership.UserId;

        var results = await CheckAsync(host.AsOperator(), explain: true, (user, organization, "write"), (user, organization, "read"), (user, organization, "delete"));

        Assert.Equal([("granted", true), ("permission_missing", false), ("permission_missing", false)], results.Select(Verdict));
        var path = Assert.Single(results[0].GetProperty("paths").EnumerateArray());
        Assert.Equal((clerk.Value.Key, false, "api"), (path.GetProperty("role").GetString(), path.GetProperty("byDefault").GetBoolean(), path.GetProperty("source").GetString()));

        var plain = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        var read = Assert.Single(await CheckAsync(host.AsOperator(), explain: true, (plain.Membership.UserId, organization, "read")));
        Assert.Equal(("granted", true), Verdict(read));
        Assert.Equal((BuiltInRoles.Member, true), (read.GetProperty("paths")[0].GetProperty("role").GetString(), read.GetProperty("paths")[0].GetProperty("byDefault").GetBoolean()));
        Assert.Equal(JsonValueKind.Null, Assert.Single(await CheckAsync(host.AsOperator(), explain: false, (plain.Membership.UserId, organization, "read"))).GetProperty("paths").ValueKind);
    }

    [Fact]
    [Trait("Attack", "D2")]
    public async Task What_ends_a_membership_ends_its_permissions_at_once()
    {
        await DeclareAsync();
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var removed = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        var idle = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        var suspended = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        await host.UseAsync<MemberService, Result>(organization, s => s.RemoveAsync(organization, removed.Membership.Id, Granter.Instance, Ct));
        await host.UseAsync<MemberService, Result<Member>>(organization, s => s.DeactivateAsync(organization, idle.Membership.Id, Granter.Instance, Ct));
        await host.UseAsync<UserService, Result<User>>(null, s => s.SuspendAsync(suspended.Membership.UserId, Ct));

        var results = await CheckAsync(
            host.AsOperator(), explain: false, (removed.Membership.UserId, organization, "read"), (idle.Membership.UserId, organization, "read"), (suspended.Membership.UserId, organization, "read"),
            (Id<User>.New(TimeProvider.System.GetUtcNow()), organization, "read"), (idle.Membership.UserId, Id<Organization>.New(TimeProvider.System.GetUtcNow()), "read"));

        Assert.Equal(["not_a_member", "membership_inactive", "user_suspended", "not_a_member", "not_a_member"], results.Select(r => Verdict(r).Reason));
        Assert.All(results, r => Assert.False(Verdict(r).Allowed));
        await host.UseAsync<OrganizationService, Result<Organization>>(null, s => s.SuspendAsync(organization, Ct));
        Assert.Equal("organization_inactive", Verdict(Assert.Single(await CheckAsync(host.AsOperator(), explain: false, (idle.Membership.UserId, organization, "read")))).Reason);
    }

    [Fact]
    public async Task A_permission_that_no_api_declares_is_no()
    {
        var owner = await host.NewUserAsync(Ct);
        var organization = await host.NewOrganizationAsync(Ct, owner);

        Assert.Equal(("permission_unknown", false), Verdict(Assert.Single(await CheckAsync(host.AsOperator(), explain: false, (owner, organization, "raed")))));
    }

    [Fact]
    [Trait("Attack", "D6")]
    public async Task Answers_are_in_the_order_of_the_questions_and_never_anothers()
    {
        await DeclareAsync();
        var questions = new List<(Id<User>, Id<Organization>, string)>();
        var expected = new List<bool>();
        for (var i = 0; i < 10; i++)
        {
            var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
            var member = await host.NewMemberAsync(organization, i % 2 == 0 ? BuiltInRoles.Member : BuiltInRoles.Guest, Ct);
            questions.Add((member.Membership.UserId, organization, "read"));
            expected.Add(i % 2 == 0);
        }

        for (var i = 0; i < 9; i++) questions.Add((questions[i].Item1, questions[i + 1].Item2, "read"));
        var results = await CheckAsync(host.AsOperator(), explain: false, [.. questions]);

        Assert.Equal([.. expected, .. Enumerable.Repeat(false, 9)], results.Select(r => Verdict(r).Allowed));
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task A_member_asks_about_their_own_organization_only()
    {
        await DeclareAsync();
        var owner = await host.NewUserAsync(Ct);
        var own = await host.NewOrganizationAsync(Ct, owner);
        var foreign = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var theirs = await host.NewMemberAsync(foreign, BuiltInRoles.Member, Ct);
        using var client = await host.AsUserAsync(owner, own, Ct);
        var body = new { checks = new[] { new { userId = theirs.Membership.UserId.ToString(), permission = $"{resource}:read" } } };

        using var answer = await client.PostAsJsonAsync($"organizations/{own}/authorization/check", body, Ct);
        Assert.Equal(("not_a_member", false), Verdict((await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("results")[0]));
        await AssertProblem.IsAsync(await client.PostAsJsonAsync($"organizations/{foreign}/authorization/check", body, Ct), HttpStatusCode.NotFound, "organization_not_found", Ct);
        await AssertProblem.IsAsync(await client.PostAsJsonAsync("authorization/check", body, Ct), HttpStatusCode.Forbidden, "operator_required", Ct);
    }

    [Fact]
    [Trait("Attack", "B9")]
    public async Task The_scope_to_ask_opens_nothing_else()
    {
        await DeclareAsync();
        var member = await host.NewMemberAsync(await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct)), BuiltInRoles.Member, Ct);
        using var client = host.Client(host.Tokens.Issue(new AccessTokenFacts("app_backend", null, null, null, "", [$"{ManagementHost.Issuer}/api/v1"], [ManagementApi.CheckScope])));

        Assert.Equal(("granted", true), Verdict(Assert.Single(await CheckAsync(client, explain: false, (member.Membership.UserId, member.Membership.OrganizationId, "read")))));
        foreach (var path in new[] { "organizations", "users", "apps", $"organizations/{member.Membership.OrganizationId}/members" })
            await AssertProblem.IsAsync(await client.GetAsync(path, Ct), HttpStatusCode.Forbidden, "scope_missing", Ct);
    }

    [Fact]
    public async Task Too_many_questions_and_none_are_refused()
    {
        var check = new { userId = Id<User>.New(DateTimeOffset.UnixEpoch).ToString(), organizationId = Id<Organization>.New(DateTimeOffset.UnixEpoch).ToString(), permission = "a:b" };
        using var client = host.AsOperator();
        foreach (var count in new[] { 0, 101 })
            await AssertProblem.IsAsync(await client.PostAsJsonAsync("authorization/check", new { checks = Enumerable.Repeat(check, count) }, Ct), HttpStatusCode.BadRequest, "validation_failed", Ct);
    }

    private static (string? Reason, bool Allowed) Verdict(JsonElement result) => (result.GetProperty("reason").GetString(), result.GetProperty("allowed").GetBoolean());

    private Task<Result<Api>> DeclareAsync() => host.UseAsync<ApiService, Result<Api>>(null, s => s.CreateAsync(
        new NewApi(api, "Api") { Permissions = [new($"{resource}:read", [BuiltInRoles.Owner, BuiltInRoles.Member]), new($"{resource}:write", []), new($"{resource}:delete", [BuiltInRoles.Owner])] }, Ct));

    private async Task<JsonElement[]> CheckAsync(HttpClient client, bool explain, params (Id<User> User, Id<Organization> Organization, string Action)[] questions)
    {
        using var answer = await client.PostAsJsonAsync(
            "authorization/check", new { checks = questions.Select(q => new { userId = q.User.ToString(), organizationId = q.Organization.ToString(), permission = $"{resource}:{q.Action}" }), explain }, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        return [.. JsonDocument.Parse(text).RootElement.GetProperty("results").EnumerateArray()];
    }
}

public sealed class PermissionCheckOnSqlite(SqliteManagement host) : PermissionCheckTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class PermissionCheckOnPostgreSql(PostgreSqlManagement host) : PermissionCheckTests(host), IClassFixture<PostgreSqlManagement>;
