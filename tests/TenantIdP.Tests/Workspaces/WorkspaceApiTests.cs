using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Workspaces;

/// <summary>Workspaces and their members as the API shows them, and what becomes of them when people come and go.</summary>
public abstract class WorkspaceApiTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>An organization, its owner and a client of theirs.</summary>
    private sealed record Scene(Id<Organization> Organization, Id<User> Owner, HttpClient Api)
    {
        public string Path => $"organizations/{Organization}/workspaces";
    }

    private async Task<Scene> SceneAsync()
    {
        var owner = await host.NewUserAsync(Ct);
        var organization = await host.NewOrganizationAsync(Ct, owner);
        return new Scene(organization, owner, await host.AsUserAsync(owner, organization, Ct));
    }

    private static async Task<JsonElement> ReadAsync(Task<HttpResponseMessage> pending, HttpStatusCode status = HttpStatusCode.OK)
    {
        using var answer = await pending;
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode} {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    private static Task<JsonElement> CreateAsync(Scene scene, object body) => ReadAsync(scene.Api.PostAsJsonAsync(scene.Path, body, Ct), HttpStatusCode.Created);

    private static async Task<string> NewAsync(Scene scene, string name, bool isDefault = false) => Text(await CreateAsync(scene, new { displayName = name, isDefault }), "id");

    private static Task<HttpResponseMessage> PatchAsync(Scene scene, string id, object changes, string? ifMatch = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Patch, $"{scene.Path}/{id}") { Content = new StringContent(JsonSerializer.Serialize(changes), System.Text.Encoding.UTF8, "application/merge-patch+json") };
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return scene.Api.SendAsync(request, Ct);
    }

    private static Task<HttpResponseMessage> PutAsync(Scene scene, string workspace, Id<Membership> member, params string[] roles) =>
        scene.Api.PutAsJsonAsync($"{scene.Path}/{workspace}/members/{member}", new { roles }, Ct);

    private static string Text(JsonElement of, string member) => of.GetProperty(member).GetString()!; // asked for as a text that is there

    private static List<JsonElement> Data(JsonElement list) => [.. list.GetProperty("data").EnumerateArray()];

    private static string[] Roles(JsonElement member) => [.. member.GetProperty("roles").EnumerateArray().Select(r => $"{Text(r, "key")} {Text(r, "source")}")];

    /// <summary>The names of the workspaces that a member is in.</summary>
    private static async Task<string[]> OfAsync(Scene scene, Id<Membership> member) =>
        [.. Data(await ReadAsync(scene.Api.GetAsync($"organizations/{scene.Organization}/members/{member}/workspaces", Ct))).Select(w => Text(w, "displayName"))];

    private Task<List<string>> EventsAsync(Scene scene, string target) => host.ReadAsync(scene.Organization, db => db.Events.Where(e => e.TargetId == target).OrderBy(e => e.Id).Select(e => e.Type).ToListAsync(Ct));

    [Fact]
    public async Task A_workspace_is_made_read_changed_archived_restored_and_deleted()
    {
        var scene = await SceneAsync();

        var made = await CreateAsync(scene, new { displayName = "Billing", metadata = new { color = "red" } });
        var id = Text(made, "id");
        Assert.StartsWith("wsp_", id, StringComparison.Ordinal);
        Assert.Equal(("billing", "active", false, "red"), (Text(made, "slug"), Text(made, "status"), made.GetProperty("isDefault").GetBoolean(), Text(made.GetProperty("metadata"), "color")));

        using (var changed = await PatchAsync(scene, id, new { displayName = "Money", slug = "money", metadata = new { color = (string?)null, size = 3 } }, "\"0\""))
        {
            var body = await changed.Content.ReadFromJsonAsync<JsonElement>(Ct);
            Assert.Equal((HttpStatusCode.OK, "Money", "money", "{\"size\":3}"), (changed.StatusCode, Text(body, "displayName"), Text(body, "slug"), body.GetProperty("metadata").GetRawText()));
            Assert.Equal("\"1\"", changed.Headers.ETag?.Tag);
        }

        await AssertProblem.IsAsync(await PatchAsync(scene, id, new { displayName = "Late" }, "\"0\""), HttpStatusCode.PreconditionFailed, "version_mismatch", Ct);
        await AssertProblem.IsAsync(await scene.Api.DeleteAsync($"{scene.Path}/{id}", Ct), HttpStatusCode.Conflict, "workspace_not_archived", Ct);
        await AssertProblem.IsAsync(await scene.Api.PostAsync($"{scene.Path}/{id}/restore", null, Ct), HttpStatusCode.Conflict, "workspace_not_archived", Ct);
        Assert.Equal("archived", Text(await ReadAsync(scene.Api.PostAsync($"{scene.Path}/{id}/archive", null, Ct)), "status"));
        await AssertProblem.IsAsync(await scene.Api.PostAsync($"{scene.Path}/{id}/archive", null, Ct), HttpStatusCode.Conflict, "workspace_archived", Ct);
        Assert.Equal("active", Text(await ReadAsync(scene.Api.PostAsync($"{scene.Path}/{id}/restore", null, Ct)), "status"));
        await ReadAsync(scene.Api.PostAsync($"{scene.Path}/{id}/archive", null, Ct));
        await ReadAsync(scene.Api.DeleteAsync($"{scene.Path}/{id}", Ct), HttpStatusCode.NoContent);
        await AssertProblem.IsAsync(await scene.Api.GetAsync($"{scene.Path}/{id}", Ct), HttpStatusCode.NotFound, "workspace_not_found", Ct);
        Assert.Equal(
            [EventTypes.WorkspaceCreated, EventTypes.WorkspaceUpdated, EventTypes.WorkspaceArchived, EventTypes.WorkspaceRestored, EventTypes.WorkspaceArchived, EventTypes.WorkspaceDeleted], await EventsAsync(scene, id));
    }

    [Fact]
    public async Task A_slug_is_unique_in_the_organization_and_only_there()
    {
        var (scene, elsewhere) = (await SceneAsync(), await SceneAsync());
        await CreateAsync(scene, new { displayName = "Billing", slug = "billing" });
        var research = await NewAsync(scene, "Research");

        await AssertProblem.IsAsync(await scene.Api.PostAsJsonAsync(scene.Path, new { displayName = "Other", slug = "billing" }, Ct), HttpStatusCode.Conflict, "workspace_slug_taken", Ct);
        await AssertProblem.IsAsync(await PatchAsync(scene, research, new { slug = "billing" }), HttpStatusCode.Conflict, "workspace_slug_taken", Ct);
        await AssertProblem.IsAsync(await scene.Api.PostAsJsonAsync(scene.Path, new { displayName = "Other", slug = "none" }, Ct), HttpStatusCode.BadRequest, "slug_invalid", Ct);
        Assert.StartsWith("billing-", Text(await CreateAsync(scene, new { displayName = "Billing" }), "slug"), StringComparison.Ordinal);
        Assert.Equal("billing", Text(await CreateAsync(elsewhere, new { displayName = "Billing", slug = "billing" }), "slug"));
    }

    [Fact]
    public async Task Lists_are_paged_and_filtered_by_status()
    {
        var scene = await SceneAsync();
        string[] ids = [await NewAsync(scene, "One"), await NewAsync(scene, "Two"), await NewAsync(scene, "Three")];
        await ReadAsync(scene.Api.PostAsync($"{scene.Path}/{ids[1]}/archive", null, Ct));

        var first = await ReadAsync(scene.Api.GetAsync($"{scene.Path}?limit=2", Ct));
        var second = await ReadAsync(scene.Api.GetAsync($"{scene.Path}?limit=2&after={Text(first, "next")}", Ct));

        Assert.Equal(ids, Data(first).Concat(Data(second)).Select(w => Text(w, "id")));
        Assert.Equal([ids[0], ids[2]], Data(await ReadAsync(scene.Api.GetAsync($"{scene.Path}?status=active", Ct))).Select(w => Text(w, "id")));
        Assert.Equal([ids[1]], Data(await ReadAsync(scene.Api.GetAsync($"{scene.Path}?status=archived", Ct))).Select(w => Text(w, "id")));
        await AssertProblem.IsAsync(await scene.Api.GetAsync($"{scene.Path}?status=gone", Ct), HttpStatusCode.BadRequest, "status_invalid", Ct);
    }

    [Fact]
    public async Task One_workspace_is_the_default_and_it_is_not_archived()
    {
        var scene = await SceneAsync();
        var (first, second) = (await NewAsync(scene, "First", isDefault: true), await NewAsync(scene, "Second"));

        await ReadAsync(PatchAsync(scene, second, new { isDefault = true }));

        Assert.False((await ReadAsync(scene.Api.GetAsync($"{scene.Path}/{first}", Ct))).GetProperty("isDefault").GetBoolean());
        await AssertProblem.IsAsync(await scene.Api.PostAsync($"{scene.Path}/{second}/archive", null, Ct), HttpStatusCode.Conflict, "workspace_is_default", Ct);
        await ReadAsync(scene.Api.PostAsync($"{scene.Path}/{first}/archive", null, Ct));
        await AssertProblem.IsAsync(await PatchAsync(scene, first, new { isDefault = true }), HttpStatusCode.Conflict, "workspace_archived", Ct);
        await ReadAsync(PatchAsync(scene, second, new { isDefault = false }));
        Assert.Equal(HttpStatusCode.OK, (await scene.Api.PostAsync($"{scene.Path}/{second}/archive", null, Ct)).StatusCode);
    }

    [Fact]
    public async Task Workspaces_that_become_the_default_at_once_leave_one()
    {
        var scene = await SceneAsync();
        var ids = new List<string>();
        for (var i = 0; i < 6; i++) ids.Add(await NewAsync(scene, $"W{i}"));

        var answers = await Task.WhenAll(ids.Select(id => PatchAsync(scene, id, new { isDefault = true })));

        Assert.All(answers, a => Assert.True(a.StatusCode is HttpStatusCode.OK or HttpStatusCode.Conflict, $"{a.StatusCode}"));
        Assert.Single(Data(await ReadAsync(scene.Api.GetAsync(scene.Path, Ct))), w => w.GetProperty("isDefault").GetBoolean());
    }

    [Fact]
    public async Task New_members_join_the_default_workspace_and_guests_do_not()
    {
        var scene = await SceneAsync();
        var home = await NewAsync(scene, "Home", isDefault: true);

        var member = await host.NewMemberAsync(scene.Organization, BuiltInRoles.Member, Ct);
        var guest = await host.NewMemberAsync(scene.Organization, BuiltInRoles.Guest, Ct);

        Assert.Equal(["Home"], await OfAsync(scene, member.Membership.Id));
        Assert.Empty(await OfAsync(scene, guest.Membership.Id));
        Assert.Equal(["member api"], Roles(Assert.Single(Data(await ReadAsync(scene.Api.GetAsync($"{scene.Path}/{home}/members", Ct))))));
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(scene, home, guest.Membership.Id, BuiltInRoles.Guest)).StatusCode);
        Assert.Equal(["Home"], await OfAsync(scene, guest.Membership.Id));
    }

    [Fact]
    public async Task Members_get_exactly_the_roles_that_are_put_and_leave_by_a_delete()
    {
        var scene = await SceneAsync();
        var billing = await NewAsync(scene, "Billing");
        var member = (await host.NewMemberAsync(scene.Organization, BuiltInRoles.Guest, Ct)).Membership;

        Assert.Equal(["member api"], Roles(await ReadAsync(PutAsync(scene, billing, member.Id))));
        var changed = await ReadAsync(PutAsync(scene, billing, member.Id, BuiltInRoles.Admin, BuiltInRoles.Guest));
        Assert.Equal(["admin api", "guest api"], Roles(changed));
        Assert.Equal(1, changed.GetProperty("version").GetInt32());
        Assert.Equal(["admin api", "guest api"], Roles(await ReadAsync(scene.Api.GetAsync($"{scene.Path}/{billing}/members/{member.Id}", Ct))));
        await AssertProblem.IsAsync(await PutAsync(scene, billing, member.Id, BuiltInRoles.Owner), HttpStatusCode.BadRequest, "workspace_role_owner", Ct);
        await AssertProblem.IsAsync(await PutAsync(scene, billing, member.Id, "no-such-role"), HttpStatusCode.BadRequest, "role_unknown", Ct);

        await ReadAsync(scene.Api.DeleteAsync($"{scene.Path}/{billing}/members/{member.Id}", Ct), HttpStatusCode.NoContent);
        await AssertProblem.IsAsync(await scene.Api.GetAsync($"{scene.Path}/{billing}/members/{member.Id}", Ct), HttpStatusCode.NotFound, "workspace_member_not_found", Ct);
        await AssertProblem.IsAsync(await scene.Api.DeleteAsync($"{scene.Path}/{billing}/members/{member.Id}", Ct), HttpStatusCode.NotFound, "workspace_member_not_found", Ct);
        Assert.Equal(
            [EventTypes.WorkspaceCreated, EventTypes.WorkspaceMemberAdded, EventTypes.WorkspaceMemberUpdated, EventTypes.WorkspaceMemberRemoved], await EventsAsync(scene, billing));
        await ReadAsync(scene.Api.PostAsync($"{scene.Path}/{billing}/archive", null, Ct));
        await AssertProblem.IsAsync(await PutAsync(scene, billing, member.Id), HttpStatusCode.Conflict, "workspace_archived", Ct);
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Nobody_gives_or_takes_a_workspace_role_whose_permissions_they_lack()
    {
        var scene = await SceneAsync();
        var billing = await NewAsync(scene, "Billing");
        var strong = await host.UseAsync<RoleService, Result<Role>>(
            scene.Organization, s => s.CreateAsync(scene.Organization, new NewRole(ManagementHost.Unique("strong"), "Strong", [Permission.ConnectionsWrite]), Granter.Instance, Ct));
        var admin = await host.NewMemberAsync(scene.Organization, BuiltInRoles.Admin, Ct);
        var member = (await host.NewMemberAsync(scene.Organization, BuiltInRoles.Member, Ct)).Membership;
        var asAdmin = scene with { Api = await host.AsUserAsync(admin.Membership.UserId, scene.Organization, Ct) };

        await AssertProblem.IsAsync(await PutAsync(asAdmin, billing, member.Id, strong.Value!.Key), HttpStatusCode.Forbidden, "role_escalation", Ct); // valid input
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(scene, billing, member.Id, strong.Value.Key)).StatusCode);
        await AssertProblem.IsAsync(await PutAsync(asAdmin, billing, member.Id, BuiltInRoles.Member), HttpStatusCode.Forbidden, "role_escalation", Ct);
        await AssertProblem.IsAsync(await asAdmin.Api.DeleteAsync($"{scene.Path}/{billing}/members/{member.Id}", Ct), HttpStatusCode.Forbidden, "role_escalation", Ct);

        // Ending the membership would take the role away, too, and its return would give it.
        var path = $"organizations/{scene.Organization}/members/{member.Id}";
        await AssertProblem.IsAsync(await asAdmin.Api.DeleteAsync(path, Ct), HttpStatusCode.Forbidden, "role_escalation", Ct);
        await AssertProblem.IsAsync(await asAdmin.Api.PostAsync($"{path}/deactivate", null, Ct), HttpStatusCode.Forbidden, "role_escalation", Ct);
        await ReadAsync(scene.Api.PostAsync($"{path}/deactivate", null, Ct));
        await AssertProblem.IsAsync(await asAdmin.Api.PostAsync($"{path}/reactivate", null, Ct), HttpStatusCode.Forbidden, "role_escalation", Ct);
        await ReadAsync(scene.Api.PostAsync($"{path}/reactivate", null, Ct));

        // A role in a workspace opens nothing of the organization.
        await ReadAsync(PutAsync(scene, billing, member.Id, BuiltInRoles.Admin));
        using var asMember = await host.AsUserAsync(member.UserId, scene.Organization, Ct);
        await AssertProblem.IsAsync(await asMember.GetAsync(scene.Path, Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task The_database_refuses_a_member_and_a_role_of_another_organization()
    {
        var (scene, foreign) = (await SceneAsync(), await SceneAsync());
        var billing = Id<Workspace>.Parse(await NewAsync(scene, "Billing"), null);
        var theirs = (await host.NewMemberAsync(foreign.Organization, BuiltInRoles.Member, Ct)).Membership;
        var mine = (await host.NewMemberAsync(scene.Organization, BuiltInRoles.Member, Ct)).Membership;
        var role = (await host.UseAsync<RoleService, Result<Role>>(
            foreign.Organization, s => s.CreateAsync(foreign.Organization, new NewRole(ManagementHost.Unique("role"), "Role", []), Granter.Instance, Ct))).Value!; // valid input

        await Assert.ThrowsAsync<DbUpdateException>(() => host.ReadAsync(foreign.Organization, async db =>
        {
            db.WorkspaceMembers.Add(WorkspaceMember.Join(billing, theirs, TimeProvider.System.GetUtcNow())); // in their organization there is no such workspace
            return await db.SaveChangesAsync(Ct);
        }));
        await Assert.ThrowsAsync<DbUpdateException>(() => host.ReadAsync(scene.Organization, async db =>
        {
            var member = WorkspaceMember.Join(billing, mine, TimeProvider.System.GetUtcNow());
            member.Grant(role, RoleSource.Api, "", TimeProvider.System.GetUtcNow());
            db.WorkspaceMembers.Add(member);
            return await db.SaveChangesAsync(Ct);
        }));
    }

    [Fact]
    [Trait("Attack", "D2")]
    public async Task A_removal_from_the_organization_ends_all_workspaces_and_a_reactivation_brings_them_back()
    {
        var scene = await SceneAsync();
        await NewAsync(scene, "Home", isDefault: true);
        var billing = await NewAsync(scene, "Billing");
        var member = (await host.NewMemberAsync(scene.Organization, BuiltInRoles.Member, Ct)).Membership;
        await ReadAsync(PutAsync(scene, billing, member.Id, BuiltInRoles.Admin));
        var path = $"organizations/{scene.Organization}/members/{member.Id}";

        await ReadAsync(scene.Api.PostAsync($"{path}/deactivate", null, Ct));
        Assert.Equal("deactivated", Text(await ReadAsync(scene.Api.GetAsync($"{scene.Path}/{billing}/members/{member.Id}", Ct)), "membershipStatus"));
        await AssertProblem.IsAsync(await PutAsync(scene, billing, member.Id), HttpStatusCode.Conflict, "membership_ended", Ct);
        await ReadAsync(scene.Api.PostAsync($"{path}/reactivate", null, Ct));
        Assert.Equal(["Home", "Billing"], await OfAsync(scene, member.Id));

        await ReadAsync(scene.Api.DeleteAsync(path, Ct), HttpStatusCode.NoContent);
        Assert.Equal((0, 0), await host.ReadAsync(scene.Organization, async db =>
            (await db.WorkspaceMembers.CountAsync(m => m.MembershipId == member.Id, Ct), await db.WorkspaceRoles.CountAsync(m => m.MembershipId == member.Id, Ct))));
        var back = await host.NewMemberAsync(scene.Organization, BuiltInRoles.Member, Ct, member.UserId);
        Assert.Equal(["Home"], await OfAsync(scene, back.Membership.Id));
    }

    [Fact]
    public async Task People_see_their_own_workspaces_without_a_permission_and_archived_ones_not()
    {
        var scene = await SceneAsync();
        var (billing, research, other) = (await NewAsync(scene, "Billing"), await NewAsync(scene, "Research"), await NewAsync(scene, "Other"));
        var guest = (await host.NewMemberAsync(scene.Organization, BuiltInRoles.Guest, Ct)).Membership;
        foreach (var id in new[] { billing, research }) await ReadAsync(PutAsync(scene, id, guest.Id, BuiltInRoles.Member));
        using var client = await host.AsUserAsync(guest.UserId, scene.Organization, Ct);

        Assert.Equal([billing, research], Data(await ReadAsync(client.GetAsync("me/workspaces", Ct))).Select(w => Text(w, "id")));
        await ReadAsync(scene.Api.PostAsync($"{scene.Path}/{billing}/archive", null, Ct));
        Assert.Equal([research], Data(await ReadAsync(client.GetAsync("me/workspaces", Ct))).Select(w => Text(w, "id")));
        await AssertProblem.IsAsync(await client.GetAsync($"{scene.Path}/{other}", Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);

        // A token speaks of its own organization: the workspaces of another one are not named to it.
        var elsewhere = await SceneAsync();
        await host.NewMemberAsync(elsewhere.Organization, BuiltInRoles.Member, Ct, guest.UserId);
        using var there = await host.AsUserAsync(guest.UserId, elsewhere.Organization, Ct);
        using var nowhere = await host.AsUserAsync(guest.UserId, null, Ct);
        Assert.Empty(Data(await ReadAsync(there.GetAsync("me/workspaces", Ct))));
        Assert.Empty(Data(await ReadAsync(nowhere.GetAsync("me/workspaces", Ct))));
    }

    [Fact]
    public async Task A_role_that_is_held_in_a_workspace_is_in_use_and_is_replaced_there()
    {
        var scene = await SceneAsync();
        var billing = await NewAsync(scene, "Billing");
        var member = (await host.NewMemberAsync(scene.Organization, BuiltInRoles.Member, Ct)).Membership;
        var role = await ReadAsync(scene.Api.PostAsJsonAsync($"organizations/{scene.Organization}/roles", new { key = "clerk", displayName = "Clerk" }, Ct), HttpStatusCode.Created);
        await ReadAsync(PutAsync(scene, billing, member.Id, "clerk"));
        var path = $"organizations/{scene.Organization}/roles/{Text(role, "id")}";

        Assert.Equal(1, (await ReadAsync(scene.Api.GetAsync($"{path}/impact", Ct))).GetProperty("members").GetInt32());
        await AssertProblem.IsAsync(await scene.Api.DeleteAsync(path, Ct), HttpStatusCode.Conflict, "role_in_use", Ct);
        await ReadAsync(scene.Api.DeleteAsync($"{path}?replaceWith=guest", Ct), HttpStatusCode.NoContent);

        var after = await ReadAsync(scene.Api.GetAsync($"{scene.Path}/{billing}/members/{member.Id}", Ct));
        Assert.Equal(["guest api"], Roles(after));
        Assert.Equal(1, after.GetProperty("version").GetInt32());
    }

    [Theory]
    [InlineData(false, "Billing member guest|Research guest")]
    [InlineData(true, "Research guest")]
    public async Task A_merge_of_two_people_keeps_the_workspaces_of_what_stays(bool mineEnded, string expected)
    {
        var scene = await SceneAsync();
        var (billing, research) = (await NewAsync(scene, "Billing"), await NewAsync(scene, "Research"));
        var (mine, theirs) = ((await host.NewMemberAsync(scene.Organization, BuiltInRoles.Member, Ct)).Membership, (await host.NewMemberAsync(scene.Organization, BuiltInRoles.Guest, Ct)).Membership);
        await ReadAsync(PutAsync(scene, billing, mine.Id, BuiltInRoles.Member));
        await ReadAsync(PutAsync(scene, research, theirs.Id, BuiltInRoles.Guest));
        if (mineEnded) await ReadAsync(scene.Api.PostAsync($"organizations/{scene.Organization}/members/{mine.Id}/deactivate", null, Ct));
        else await ReadAsync(PutAsync(scene, billing, theirs.Id, BuiltInRoles.Guest));

        Assert.True((await host.UseAsync<UserMerge, Result<MergePlan>>(null, m => m.MergeAsync(mine.UserId, theirs.UserId, Ct))).IsOk);

        var left = Data(await ReadAsync(scene.Api.GetAsync($"organizations/{scene.Organization}/members/{mine.Id}/workspaces", Ct)));
        Assert.Equal(expected, string.Join('|', left.Select(w => $"{Text(w, "displayName")} {string.Join(' ', Roles(w).Select(r => r.Split(' ')[0]).OrderDescending(StringComparer.Ordinal))}")));
        Assert.Equal(0, await host.ReadAsync(scene.Organization, db => db.WorkspaceMembers.CountAsync(m => m.MembershipId == theirs.Id, Ct)));
    }

    [Fact]
    public async Task A_purge_of_the_organization_and_the_erasure_of_a_person_leave_nothing_behind()
    {
        var scene = await SceneAsync();
        var home = await NewAsync(scene, "Home", isDefault: true);
        var (stays, goes) = (await host.NewMemberAsync(scene.Organization, BuiltInRoles.Member, Ct), await host.NewMemberAsync(scene.Organization, BuiltInRoles.Member, Ct));
        await host.UseAsync<RoleService, Result<Role>>(scene.Organization, s => s.CreateAsync(scene.Organization, new NewRole("clerk", "Clerk", []), Granter.Instance, Ct));
        await ReadAsync(PutAsync(scene, home, stays.Membership.Id, "clerk"));

        var export = await ReadAsync(host.AsOperator().GetAsync($"users/{stays.Membership.UserId}/export", Ct));
        Assert.Equal((home, "clerk"), (Text(Assert.Single(export.GetProperty("workspaces").EnumerateArray()), "id"), Text(export.GetProperty("workspaces")[0].GetProperty("roles")[0], "key")));

        Assert.True((await host.UseAsync<UserErasure, Result<User>>(null, e => e.EraseAsync(goes.Membership.UserId, goes.Membership.UserId, Ct))).IsOk);
        Assert.Equal([stays.Membership.Id.ToString()], Data(await ReadAsync(scene.Api.GetAsync($"{scene.Path}/{home}/members", Ct))).Select(m => Text(m, "memberId")));

        var slug = (await host.UseAsync<OrganizationDeletion, Result<Organization>>(null, d => d.DeleteAsync(scene.Organization, null, Ct))).Value!.Slug.Value; // it exists
        Assert.True((await host.UseAsync<OrganizationDeletion, Result>(null, d => d.PurgeAsync(scene.Organization, slug, Ct))).IsOk);
        Assert.Equal((0, 0, 0), await host.ReadAsync(scene.Organization, async db => (await db.Workspaces.CountAsync(Ct), await db.WorkspaceMembers.CountAsync(Ct), await db.WorkspaceRoles.CountAsync(Ct))));
    }

    [Fact]
    public async Task A_check_adds_the_roles_of_the_workspace_and_says_where_they_are_held()
    {
        var scene = await SceneAsync();
        var (resource, api) = (ManagementHost.Unique("r"), $"https://{ManagementHost.Unique("api")}.example.test");
        Assert.True((await host.UseAsync<ApiService, Result<Api>>(null, s => s.CreateAsync(
            new NewApi(api, "API") { Permissions = [new($"{resource}:read", [BuiltInRoles.Owner, BuiltInRoles.Admin, BuiltInRoles.Member]), new($"{resource}:write", [BuiltInRoles.Owner, BuiltInRoles.Admin])] }, Ct))).IsOk);
        var (billing, research, archived) = (await NewAsync(scene, "Billing"), await NewAsync(scene, "Research"), await NewAsync(scene, "Archived"));
        var foreign = await NewAsync(await SceneAsync(), "Foreign");
        var member = (await host.NewMemberAsync(scene.Organization, BuiltInRoles.Member, Ct)).Membership;
        await ReadAsync(PutAsync(scene, billing, member.Id, BuiltInRoles.Admin));
        await ReadAsync(PutAsync(scene, archived, member.Id, BuiltInRoles.Admin));
        await ReadAsync(scene.Api.PostAsync($"{scene.Path}/{archived}/archive", null, Ct));

        var questions = new (string? Workspace, string Action)[] { (null, "write"), (billing, "write"), (research, "write"), (research, "read"), (archived, "read"), (foreign, "read"), (billing, "read") };
        var body = new { checks = questions.Select(q => new { userId = member.UserId.ToString(), organizationId = scene.Organization.ToString(), permission = $"{resource}:{q.Action}", workspace = q.Workspace }), explain = true };
        var results = (await ReadAsync(host.AsOperator().PostAsJsonAsync("authorization/check", body, Ct))).GetProperty("results").EnumerateArray().ToList();

        Assert.Equal(["permission_missing", "granted", "permission_missing", "granted", "workspace_unavailable", "workspace_unavailable", "granted"], results.Select(r => Text(r, "reason")));
        var path = Assert.Single(results[1].GetProperty("paths").EnumerateArray());
        Assert.Equal((BuiltInRoles.Admin, billing), (Text(path, "role"), Text(path, "workspace")));
        Assert.Equal([("admin", billing), ("member", null)], results[6].GetProperty("paths").EnumerateArray().Select(p => (Text(p, "role"), p.GetProperty("workspace").GetString())));
    }
}

public sealed class WorkspaceApiOnSqlite(SqliteManagement host) : WorkspaceApiTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class WorkspaceApiOnPostgreSql(PostgreSqlManagement host) : WorkspaceApiTests(host), IClassFixture<PostgreSqlManagement>;
