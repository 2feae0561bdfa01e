using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Joining;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using TenantIdP.Tests.Domains;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Joining;

/// <summary>What an affiliation opens: its people may ask, and nothing else.</summary>
public abstract class AffiliationJoinTests(IdpHost idp)
{
    private readonly AffiliationScene scene = new(idp);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Its_people_are_asked_at_the_sign_in_and_an_admin_decides()
    {
        var claim = await scene.AffiliatedAsync();
        var user = await idp.CreateUserAsync($"jane@{claim.Host}", Ct);
        var app = await idp.CreateAppAsync(Ct);
        using var browser = new WebBrowser();

        var page = await IdpHost.SignInWithPasswordAsync(browser, app, app.Authorize(), $"jane@{claim.Host}", Ct);
        var button = page.Document.QuerySelectorAll("button.choice").Single();
        Assert.Contains($"Ask to join {claim.Organization.DisplayName}", button.TextContent, StringComparison.Ordinal);
        Assert.Contains("has not proven", button.TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("belongs to", page.Text, StringComparison.Ordinal);
        var sent = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, stopAt: app.IsCallback, button: button);
        Assert.Contains("Request sent", sent.Text, StringComparison.Ordinal);
        Assert.Equal(OpeningKind.Requested, Assert.Single(await scene.OpeningsAsync(user)).Kind);

        var request = await idp.ReadAsync(db => db.JoinRequests.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().SingleAsync(r => r.UserId == user.Id, Ct));
        Assert.Null(await MembershipAsync(claim, user));
        await AffiliationScene.OkAsync(await scene.ApproveAsync(claim, request));

        var held = Assert.Single((await MembershipAsync(claim, user))!.Roles); // joined
        Assert.Equal((RoleSource.Domain, claim.Domain.Id.ToString()), (held.Source, held.SourceId));
    }

    [Theory]
    [Trait("Attack", "C6")]
    [InlineData(AssignmentMode.Auto, OpeningKind.Suggested)]
    [InlineData(AssignmentMode.Offer, OpeningKind.Suggested)]
    [InlineData(AssignmentMode.Suggest, OpeningKind.Suggested)]
    [InlineData(AssignmentMode.Off, null)]
    public async Task It_never_joins_anybody_by_itself_or_by_a_click(AssignmentMode mode, OpeningKind? opens)
    {
        var claim = await scene.AffiliatedAsync(mode: mode);
        var user = await idp.CreateUserAsync($"jane@{claim.Host}", Ct);

        var found = await scene.OpeningsAsync(user);

        Assert.Equal(opens, found.SingleOrDefault()?.Kind);
        Assert.Null(await MembershipAsync(claim, user));
        var (browser, session) = await idp.SignedInAsync(user, Ct);
        browser.Dispose();
        Assert.Equal(JoinErrors.Unavailable, (await idp.TryAsync<DomainJoins, Membership>(j => j.AcceptAsync(session, claim.Organization.Id, Ct))).Error);
    }

    [Fact]
    [Trait("Attack", "C6")]
    public async Task It_routes_nobody_lets_nobody_in_by_single_sign_on_and_counts_for_no_policy()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var claim = await scene.AffiliatedAsync();
        var connection = await idp.ConnectAsync(claim.Organization, upstream, Ct);
        var user = await idp.CreateUserAsync($"jane@{claim.Host}", Ct);
        var app = await idp.CreateAppAsync(Ct);
        using var browser = new WebBrowser();

        // The address leads to the password of this instance.
        var page = await IdpHost.SignInWithPasswordAsync(browser, app, app.Authorize(), $"jane@{claim.Host}", Ct);
        Assert.Equal("/join", page.Address.AbsolutePath);

        foreach (var (subject, local) in new[] { ("known", "jane"), ("new", "newcomer") })
        {
            var refused = await idp.TryAsync<SignInService, FederationOutcome>(s => s.FederateAsync(
                connection.Id, new ExternalIdentity(connection.Issuer, subject, EmailAddress.Parse($"{local}@{claim.Host}"), true, PersonName.None, []), new BrowserContext(null, "test"), Ct));
            Assert.Equal(SignInErrors.EmailDomainNotAllowed.Code, refused.Error?.Code);
        }

        var required = await idp.TryAsync<OrganizationService, Organization>(s => s.UpdateAsync(claim.Organization.Id, new OrganizationChanges { RequireSso = true }, Granter.Instance, null, Ct));
        Assert.Equal(OrganizationErrors.SsoNeedsConnection, required.Error);
        await idp.UseAsync<OrganizationService, Organization>(s => s.UpdateAsync(claim.Organization.Id, new OrganizationChanges { MembershipDomains = MembershipDomains.VerifiedOnly }, Granter.Instance, null, Ct));
        var asked = await scene.AskAsync(user, claim.Organization);
        await AssertProblem.IsAsync(await scene.ApproveAsync(claim, asked.Value!), HttpStatusCode.Conflict, "email_domain_not_allowed", Ct); // asking is open
        Assert.Null(await MembershipAsync(claim, user));
    }

    [Fact]
    public async Task Several_may_be_affiliated_with_one_host_and_each_is_asked_about_for_that_very_host_only()
    {
        var host = idp.UniqueHost();
        var (first, second) = (await scene.AffiliatedAsync(host), await scene.AffiliatedAsync(host));
        var (inside, below) = (await idp.CreateUserAsync($"jane@{host}", Ct), await idp.CreateUserAsync($"jane@eng.{host}", Ct));
        var unverified = await idp.UseAsync<UserService, User>(s => s.CreateAsync(new NewUser([new($"{idp.Unique("own")}@elsewhere.example", true), new($"ceo@{host}", false)], "Somebody"), Ct));

        Assert.Equal(new[] { first.Organization.Id, second.Organization.Id }.Order(), (await scene.OpeningsAsync(inside)).Select(o => o.Organization).Order());
        Assert.Empty(await scene.OpeningsAsync(below)); // although the claims include sub-domains
        Assert.Empty(await scene.OpeningsAsync(unverified));
    }

    [Fact]
    public async Task A_person_is_asked_about_those_of_longest_standing_and_not_about_any_number()
    {
        var host = idp.UniqueHost();
        var claims = new List<AffiliationScene.Claim>();
        for (var i = 0; i < Openings.MostAffiliated + 2; i++)
        {
            claims.Add(await scene.ClaimAsync(host));
            var (id, at) = (claims[i].Domain.Id, TimeProvider.System.GetUtcNow().AddMinutes(i - 1_000));
            await idp.ReadAsync(db => db.Domains.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(d => d.Id == id).ExecuteUpdateAsync(set => set.SetProperty(d => d.AffiliatedAt, at), Ct));
        }

        var found = (await scene.OpeningsAsync(await idp.CreateUserAsync($"jane@{host}", Ct))).Select(o => o.Organization).ToHashSet();

        Assert.Equal(claims.Take(Openings.MostAffiliated).Select(c => c.Organization.Id).Order(), found.Order());
    }

    [Fact]
    [Trait("Attack", "C6")]
    public async Task An_owners_proof_wins_and_what_it_ended_does_not_come_back()
    {
        var claim = await scene.AffiliatedAsync();
        var (jane, joe) = (await idp.CreateUserAsync($"jane@{claim.Host}", Ct), await idp.CreateUserAsync($"joe@{claim.Host}", Ct));
        var asked = await scene.AskAsync(jane, claim.Organization);
        var owner = await idp.CreateOrganizationAsync(Ct);
        await idp.VerifyDomainAsync(owner, Ct, claim.Host);

        // At once, before anything has run.
        Assert.Empty(await scene.OpeningsAsync(joe));
        Assert.Equal(JoinErrors.Unavailable, (await scene.AskAsync(joe, claim.Organization)).Error);
        await AssertProblem.IsAsync(await scene.ApproveAsync(claim, asked.Value!), HttpStatusCode.Conflict, "join_request_outdated", Ct); // it was open

        await CareAsync();
        await CareAsync();
        Assert.Null((await scene.FindAsync(claim)).AffiliatedAt);
        Assert.Contains("\"verified_elsewhere\"", Assert.Single(await scene.EventsAsync(claim, EventTypes.DomainAffiliationEnded)), StringComparison.Ordinal);
        var held = await idp.ReadAsync(db => db.Domains.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().SingleAsync(d => d.OrganizationId == owner.Id, Ct));
        await idp.InScopeAsync<DomainService, Result>(s => s.ReleaseAsync(owner.Id, held.Id, Ct), owner.Id);
        Assert.Empty(await scene.OpeningsAsync(joe));
    }

    [Fact]
    [Trait("Attack", "C6")]
    public async Task A_host_whose_holder_has_lapsed_or_lies_above_is_the_holders()
    {
        var claim = await scene.AffiliatedAsync();
        var child = await scene.AffiliatedAsync($"eng.{idp.UniqueHost()}");
        var (holder, above) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct));
        await idp.VerifyDomainAsync(holder, Ct, claim.Host);
        var lapsed = TimeProvider.System.GetUtcNow();
        await idp.ReadAsync(db => db.Domains.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(d => d.OrganizationId == holder.Id).ExecuteUpdateAsync(set => set.SetProperty(d => d.LapsedAt, lapsed), Ct));
        var parent = await idp.UseAsync<DomainService, OrganizationDomain>(s => s.ClaimAsync(above.Id, child.Host["eng.".Length..], true, Ct), above.Id);
        await idp.UseAsync<DomainService, OrganizationDomain>(s => s.VerifyByOperatorAsync(above.Id, parent.Id, "test", Ct), above.Id);

        Assert.Empty(await scene.OpeningsAsync(await idp.CreateUserAsync($"jane@{claim.Host}", Ct)));
        Assert.Empty(await scene.OpeningsAsync(await idp.CreateUserAsync($"jane@{child.Host}", Ct)));
    }

    [Fact]
    public async Task It_ends_after_a_year_and_with_the_claim()
    {
        var (old, released) = (await scene.AffiliatedAsync(), await scene.AffiliatedAsync());
        var (jane, joe) = (await idp.CreateUserAsync($"jane@{old.Host}", Ct), await idp.CreateUserAsync($"joe@{released.Host}", Ct));
        Assert.Single(await scene.OpeningsAsync(jane));
        Assert.Single(await scene.OpeningsAsync(joe));

        await scene.AgeAsync(old, OrganizationDomain.AffiliatedFor);
        Assert.Equal(HttpStatusCode.NoContent, (await scene.SendAsync(HttpMethod.Delete, released.Path, released.Token)).StatusCode);

        Assert.Empty(await scene.OpeningsAsync(jane));
        Assert.Empty(await scene.OpeningsAsync(joe));
        await CareAsync();
        Assert.Null((await scene.FindAsync(old)).AffiliatedAt);
        Assert.Contains("\"expired\"", Assert.Single(await scene.EventsAsync(old, EventTypes.DomainAffiliationEnded)), StringComparison.Ordinal);

        // Shown again, it begins again.
        await AffiliationScene.OkAsync(await scene.ConfirmAsync(old, await scene.MailedAsync(old)));
        Assert.Single(await scene.OpeningsAsync(jane));
    }

    [Fact]
    public async Task Who_was_removed_is_not_asked_and_a_suspended_organization_asks_nobody()
    {
        var claim = await scene.AffiliatedAsync();
        var (removed, other) = (await idp.CreateUserAsync($"jane@{claim.Host}", Ct), await idp.CreateUserAsync($"joe@{claim.Host}", Ct));
        var member = await idp.AddMemberAsync(claim.Organization, removed, Ct);
        await idp.InScopeAsync<MemberService, Result>(s => s.RemoveAsync(claim.Organization.Id, member.Membership.Id, Granter.Instance, Ct), claim.Organization.Id);

        Assert.Empty(await scene.OpeningsAsync(removed));
        Assert.Single(await scene.OpeningsAsync(other));
        await idp.UseAsync<OrganizationService, Organization>(s => s.SuspendAsync(claim.Organization.Id, Ct));
        Assert.Empty(await scene.OpeningsAsync(other));
    }

    private Task<bool> CareAsync() => idp.InScopeAsync<AffiliationUpkeep, bool>(async upkeep =>
    {
        await upkeep.RunAsync(Ct);
        return true;
    });

    private Task<Membership?> MembershipAsync(AffiliationScene.Claim claim, User user) => idp.ReadAsync(db =>
        db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Include(m => m.Roles).AsNoTracking().SingleOrDefaultAsync(m => m.OrganizationId == claim.Organization.Id && m.UserId == user.Id, Ct));
}

[Collection(SqliteHost.Name)]
public sealed class AffiliationJoinsOnSqlite(SqliteIdp idp) : AffiliationJoinTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class AffiliationJoinsOnPostgreSql(PostgreSqlIdp idp) : AffiliationJoinTests(idp);
