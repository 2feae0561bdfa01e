using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>What every engine must do at a refresh: rotation, reuse, the switch of organization and the end of a grant.</summary>
public abstract class EngineRefreshContract(IdpHost idp) : EngineScene(idp)
{
    [Fact]
    public async Task A_refresh_rotates_and_keeps_the_organization()
    {
        var world = await WorldAsync();
        var first = await TokensAsync(world);

        var second = await world.App.RefreshAsync(first.RefreshToken, Ct);
        var third = await world.App.RefreshAsync(second.RefreshToken, Ct);

        Assert.True(third.IsOk, third.Body.ToString());
        Assert.NotEqual(first.RefreshToken, second.RefreshToken);
        Assert.Equal(world.Home.Id.ToString(), (string?)third.Access["org_id"]);
        Assert.Equal((long?)first.Access["auth_time"], (long?)third.Access["auth_time"]);
    }

    [Fact]
    [Trait("Attack", "D3")]
    public async Task A_spent_refresh_token_ends_its_family_and_no_other()
    {
        var world = await WorldAsync();
        var family = await TokensAsync(world);
        var sibling = await TokensAsync(world);
        var next = await world.App.RefreshAsync(family.RefreshToken, Ct);

        var replay = await world.App.RefreshAsync(family.RefreshToken, Ct);

        Assert.Equal("invalid_grant", replay.Error);
        Assert.Equal("invalid_grant", (await world.App.RefreshAsync(next.RefreshToken, Ct)).Error);
        Assert.True((await world.App.RefreshAsync(sibling.RefreshToken, Ct)).IsOk);
    }

    [Fact]
    [Trait("Attack", "D3")]
    public async Task Twenty_uses_of_one_refresh_token_at_once_have_at_most_one_winner_and_no_heir()
    {
        var world = await WorldAsync();
        for (var round = 0; round < 3; round++)
        {
            var tokens = await TokensAsync(world);

            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => world.App.RefreshAsync(tokens.RefreshToken, Ct)));

            var winners = answers.Where(a => a.IsOk).ToList();
            Assert.Single(winners);
            Assert.All(answers.Where(a => !a.IsOk), a => Assert.Equal("invalid_grant", a.Error));
            Assert.Equal("invalid_grant", (await world.App.RefreshAsync(winners[0].RefreshToken, Ct)).Error);
        }
    }

    [Fact]
    public async Task Switch_refusal_and_reuse_leave_events_in_the_organization()
    {
        var world = await WorldAsync();
        var tokens = await TokensAsync(world);
        await world.App.RefreshAsync(tokens.RefreshToken, Ct, ("organization", "no-such-organization"));
        var switched = await world.App.RefreshAsync(tokens.RefreshToken, Ct, ("organization", world.Other.Id.ToString()));
        await world.App.RefreshAsync(tokens.RefreshToken, Ct);

        async Task<List<string>> TypesAsync(Organization organization) => await Host.ReadAsync(db =>
        {
            db.EnterOrganization(organization.Id);
            return db.Events.Where(e => e.TargetId == world.User.Id.ToString()).Select(e => e.Type).ToListAsync(Ct);
        });

        Assert.True(switched.IsOk);
        Assert.Contains(Core.Events.EventTypes.SwitchRefused, await TypesAsync(world.Home));
        Assert.Contains(Core.Events.EventTypes.OrganizationSwitched, await TypesAsync(world.Home));
        Assert.Contains(Core.Events.EventTypes.RefreshTokenReused, await TypesAsync(world.Other));
    }

    [Fact]
    public async Task A_switch_by_id_or_slug_moves_the_family()
    {
        var world = await WorldAsync();
        var tokens = await TokensAsync(world);

        var switched = await world.App.RefreshAsync(tokens.RefreshToken, Ct, ("organization", world.Other.Slug.Value));
        var kept = await world.App.RefreshAsync(switched.RefreshToken, Ct);
        var back = await world.App.RefreshAsync(kept.RefreshToken, Ct, ("organization_id", world.Home.Id.ToString()));

        Assert.Equal(world.Other.Id.ToString(), (string?)switched.Access["org_id"]);
        Assert.Equal(world.Other.Id.ToString(), (string?)switched.Id["org_id"]);
        Assert.Equal(["member"], Strings(switched.Access, "roles"));
        Assert.Equal(["invoices:read"], Strings(switched.Access, "permissions"));
        Assert.Equal(world.Other.Id.ToString(), (string?)kept.Access["org_id"]);
        Assert.Equal(world.Home.Id.ToString(), (string?)back.Access["org_id"]);
    }

    [Fact]
    [Trait("Attack", "D1")]
    public async Task A_refused_switch_says_why_and_spends_nothing()
    {
        var world = await WorldAsync();
        var tokens = await TokensAsync(world);
        var foreign = await Host.CreateOrganizationAsync(Ct);
        var suspended = await Host.CreateOrganizationAsync(Ct);
        await Host.AddMemberAsync(suspended, world.User, Ct);
        await Host.UseAsync<OrganizationService, Organization>(s => s.SuspendAsync(suspended.Id, Ct));
        await using var upstream = await Testing.Upstreams.TestUpstream.StartAsync(Ct);
        await Host.VerifyDomainAsync(world.Other, Ct);
        await Host.ConnectAsync(world.Other, upstream, Ct);
        await Host.RequireSsoAsync(world.Other, Ct);

        foreach (var target in new[] { foreign.Id.ToString(), foreign.Slug.Value, suspended.Id.ToString(), "no-such-organization", Core.Kernel.Id<Organization>.New(TimeProvider.System.GetUtcNow()).ToString() })
            Assert.Equal("access_denied", (await world.App.RefreshAsync(tokens.RefreshToken, Ct, ("organization", target))).Error);
        var needsSso = await world.App.RefreshAsync(tokens.RefreshToken, Ct, ("organization", world.Other.Id.ToString()));

        Assert.Equal("interaction_required", needsSso.Error);
        Assert.Equal(world.Other.Id.ToString(), (string?)needsSso.Body["organization"]);
        var still = await world.App.RefreshAsync(tokens.RefreshToken, Ct);
        Assert.True(still.IsOk, still.Body.ToString());
        Assert.Equal(world.Home.Id.ToString(), (string?)still.Access["org_id"]);
    }

    [Fact]
    [Trait("Attack", "D2")]
    public async Task An_ended_membership_ends_the_family_for_good()
    {
        var world = await WorldAsync();
        var tokens = await TokensAsync(world);
        var elsewhere = await IdpHost.TokensAsync(world.Browser, world.App, Ct, ("organization", world.Other.Id.ToString()));
        var member = await Host.ReadAsync(db => { db.EnterOrganization(world.Home.Id); return db.Memberships.SingleAsync(m => m.UserId == world.User.Id, Ct); });
        await Host.UseAsync<MemberService, Member>(s => s.DeactivateAsync(world.Home.Id, member.Id, Granter.Instance, Ct), world.Home.Id);

        Assert.Equal("invalid_grant", (await world.App.RefreshAsync(tokens.RefreshToken, Ct)).Error);
        Assert.Equal(HttpStatusCode.Unauthorized, (await world.App.UserInfoAsync(tokens.AccessToken, Ct)).Status);
        await Host.UseAsync<MemberService, Member>(s => s.ReactivateAsync(world.Home.Id, member.Id, Granter.Instance, Ct), world.Home.Id);
        Assert.Equal("invalid_grant", (await world.App.RefreshAsync(tokens.RefreshToken, Ct)).Error);
        Assert.True((await world.App.RefreshAsync(elsewhere.RefreshToken, Ct)).IsOk);
    }

    [Fact]
    [Trait("Attack", "D2")]
    public async Task A_suspended_organization_or_user_or_an_ended_session_ends_the_family()
    {
        var (organization, user, session) = (await WorldAsync(), await WorldAsync(), await WorldAsync());
        var (first, second, third) = (await TokensAsync(organization), await TokensAsync(user), await TokensAsync(session));

        await Host.UseAsync<OrganizationService, Organization>(s => s.SuspendAsync(organization.Home.Id, Ct));
        await Host.UseAsync<UserService, User>(s => s.SuspendAsync(user.User.Id, Ct));
        await Host.UseAsync<SessionService, bool>(async s => { await s.EndAsync((await s.FindAsync(Token(session), Ct))!, Ct); return true; });

        Assert.Equal("invalid_grant", (await organization.App.RefreshAsync(first.RefreshToken, Ct)).Error);
        Assert.Equal("invalid_grant", (await user.App.RefreshAsync(second.RefreshToken, Ct)).Error);
        Assert.Equal("invalid_grant", (await session.App.RefreshAsync(third.RefreshToken, Ct)).Error);
        Assert.Equal(HttpStatusCode.Unauthorized, (await session.App.UserInfoAsync(third.AccessToken, Ct)).Status);
    }

    [Fact]
    public async Task Roles_are_read_anew_at_every_refresh()
    {
        var world = await WorldAsync();
        var tokens = await TokensAsync(world);
        var member = await Host.ReadAsync(db => { db.EnterOrganization(world.Home.Id); return db.Memberships.SingleAsync(m => m.UserId == world.User.Id, Ct); });
        await Host.UseAsync<MemberService, Member>(s => s.GrantRoleAsync(world.Home.Id, member.Id, BuiltInRoles.Guest, Granter.Instance, Ct), world.Home.Id);

        var next = await world.App.RefreshAsync(tokens.RefreshToken, Ct);

        Assert.Equal(["admin", "guest"], Strings(next.Access, "roles"));
    }

    [Fact]
    public async Task Two_families_on_two_organizations_never_mix()
    {
        var world = await WorldAsync();
        var homes = await TokensAsync(world);
        var others = await IdpHost.TokensAsync(world.Browser, world.App, Ct, ("organization", world.Other.Id.ToString()), ("prompt", "none"));

        async Task RefreshTenTimesAsync(TokenAnswer tokens, string organization)
        {
            for (var i = 0; i < 10; i++)
            {
                tokens = await world.App.RefreshAsync(tokens.RefreshToken, Ct);
                Assert.True(tokens.IsOk, tokens.Body.ToString());
                Assert.Equal(organization, (string?)tokens.Access["org_id"]);
            }
        }

        await Task.WhenAll(RefreshTenTimesAsync(homes, world.Home.Id.ToString()), RefreshTenTimesAsync(others, world.Other.Id.ToString()));
    }
}
