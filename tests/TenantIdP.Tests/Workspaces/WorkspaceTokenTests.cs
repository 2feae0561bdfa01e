using System.Net;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Workspaces;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Tests.Tokens;
using Xunit;

namespace TenantIdP.Tests.Workspaces;

/// <summary>Tokens of a workspace: asked for at authorize, changed and left at refresh, lost when the workspace or the place in it is.</summary>
public abstract class WorkspaceTokenTests(IdpHost idp) : EngineScene(idp)
{
    /// <summary>A member of the other organization who is admin in one workspace there, member in a second, and not in a third.</summary>
    private sealed record Team(World World, Membership Member, Workspace Billing, Workspace Research, Workspace Closed)
    {
        public Organization Organization => World.Other;
    }

    private async Task<Team> TeamAsync()
    {
        var world = await WorldAsync();
        var member = await Host.ReadAsync(db => { db.EnterOrganization(world.Other.Id); return db.Memberships.SingleAsync(m => m.UserId == world.User.Id, Ct); });
        var (billing, research, closed) = (await NewAsync(world.Other, "billing"), await NewAsync(world.Other, "research"), await NewAsync(world.Other, "closed"));
        await PutAsync(billing, member, BuiltInRoles.Admin);
        await PutAsync(research, member, BuiltInRoles.Guest);
        return new Team(world, member, billing, research, closed);
    }

    private Task<Workspace> NewAsync(Organization organization, string slug, bool isDefault = false) =>
        Host.UseAsync<WorkspaceService, Workspace>(s => s.CreateAsync(organization.Id, new NewWorkspace(slug, slug) { IsDefault = isDefault }, Ct), organization.Id);

    private Task<WorkspaceMemberView> PutAsync(Workspace workspace, Membership member, params string[] roles) =>
        Host.UseAsync<WorkspaceMembers, WorkspaceMemberView>(s => s.PutAsync(workspace.OrganizationId, workspace.Id, member.Id, roles, Granter.Instance, null, Ct), workspace.OrganizationId);

    private Task<Workspace> ArchiveAsync(Workspace workspace) => Host.UseAsync<WorkspaceService, Workspace>(s => s.ArchiveAsync(workspace.OrganizationId, workspace.Id, Ct), workspace.OrganizationId);

    private async Task LeaveAsync(Workspace workspace, Membership member) => await Host.UseAsync<WorkspaceMembers, bool>(
        async s => await s.RemoveAsync(workspace.OrganizationId, workspace.Id, member.Id, Granter.Instance, Ct) is { IsOk: false, Error: { } refused } ? refused : true, workspace.OrganizationId);

    private static Task<TokenAnswer> TokensAsync(Team team, string workspace, params (string, string?)[] more) => IdpHost.TokensAsync(team.World.Browser, team.World.App, Ct, [("workspace", workspace), .. more]);

    private static async Task<string?> RefusedAsync(Team team, params (string, string?)[] parameters)
    {
        var page = await team.World.Browser.GetAsync(team.World.App.Authorize(parameters).Address, Ct, team.World.App.IsCallback);
        return RelyingParty.Answer(page).GetValueOrDefault("error");
    }

    private static void AssertIn(Workspace? workspace, TokenAnswer tokens)
    {
        Assert.True(tokens.IsOk, tokens.Body.ToString());
        foreach (var claims in new[] { tokens.Access, tokens.Id })
        {
            Assert.Equal(workspace?.Id.ToString(), (string?)claims["workspace_id"]);
            Assert.Equal(workspace is null, claims["workspace_roles"] is null);
        }
    }

    [Fact]
    public async Task A_workspace_is_named_by_its_id_alone_or_by_slug_with_its_organization()
    {
        var team = await TeamAsync();

        var byId = await TokensAsync(team, team.Billing.Id.ToString());
        var bySlug = await TokensAsync(team, "research", ("organization", team.Organization.Slug.Value));
        var whole = await IdpHost.TokensAsync(team.World.Browser, team.World.App, Ct, ("organization", team.Organization.Id.ToString()), ("workspace", "none"));

        AssertIn(team.Billing, byId);
        Assert.Equal(team.Organization.Id.ToString(), (string?)byId.Access["org_id"]);
        Assert.Equal(["member"], Strings(byId.Access, "roles"));
        Assert.Equal(["admin"], Strings(byId.Access, "workspace_roles"));
        Assert.Equal(["invoices:read", "invoices:write"], Strings(byId.Access, "permissions"));
        AssertIn(team.Research, bySlug);
        Assert.Equal(["guest"], Strings(bySlug.Id, "workspace_roles"));
        Assert.Equal(["invoices:read"], Strings(bySlug.Access, "permissions"));
        AssertIn(null, whole);
    }

    [Fact]
    public async Task A_pushed_request_carries_the_workspace()
    {
        var team = await TeamAsync();
        var pending = team.World.App.Authorize(("workspace", team.Billing.Id.ToString()));
        var form = QueryHelpers.ParseQuery(pending.Address.Query).Where(p => p.Key != "client_id").Select(p => (p.Key, p.Value.ToString())).ToArray();
        var pushed = await team.World.App.TokenAsync(form, Ct, "/connect/par");
        Assert.Equal(HttpStatusCode.Created, pushed.Status);

        var address = QueryHelpers.AddQueryString(Host.Issuer + "/connect/authorize", new Dictionary<string, string?> { ["client_id"] = team.World.App.App.ClientId, ["request_uri"] = (string?)pushed.Body["request_uri"] });
        var page = await team.World.Browser.GetAsync(new Uri(address), Ct, team.World.App.IsCallback);

        AssertIn(team.Billing, await team.World.App.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct));
    }

    [Fact]
    [Trait("Attack", "D1")]
    public async Task Authorize_refuses_a_workspace_that_is_unknown_archived_foreign_or_not_theirs()
    {
        var team = await TeamAsync();
        var foreign = await NewAsync(await Host.CreateOrganizationAsync(Ct), "foreign");
        await ArchiveAsync(team.Research);
        var (own, other) = (("organization", (string?)team.Organization.Id.ToString()), ("organization", (string?)team.World.Home.Id.ToString()));

        Assert.Equal("access_denied", await RefusedAsync(team, ("workspace", team.Closed.Id.ToString())));
        Assert.Equal("access_denied", await RefusedAsync(team, ("workspace", team.Research.Id.ToString())));
        Assert.Equal("access_denied", await RefusedAsync(team, ("workspace", foreign.Id.ToString())));
        Assert.Equal("access_denied", await RefusedAsync(team, ("workspace", Id<Workspace>.New(TimeProvider.System.GetUtcNow()).ToString())));
        Assert.Equal("access_denied", await RefusedAsync(team, ("workspace", "no such workspace"), own));
        Assert.Equal("access_denied", await RefusedAsync(team, ("workspace", "unknown"), own));
        Assert.Equal("access_denied", await RefusedAsync(team, ("workspace", team.Closed.Slug.Value), own));
        Assert.Equal("access_denied", await RefusedAsync(team, ("workspace", team.Billing.Id.ToString()), other)); // the two disagree
        Assert.Null(await RefusedAsync(team, ("workspace", team.Billing.Id.ToString()), own));
    }

    [Fact]
    public async Task A_person_who_signs_in_first_lands_in_the_workspace()
    {
        var team = await TeamAsync();
        using var browser = new WebBrowser();
        var pending = team.World.App.Authorize(("workspace", team.Billing.Id.ToString()));

        var page = await IdpHost.SignInWithPasswordAsync(browser, team.World.App, pending, team.World.User.PrimaryEmail!.Address, Ct); // made with one

        AssertIn(team.Billing, await team.World.App.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct));
    }

    [Fact]
    public async Task A_refresh_keeps_changes_and_leaves_the_workspace()
    {
        var team = await TeamAsync();
        var app = team.World.App;
        var first = await TokensAsync(team, team.Billing.Id.ToString());

        var kept = await app.RefreshAsync(first.RefreshToken, Ct);
        var changed = await app.RefreshAsync(kept.RefreshToken, Ct, ("workspace", "research"));
        var again = await app.RefreshAsync(changed.RefreshToken, Ct);
        var left = await app.RefreshAsync(again.RefreshToken, Ct, ("workspace", ""));
        var still = await app.RefreshAsync(left.RefreshToken, Ct);
        var back = await app.RefreshAsync(still.RefreshToken, Ct, ("workspace", team.Billing.Id.ToString()));
        var none = await app.RefreshAsync(back.RefreshToken, Ct, ("workspace", "none"));

        AssertIn(team.Billing, kept);
        AssertIn(team.Research, changed);
        Assert.Equal(["invoices:read"], Strings(changed.Access, "permissions"));
        AssertIn(team.Research, again);
        AssertIn(null, left);
        AssertIn(null, still);
        AssertIn(team.Billing, back);
        AssertIn(null, none);
        Assert.Equal(team.Organization.Id.ToString(), (string?)none.Access["org_id"]);
        var types = await Host.ReadAsync(db => { db.EnterOrganization(team.Organization.Id); return db.Events.Where(e => e.TargetId == team.World.User.Id.ToString() && e.Type.StartsWith("token.")).Select(e => e.Type).ToListAsync(Ct); });
        Assert.Equal(Enumerable.Repeat(EventTypes.WorkspaceSwitched, 4), types);
    }

    [Fact]
    public async Task A_switch_of_the_organization_drops_the_workspace_unless_it_names_one_there()
    {
        var team = await TeamAsync();
        var app = team.World.App;
        var tokens = await TokensAsync(team, team.Billing.Id.ToString());

        var home = await app.RefreshAsync(tokens.RefreshToken, Ct, ("organization", team.World.Home.Id.ToString()));
        var other = await app.RefreshAsync(home.RefreshToken, Ct, ("organization", team.Organization.Slug.Value), ("workspace", "billing"));
        var same = await app.RefreshAsync(other.RefreshToken, Ct, ("organization", team.Organization.Id.ToString()));

        AssertIn(null, home);
        Assert.Equal(team.World.Home.Id.ToString(), (string?)home.Access["org_id"]);
        AssertIn(team.Billing, other);
        AssertIn(team.Billing, same);
    }

    [Fact]
    [Trait("Attack", "D1")]
    public async Task A_refused_workspace_spends_nothing_and_leaves_an_event()
    {
        var team = await TeamAsync();
        var tokens = await TokensAsync(team, team.Billing.Id.ToString());
        var foreign = await NewAsync(await Host.CreateOrganizationAsync(Ct), "foreign");
        var home = await NewAsync(team.World.Home, "home");
        await PutAsync(home, await Host.ReadAsync(db => { db.EnterOrganization(team.World.Home.Id); return db.Memberships.SingleAsync(m => m.UserId == team.World.User.Id, Ct); }), BuiltInRoles.Member);
        await ArchiveAsync(team.Research);

        foreach (var target in new[] { team.Closed.Id.ToString(), "closed", team.Research.Id.ToString(), "research", foreign.Id.ToString(), "foreign", home.Id.ToString(), "unknown", "No such thing", Id<Workspace>.New(TimeProvider.System.GetUtcNow()).ToString() })
        {
            var refused = await team.World.App.RefreshAsync(tokens.RefreshToken, Ct, ("workspace", target));
            Assert.True(refused.Error == "access_denied", $"{target}: {refused.Body}");
        }

        AssertIn(team.Billing, await team.World.App.RefreshAsync(tokens.RefreshToken, Ct));
        Assert.Equal(10, await Host.ReadAsync(db => { db.EnterOrganization(team.Organization.Id); return db.Events.CountAsync(e => e.Type == EventTypes.SwitchRefused && e.TargetId == team.World.User.Id.ToString(), Ct); }));
    }

    [Fact]
    [Trait("Attack", "D2")]
    public async Task A_workspace_that_is_archived_or_left_is_gone_at_the_next_refresh_and_does_not_come_back_by_itself()
    {
        var team = await TeamAsync();
        var app = team.World.App;
        var (archived, left) = (await TokensAsync(team, team.Billing.Id.ToString()), await TokensAsync(team, team.Research.Id.ToString()));
        await ArchiveAsync(team.Billing);
        await LeaveAsync(team.Research, team.Member);

        var info = await app.UserInfoAsync(archived.AccessToken, Ct);
        Assert.Equal((HttpStatusCode.OK, null), (info.Status, (string?)info.Body["workspace_id"]));
        var (afterArchive, afterLeaving) = (await app.RefreshAsync(archived.RefreshToken, Ct), await app.RefreshAsync(left.RefreshToken, Ct));
        AssertIn(null, afterArchive);
        Assert.Equal(["invoices:read"], Strings(afterArchive.Access, "permissions"));
        AssertIn(null, afterLeaving);

        await Host.UseAsync<WorkspaceService, Workspace>(s => s.RestoreAsync(team.Organization.Id, team.Billing.Id, Ct), team.Organization.Id);
        var restored = await app.RefreshAsync(afterArchive.RefreshToken, Ct);
        AssertIn(null, restored);
        AssertIn(team.Billing, await app.RefreshAsync(restored.RefreshToken, Ct, ("workspace", "billing")));
    }

    [Fact]
    [Trait("Attack", "D2")]
    public async Task A_removed_member_gets_no_token_of_the_workspace()
    {
        var team = await TeamAsync();
        var tokens = await TokensAsync(team, team.Billing.Id.ToString());
        await Host.UseAsync<MemberService, bool>(
            async s => await s.RemoveAsync(team.Organization.Id, team.Member.Id, Granter.Instance, Ct) is { IsOk: false, Error: { } refused } ? refused : true, team.Organization.Id);

        Assert.Equal("invalid_grant", (await team.World.App.RefreshAsync(tokens.RefreshToken, Ct)).Error);
        Assert.Equal("access_denied", await RefusedAsync(team, ("workspace", team.Billing.Id.ToString())));
    }

    [Fact]
    public async Task Userinfo_says_the_workspace_of_the_token_also_after_the_grant_has_moved_on()
    {
        var team = await TeamAsync();
        var tokens = await TokensAsync(team, team.Billing.Id.ToString());
        var moved = await team.World.App.RefreshAsync(tokens.RefreshToken, Ct, ("workspace", "research"));

        Assert.Equal(team.Billing.Id.ToString(), (string?)(await team.World.App.UserInfoAsync(tokens.AccessToken, Ct)).Body["workspace_id"]);
        Assert.Equal(team.Research.Id.ToString(), (string?)(await team.World.App.UserInfoAsync(moved.AccessToken, Ct)).Body["workspace_id"]);
    }

    [Fact]
    [Trait("Attack", "D3")]
    public async Task Twenty_switches_of_one_refresh_token_at_once_have_one_winner_whose_workspace_the_grant_has()
    {
        var team = await TeamAsync();
        for (var round = 0; round < 2; round++)
        {
            var tokens = await IdpHost.TokensAsync(team.World.Browser, team.World.App, Ct, ("organization", team.Organization.Id.ToString()));

            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => team.World.App.RefreshAsync(tokens.RefreshToken, Ct, ("workspace", i % 2 == 0 ? "billing" : "research"))));

            Assert.Single(answers, a => a.IsOk);
            Assert.All(answers.Where(a => !a.IsOk), a => Assert.Equal("invalid_grant", a.Error));
        }
    }

    [Fact]
    public async Task Two_tabs_in_two_workspaces_never_mix()
    {
        var team = await TeamAsync();
        var (one, two) = (await TokensAsync(team, team.Billing.Id.ToString()), await TokensAsync(team, team.Research.Id.ToString(), ("prompt", "none")));

        async Task RefreshTenTimesAsync(TokenAnswer tokens, Workspace workspace)
        {
            for (var i = 0; i < 10; i++)
            {
                tokens = await team.World.App.RefreshAsync(tokens.RefreshToken, Ct);
                AssertIn(workspace, tokens);
            }
        }

        await Task.WhenAll(RefreshTenTimesAsync(one, team.Billing), RefreshTenTimesAsync(two, team.Research));
    }

    [Fact]
    public async Task A_person_whom_their_first_sign_in_makes_joins_the_default_workspace()
    {
        await using var upstream = await Testing.Upstreams.TestUpstream.StartAsync(Ct);
        var organization = await Host.CreateOrganizationAsync(Ct);
        var domain = await Host.VerifyDomainAsync(organization, Ct);
        var connection = await Host.ConnectAsync(organization, upstream, Ct);
        var home = await NewAsync(organization, "home", isDefault: true);
        var app = await Host.CreateAppAsync(Ct);
        upstream.SignsIn("jane", $"jane@{domain}");
        using var browser = new WebBrowser();
        var pending = app.Authorize(("workspace", home.Id.ToString()), ("login_hint", $"jane@{domain}"));

        var page = await browser.GetAsync(pending.Address, Ct, app.IsCallback);

        AssertIn(home, await app.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct));
        var role = await Host.ReadAsync(db => { db.EnterOrganization(organization.Id); return db.WorkspaceRoles.SingleAsync(Ct); });
        Assert.Equal((RoleSource.Jit, connection.Id.ToString()), (role.Source, role.SourceId));
    }
}

[Collection(SqliteHost.Name)]
public sealed class WorkspaceTokensOnSqlite(SqliteIdp idp) : WorkspaceTokenTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class WorkspaceTokensOnPostgreSql(PostgreSqlIdp idp) : WorkspaceTokenTests(idp);
