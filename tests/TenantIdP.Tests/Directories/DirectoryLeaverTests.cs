using System.Net;
using System.Net.Http.Headers;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>What a directory's word that somebody has left means for them, and its word that they are back.</summary>
public abstract class DirectoryLeaverTests(IdpHost host)
{
    private const string Schema = "urn:ietf:params:scim:schemas:core:2.0:User";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Each way to say it that identity providers have.</summary>
    public static TheoryData<string> Ways =>
    [
        """PATCH {"op":"replace","path":"active","value":false}""", """PATCH {"op":"Replace","path":"active","value":"False"}""", """PATCH {"op":"replace","value":{"active":false}}""", """PATCH {"op":"Replace","value":{"active":"False"}}""",
        $$"""PATCH {"op":"replace","path":"{{Schema}}:active","value":false}""", $$"""PATCH {"op":"replace","value":{"{{Schema}}:active":false} }""", """PATCH {"op":"add","path":"active","value":false}""", """PATCH {"op":"remove","path":"active"}""",
        "PUT", "DELETE", "BULK PATCH", "BULK PUT", "BULK DELETE",
    ];

    [Theory, MemberData(nameof(Ways))]
    [Trait("Attack", "E8")]
    public async Task However_it_is_said_access_to_this_organization_ends_at_once_and_to_others_stays(string way)
    {
        var world = await ScimWorld.NewAsync(host);
        var other = await host.CreateOrganizationAsync(Ct);
        var made = await world.CreateAsync("ann");
        var user = (await world.RowsAsync(made.Id)).User;
        await host.AddMemberAsync(other, user, Ct);
        var app = await host.CreateAppAsync(Ct, a => a with { BackchannelLogoutUri = $"https://{host.Unique("logout")}.example/logout" });
        var (browser, _) = await host.SignedInAsync(user, Ct);
        var here = await IdpHost.TokensAsync(browser, app, Ct, ("organization", world.Organization.Id.ToString()));
        var there = await IdpHost.TokensAsync(browser, app, Ct, ("organization", other.Id.ToString()));
        var key = await host.UseAsync<KeyService, MadeKey>(s => s.CreateAsync(world.Organization.Id, new KeySettings("Key", [Permission.MembersRead], null), user.Id, Granter.Instance, Ct), world.Organization.Id);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(world, key));

        await LeaveAsync(world, made.Id, way);

        var membership = (await world.RowsAsync(made.Id)).Membership;
        Assert.Equal(way.Contains("DELETE", StringComparison.Ordinal) ? MembershipStatus.Removed : MembershipStatus.Deactivated, membership.Status);
        Assert.Equal("invalid_grant", (await app.RefreshAsync(here.RefreshToken, Ct)).Error);
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.UserInfoAsync(here.AccessToken, Ct)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(world, key));
        Assert.True((await app.RefreshAsync(there.RefreshToken, Ct)).IsOk);
        Assert.True(await host.ReadAsync(db => db.OutboxMessages.IgnoreQueryFilters(["organization"]).AnyAsync(m => m.Destination.Contains(app.App.Id) || m.OrderingKey.Contains(app.App.Id), Ct)), "no app was told");
        Assert.Contains(way.Contains("DELETE", StringComparison.Ordinal) ? EventTypes.MemberRemoved : EventTypes.MemberDeactivated, await world.EventsAsync());
        var page = await browser.GetAsync(app.Authorize(("organization", world.Organization.Id.ToString()), ("prompt", "none")).Address, Ct, app.IsCallback);
        Assert.Equal("access_denied", RelyingParty.Answer(page)["error"]);
    }

    [Fact]
    [Trait("Attack", "E8")]
    public async Task A_member_whom_the_directory_takes_over_as_inactive_loses_access_too()
    {
        var world = await ScimWorld.NewAsync(host);
        var user = await host.CreateUserAsync(world.Address("ann"), Ct);
        await host.AddMemberAsync(world.Organization, user, Ct);
        var app = await host.CreateAppAsync(Ct);
        var (browser, _) = await host.SignedInAsync(user, Ct);
        var tokens = await IdpHost.TokensAsync(browser, app, Ct, ("organization", world.Organization.Id.ToString()));

        var made = await world.CreateAsync("ann", "\"active\":false");

        Assert.False(made.Body.GetProperty("active").GetBoolean());
        Assert.Equal(user.Id, (await world.RowsAsync(made.Id)).User.Id);
        Assert.Equal("invalid_grant", (await app.RefreshAsync(tokens.RefreshToken, Ct)).Error);
    }

    [Fact]
    public async Task Who_comes_back_after_a_deactivation_has_roles_and_workspaces_again_and_after_a_deletion_what_somebody_new_has()
    {
        var world = await ScimWorld.NewAsync(host);
        var organization = world.Organization.Id;
        var workspace = await host.UseAsync<WorkspaceService, Workspace>(s => s.CreateAsync(organization, new NewWorkspace("Team", null), Ct), organization);
        var made = await world.CreateAsync("ann");
        var member = (await world.RowsAsync(made.Id)).Membership.Id;
        await host.UseAsync<MemberService, Member>(s => s.GrantRoleAsync(organization, member, BuiltInRoles.Admin, Granter.Instance, Ct), organization);
        await host.UseAsync<WorkspaceMembers, WorkspaceMemberView>(s => s.PutAsync(organization, workspace.Id, member, [BuiltInRoles.Member], Granter.Instance, null, Ct), organization);

        await SetActiveAsync(world, made.Id, false);
        await SetActiveAsync(world, made.Id, true);

        Assert.Equal(["admin", "member"], await world.RolesAsync(made.Id));
        Assert.True(await InAsync(world, workspace.Id, member));

        await world.Scim.DeleteAsync($"/Users/{made.Id}", Ct);
        Assert.Equal(made.Id, (await world.CreateAsync("ann")).Id);
        Assert.Equal(["member"], await world.RolesAsync(made.Id));
        Assert.False(await InAsync(world, workspace.Id, member));
    }

    [Fact]
    [Trait("Attack", "C11")]
    public async Task The_last_owner_is_deactivated_all_the_same_and_the_organization_marked_until_somebody_owns_it()
    {
        var world = await ScimWorld.NewAsync(host);
        var organization = world.Organization.Id;
        var (first, second) = (await world.CreateAsync("first"), await world.CreateAsync("second"));
        var (firstMember, secondMember) = ((await world.RowsAsync(first.Id)).Membership.Id, (await world.RowsAsync(second.Id)).Membership.Id);
        await MakeOwnerAsync(organization, firstMember);
        await MakeOwnerAsync(organization, secondMember);

        await SetActiveAsync(world, first.Id, false);
        Assert.Null((await OrganizationAsync(organization)).OwnerlessSince);
        await SetActiveAsync(world, second.Id, false);

        Assert.NotNull((await OrganizationAsync(organization)).OwnerlessSince);
        Assert.NotEqual(System.Text.Json.JsonValueKind.Null, await ShownAsync(organization));
        Assert.Single(await world.EventsAsync(), EventTypes.OrganizationOwnerless);
        var third = await world.CreateAsync("third");
        await MakeOwnerAsync(organization, (await world.RowsAsync(third.Id)).Membership.Id);
        Assert.Null((await OrganizationAsync(organization)).OwnerlessSince);

        await world.Scim.DeleteAsync($"/Users/{third.Id}", Ct);
        Assert.NotNull((await OrganizationAsync(organization)).OwnerlessSince);
        await SetActiveAsync(world, first.Id, true);
        Assert.Null((await OrganizationAsync(organization)).OwnerlessSince);
        Assert.Contains("owner", await world.RolesAsync(first.Id));
    }

    [Fact]
    public async Task Whom_an_admin_has_removed_comes_back_by_the_directorys_own_step_and_by_nothing_less()
    {
        var world = await ScimWorld.NewAsync(host);
        var organization = world.Organization.Id;
        var made = await world.CreateAsync("ann");
        var member = (await world.RowsAsync(made.Id)).Membership.Id;
        await host.InScopeAsync<MemberService, Result>(s => s.RemoveAsync(organization, member, Granter.Instance, Ct), organization);

        await SetActiveAsync(world, made.Id, true);
        await world.Scim.PutAsync($"/Users/{made.Id}", world.User("ann", "\"active\":true,\"title\":\"Lead\""), Ct);
        Assert.Equal(HttpStatusCode.Conflict, (await world.Scim.PostAsync("/Users", world.User("ann"), Ct)).Status);
        Assert.Equal(MembershipStatus.Removed, (await world.RowsAsync(made.Id)).Membership.Status);

        await SetActiveAsync(world, made.Id, false);
        Assert.Equal(MembershipStatus.Removed, (await world.RowsAsync(made.Id)).Membership.Status);
        await SetActiveAsync(world, made.Id, true);
        Assert.Equal(MembershipStatus.Active, (await world.RowsAsync(made.Id)).Membership.Status);
    }

    [Fact]
    public async Task A_person_whom_an_admin_has_removed_is_no_new_user_of_a_directory()
    {
        var world = await ScimWorld.NewAsync(host);
        var organization = world.Organization.Id;
        var user = await host.CreateUserAsync(world.Address("ann"), Ct);
        var member = (await host.AddMemberAsync(world.Organization, user, Ct)).Membership.Id;
        await host.InScopeAsync<MemberService, Result>(s => s.RemoveAsync(organization, member, Granter.Instance, Ct), organization);

        var refused = await world.Scim.PostAsync("/Users", world.User("ann"), Ct);

        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Contains("membership_ended", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(0, (await world.Scim.GetAsync("/Users", Ct)).TotalResults);
        await host.AddMemberAsync(world.Organization, user, Ct);
        Assert.Equal(HttpStatusCode.Created, (await world.Scim.PostAsync("/Users", world.User("ann"), Ct)).Status);
    }

    [Fact]
    public async Task The_next_directory_may_take_over_whom_the_former_has_ended()
    {
        var world = await ScimWorld.NewAsync(host);
        var next = world with { Directory = await host.CreateDirectoryAsync(world.Organization, Ct) };
        var made = await world.CreateAsync("ann");
        await SetActiveAsync(world, made.Id, false);

        var again = await next.CreateAsync("ann");

        var (before, after) = (await world.RowsAsync(made.Id), await next.RowsAsync(again.Id));
        Assert.Equal((before.Membership.Id, MembershipStatus.Active), (after.Membership.Id, after.Membership.Status));
        Assert.NotEqual(made.Id, again.Id);
    }

    [Fact]
    public async Task A_full_organization_takes_nobody_more_and_who_is_inactive_takes_no_place()
    {
        var world = await ScimWorld.NewAsync(host);
        await host.UseAsync<OrganizationService, Organization>(s => s.UpdateAsync(world.Organization.Id, new OrganizationChanges { MemberLimit = new Patch<int?>(1) }, Granter.Instance, null, Ct));
        var ann = await world.CreateAsync("ann");
        var bob = await world.CreateAsync("bob", "\"active\":false");

        var refused = await world.Scim.PostAsync("/Users", world.User("eve"), Ct);
        var activation = await world.Scim.PatchAsync($"/Users/{bob.Id}", Active(true), Ct);

        Assert.All([refused, activation], r => Assert.Equal(HttpStatusCode.Forbidden, r.Status));
        Assert.Contains("member_limit_reached", refused.Detail, StringComparison.Ordinal);
        Assert.False((await world.Scim.GetAsync($"/Users/{bob.Id}", Ct)).Body.GetProperty("active").GetBoolean());
        await SetActiveAsync(world, ann.Id, false);
        await SetActiveAsync(world, bob.Id, true);
        Assert.Equal(MembershipStatus.Active, (await world.RowsAsync(bob.Id)).Membership.Status);
    }

    private static string Active(bool active) => ScimWorld.Patch($$"""{"op":"replace","path":"active","value":{{(active ? "true" : "false")}}}""");

    private static async Task SetActiveAsync(ScimWorld world, string id, bool active)
    {
        var reply = await world.Scim.PatchAsync($"/Users/{id}", Active(active), Ct);
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Detail);
    }

    private static async Task LeaveAsync(ScimWorld world, string id, string way)
    {
        var path = $"/Users/{id}";
        var (inactive, patch) = (world.User("ann", "\"active\":false"), Active(false));
        string Bulk(string method, string? data) => $$"""{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[{"method":"{{method}}","path":"{{path}}"{{(data is null ? "" : ",\"data\":" + data)}} }]}""";
        var reply = way switch
        {
            "PUT" => await world.Scim.PutAsync(path, inactive, Ct),
            "DELETE" => await world.Scim.DeleteAsync(path, Ct),
            "BULK PATCH" => await world.Scim.PostAsync("/Bulk", Bulk("PATCH", patch), Ct),
            "BULK PUT" => await world.Scim.PostAsync("/Bulk", Bulk("PUT", inactive), Ct),
            "BULK DELETE" => await world.Scim.PostAsync("/Bulk", Bulk("DELETE", null), Ct),
            _ => await world.Scim.PatchAsync(path, ScimWorld.Patch(way["PATCH ".Length..]), Ct),
        };
        Assert.True(reply.Status is HttpStatusCode.OK or HttpStatusCode.NoContent, $"{way}: {reply.Body}");
        if (way.StartsWith("BULK", StringComparison.Ordinal)) Assert.Matches("^20[04]$", Assert.Single(reply.Body.GetProperty("Operations").EnumerateArray()).GetProperty("status").GetString());
    }

    private async Task<HttpStatusCode> AskAsync(ScimWorld world, MadeKey key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{host.Issuer}/api/v1/organizations/{world.Organization.Id}/members");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key.Secret);
        using var answer = await host.Http.SendAsync(request, Ct);
        return answer.StatusCode;
    }

    private Task<Member> MakeOwnerAsync(Id<Organization> organization, Id<Membership> member) =>
        host.UseAsync<MemberService, Member>(s => s.GrantRoleAsync(organization, member, BuiltInRoles.Owner, Granter.Instance, Ct), organization);

    /// <summary>What an operator sees.</summary>
    private async Task<System.Text.Json.JsonValueKind> ShownAsync(Id<Organization> id)
    {
        var operators = new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), host.Http);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{host.Issuer}/api/v1/organizations/{id}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (await operators.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken);
        using var answer = await host.Http.SendAsync(request, Ct);
        return System.Text.Json.JsonElement.Parse(await answer.Content.ReadAsStringAsync(Ct)).GetProperty("ownerlessSince").ValueKind;
    }

    private Task<Organization> OrganizationAsync(Id<Organization> id) => host.ReadAsync(db => db.Organizations.AsNoTracking().SingleAsync(o => o.Id == id, Ct));

    private Task<bool> InAsync(ScimWorld world, Id<Workspace> workspace, Id<Membership> member) => host.ReadAsync(db =>
    {
        db.EnterOrganization(world.Organization.Id);
        return db.WorkspaceMembers.AnyAsync(m => m.WorkspaceId == workspace && m.MembershipId == member, Ct);
    });
}

[Collection(SqliteHost.Name)]
public sealed class DirectoryLeaversOnSqlite(SqliteIdp host) : DirectoryLeaverTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class DirectoryLeaversOnPostgreSql(PostgreSqlIdp host) : DirectoryLeaverTests(host);
