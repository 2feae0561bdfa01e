using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Joining;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Joining;

/// <summary>People join by the domain of their address: by themselves, with a click, or by asking; and nobody does who should not.</summary>
public abstract class DomainJoinTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Place(Organization Organization, string Host, Id<OrganizationDomain> Domain);

    private async Task<Place> NewPlaceAsync(AssignmentMode mode, string role = BuiltInRoles.Member, bool verified = true)
    {
        var (organization, host) = (await idp.CreateOrganizationAsync(Ct), idp.UniqueHost());
        var claimed = await idp.UseAsync<DomainService, OrganizationDomain>(s => s.ClaimAsync(organization.Id, host, false, Ct), organization.Id);
        if (verified) await idp.UseAsync<DomainService, OrganizationDomain>(s => s.VerifyByOperatorAsync(organization.Id, claimed.Id, "test", Ct), organization.Id);
        await SetAsync(new Place(organization, host, claimed.Id), new DomainChanges { Assignment = mode, DefaultRole = role });
        return new Place(organization, host, claimed.Id);
    }

    private Task<OrganizationDomain> SetAsync(Place place, DomainChanges changes) =>
        idp.UseAsync<DomainRouting, OrganizationDomain>(s => s.UpdateAsync(place.Organization.Id, place.Domain, changes, Granter.Instance, null, Ct), place.Organization.Id);

    private async Task<IReadOnlyList<Opening>> SignInAsync(User user, params SessionProof[] proofs)
    {
        var (browser, session) = await idp.SignedInAsync(user, Ct, proofs);
        browser.Dispose();
        return await idp.InScopeAsync<DomainJoins, IReadOnlyList<Opening>>(joins => joins.AtSignInAsync(session, Ct));
    }

    private Task<Membership?> MembershipAsync(Place place, User user) => idp.ReadAsync(db =>
        db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Include(m => m.Roles).AsNoTracking().SingleOrDefaultAsync(m => m.OrganizationId == place.Organization.Id && m.UserId == user.Id, Ct));

    [Fact]
    public async Task Who_has_a_verified_address_joins_at_the_next_sign_in_with_the_domains_role_and_source()
    {
        var place = await NewPlaceAsync(AssignmentMode.Auto, BuiltInRoles.Guest);
        var user = await idp.CreateUserAsync($"jane@{place.Host}", Ct);
        var app = await idp.CreateAppAsync(Ct);
        using var browser = new WebBrowser();
        var pending = app.Authorize();

        var page = await IdpHost.SignInWithPasswordAsync(browser, app, pending, $"jane@{place.Host}", Ct);

        var tokens = await app.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        Assert.Equal(place.Organization.Id.ToString(), (string?)tokens.Access["org_id"]);
        var membership = await MembershipAsync(place, user);
        var role = Assert.Single(membership!.Roles); // a membership, or the token had no organization
        Assert.Equal((RoleSource.Domain, place.Domain.ToString()), (role.Source, role.SourceId));
        Assert.Empty(await SignInAsync(user));
        Assert.Equal(membership.Version, (await MembershipAsync(place, user))?.Version);
    }

    [Fact]
    public async Task An_invitation_that_waits_is_used_up_and_its_roles_are_theirs()
    {
        var place = await NewPlaceAsync(AssignmentMode.Auto);
        var user = await idp.CreateUserAsync($"jane@{place.Host}", Ct);
        var invited = (await idp.UseAsync<InvitationService, InvitationResult>(
            s => s.CreateAsync(place.Organization.Id, new NewInvitation($"jane@{place.Host}", [BuiltInRoles.Guest]), Granter.Instance, Ct), place.Organization.Id)).Invitation!; // not a member yet

        await SignInAsync(user);

        var role = Assert.Single((await MembershipAsync(place, user))!.Roles); // joined
        Assert.Equal((RoleSource.Invitation, invited.Id.ToString()), (role.Source, role.SourceId));
    }

    [Fact]
    [Trait("Attack", "C6")]
    public async Task Neither_an_unverified_domain_nor_an_unverified_address_joins_anybody()
    {
        var (claimed, place) = (await NewPlaceAsync(AssignmentMode.Auto, verified: false), await NewPlaceAsync(AssignmentMode.Auto));
        var squatted = await idp.CreateUserAsync($"jane@{claimed.Host}", Ct);
        var unverified = await idp.UseAsync<UserService, User>(s => s.CreateAsync(new NewUser([new($"{idp.Unique("own")}@elsewhere.example", true), new($"ceo@{place.Host}", false)], "Somebody"), Ct));

        Assert.Empty(await SignInAsync(squatted));
        Assert.Empty(await SignInAsync(unverified));
        Assert.Equal((null, null), (await MembershipAsync(claimed, squatted), await MembershipAsync(place, unverified)));
    }

    [Theory, InlineData(AssignmentMode.Auto), InlineData(AssignmentMode.Offer), InlineData(AssignmentMode.Suggest)]
    public async Task Who_was_removed_or_deactivated_is_neither_joined_nor_asked(AssignmentMode mode)
    {
        var place = await NewPlaceAsync(mode);
        foreach (var ends in new Func<MemberService, Id<Membership>, Task>[]
        {
            (members, id) => members.RemoveAsync(place.Organization.Id, id, Granter.Instance, Ct), (members, id) => members.DeactivateAsync(place.Organization.Id, id, Granter.Instance, Ct),
        })
        {
            var user = await idp.CreateUserAsync($"{idp.Unique("p")}@{place.Host}", Ct);
            var member = await idp.AddMemberAsync(place.Organization, user, Ct);
            await idp.InScopeAsync<MemberService, bool>(
                async members =>
                {
                    await ends(members, member.Membership.Id);
                    return true;
                }, place.Organization.Id);

            Assert.Empty(await SignInAsync(user));
            var (browser, session) = await idp.SignedInAsync(user, Ct);
            browser.Dispose();
            Assert.Equal(JoinErrors.Unavailable, (await idp.TryAsync<DomainJoins, Membership>(j => j.AcceptAsync(session, place.Organization.Id, Ct))).Error);
            Assert.Equal(JoinErrors.Unavailable, (await idp.TryAsync<DomainJoins, JoinRequest>(j => j.AskAsync(session, place.Organization.Id, Ct))).Error);
            Assert.NotEqual(MembershipStatus.Active, (await MembershipAsync(place, user))?.Status);
        }
    }

    [Fact]
    public async Task Limits_exclusive_memberships_and_a_suspension_keep_people_out_and_the_sign_in_goes_on()
    {
        var (full, exclusive, suspended) = (await NewPlaceAsync(AssignmentMode.Auto), await NewPlaceAsync(AssignmentMode.Auto), await NewPlaceAsync(AssignmentMode.Auto));
        Task<Organization> PolicyAsync(Place place, OrganizationChanges policy) => idp.UseAsync<OrganizationService, Organization>(s => s.UpdateAsync(place.Organization.Id, policy, Granter.Instance, null, Ct));
        await idp.AddMemberAsync(full.Organization, await idp.CreateUserAsync($"first@{full.Host}", Ct), Ct);
        await PolicyAsync(full, new OrganizationChanges { MemberLimit = 1 });
        await PolicyAsync(exclusive, new OrganizationChanges { ExclusiveMembership = true });
        await idp.UseAsync<OrganizationService, Organization>(s => s.SuspendAsync(suspended.Organization.Id, Ct));
        var elsewhere = await idp.CreateUserAsync($"jane@{exclusive.Host}", Ct);
        await idp.AddMemberAsync(await idp.CreateOrganizationAsync(Ct), elsewhere, Ct);

        foreach (var (place, user) in new[] { (full, await idp.CreateUserAsync($"second@{full.Host}", Ct)), (exclusive, elsewhere), (suspended, await idp.CreateUserAsync($"jane@{suspended.Host}", Ct)) })
        {
            await SignInAsync(user);
            Assert.Null(await MembershipAsync(place, user));
        }
    }

    [Fact]
    public async Task An_offer_is_one_click_and_leads_into_the_app()
    {
        var place = await NewPlaceAsync(AssignmentMode.Offer);
        var user = await idp.CreateUserAsync($"jane@{place.Host}", Ct);
        var app = await idp.CreateAppAsync(Ct);
        using var browser = new WebBrowser();
        var pending = app.Authorize();

        var page = await IdpHost.SignInWithPasswordAsync(browser, app, pending, $"jane@{place.Host}", Ct);
        Assert.Equal("/join", page.Address.AbsolutePath);
        Assert.Null(await MembershipAsync(place, user)); // reading joins nobody
        var button = page.Document.QuerySelectorAll("button.choice").Single();
        Assert.Contains($"Join {place.Organization.DisplayName}", button.TextContent, StringComparison.Ordinal);
        page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, stopAt: app.IsCallback, button: button);

        var tokens = await app.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        Assert.Equal(place.Organization.Id.ToString(), (string?)tokens.Access["org_id"]);
    }

    [Fact]
    public async Task An_offer_that_was_not_wanted_does_not_ask_again_and_stays_in_the_list()
    {
        var place = await NewPlaceAsync(AssignmentMode.Offer);
        var user = await idp.CreateUserAsync($"jane@{place.Host}", Ct);
        foreach (var _ in Enumerable.Range(0, 2)) await idp.AddMemberAsync(await idp.CreateOrganizationAsync(Ct), user, Ct);
        var app = await idp.CreateAppAsync(Ct);
        using var browser = new WebBrowser();

        var page = await IdpHost.SignInWithPasswordAsync(browser, app, app.Authorize(), $"jane@{place.Host}", Ct);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["organization"] = "" }, Ct, stopAt: app.IsCallback);
        Assert.Equal("/organizations/choose", page.Address.AbsolutePath);
        Assert.Contains($"Join {place.Organization.DisplayName}", page.Text, StringComparison.Ordinal);
        page = await IdpHost.SignInWithPasswordAsync(browser, app, app.Authorize(("prompt", "login")), $"jane@{place.Host}", Ct);
        Assert.Equal("/organizations/choose", page.Address.AbsolutePath);

        var button = page.Document.QuerySelectorAll("form[action='/join'] button.choice").Single();
        page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, "form[action='/join']", app.IsCallback, button);
        Assert.True(app.IsCallback(page.Address), page.Text);
        Assert.NotNull(await MembershipAsync(place, user));
    }

    [Fact]
    public async Task An_app_that_asks_for_one_organization_is_not_kept_waiting_by_another()
    {
        var (place, wanted) = (await NewPlaceAsync(AssignmentMode.Offer), await NewPlaceAsync(AssignmentMode.Offer));
        var user = await idp.UseAsync<UserService, User>(s => s.CreateAsync(new NewUser([new($"jane@{place.Host}", true), new($"jane@{wanted.Host}", true)], "Jane", Password: IdpHost.Password), Ct));
        var other = await idp.CreateOrganizationAsync(Ct);
        await idp.AddMemberAsync(other, user, Ct);
        var app = await idp.CreateAppAsync(Ct);
        using var browser = new WebBrowser();

        var page = await IdpHost.SignInWithPasswordAsync(browser, app, app.Authorize(("organization", other.Slug.Value)), $"jane@{place.Host}", Ct);
        Assert.True(app.IsCallback(page.Address), page.Text);

        // The one that it asks for is offered, and entered.
        page = await IdpHost.SignInWithPasswordAsync(browser, app, app.Authorize(("organization", wanted.Organization.Slug.Value), ("prompt", "login")), $"jane@{place.Host}", Ct);
        var button = page.Document.QuerySelectorAll("button.choice").Single(b => b.GetAttribute("value") == wanted.Organization.Id.ToString());
        page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, stopAt: app.IsCallback, button: button);
        Assert.True(RelyingParty.Answer(page).ContainsKey("code"), page.Address.Query);
    }

    [Fact]
    public async Task Asking_makes_one_request_whose_state_the_person_sees()
    {
        var place = await NewPlaceAsync(AssignmentMode.Suggest);
        var user = await idp.CreateUserAsync($"jane@{place.Host}", Ct);
        var app = await idp.CreateAppAsync(Ct);
        using var browser = new WebBrowser();

        var page = await IdpHost.SignInWithPasswordAsync(browser, app, app.Authorize(), $"jane@{place.Host}", Ct);
        var button = page.Document.QuerySelectorAll("button.choice").Single();
        Assert.Contains("Ask to join", button.TextContent, StringComparison.Ordinal);
        var sent = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, stopAt: app.IsCallback, button: button);
        Assert.Contains("Request sent", sent.Text, StringComparison.Ordinal);
        var again = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, stopAt: app.IsCallback, button: button);
        Assert.Contains("can't be joined", again.Text, StringComparison.Ordinal);

        Assert.Equal(1, await idp.ReadAsync(db => db.JoinRequests.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(r => r.UserId == user.Id, Ct)));
        Assert.Null(await MembershipAsync(place, user));
        Assert.Equal(OpeningKind.Requested, Assert.Single(await SignInAsync(user)).Kind);
    }

    [Fact]
    [Trait("Attack", "D11")]
    public async Task Another_organizations_sign_in_joins_nobody()
    {
        var (place, foreign) = (await NewPlaceAsync(AssignmentMode.Auto), await idp.CreateOrganizationAsync(Ct));
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var connection = await idp.ConnectAsync(foreign, upstream, Ct);
        var user = await idp.CreateUserAsync($"jane@{place.Host}", Ct);
        await idp.AddMemberAsync(foreign, user, Ct);

        Assert.Empty(await SignInAsync(user, new SessionProof(connection.Id, foreign.Id, TimeProvider.System.GetUtcNow(), ["fed"])));
        Assert.Null(await MembershipAsync(place, user));
    }

    [Fact]
    [Trait("Attack", "C6")]
    public async Task Accounts_that_another_organization_made_before_the_domain_changed_hands_are_for_a_person_to_decide()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (former, host) = (await idp.CreateOrganizationAsync(Ct), idp.UniqueHost());
        await idp.VerifyDomainAsync(former, Ct, host);
        var connection = await idp.ConnectAsync(former, upstream, Ct);
        var outcome = await idp.UseAsync<SignInService, FederationOutcome>(s => s.FederateAsync(
            connection.Id, new ExternalIdentity(connection.Issuer, "jane", EmailAddress.Parse($"jane@{host}"), true, PersonName.None, []), new BrowserContext(null, "test"), Ct));
        var jane = await idp.UseAsync<UserService, User>(s => s.FindAsync(outcome.SignedIn!.Session.UserId, Ct)); // a new person is signed in
        var held = await OnlyDomainAsync(former);
        await idp.InScopeAsync<DomainService, Result>(s => s.ReleaseAsync(former.Id, held.Id, Ct), former.Id);
        var buyer = await idp.CreateOrganizationAsync(Ct);
        await idp.VerifyDomainAsync(buyer, Ct, host);
        var place = new Place(buyer, host, (await OnlyDomainAsync(buyer)).Id);

        foreach (var mode in new[] { AssignmentMode.Auto, AssignmentMode.Offer })
        {
            await SetAsync(place, new DomainChanges { Assignment = mode });
            Assert.Equal(OpeningKind.Suggested, Assert.Single(await SignInAsync(jane)).Kind);
            Assert.Null(await MembershipAsync(place, jane));
        }
    }

    [Theory, InlineData("released", true), InlineData("released", false), InlineData("deleted", false)]
    [Trait("Attack", "C6")]
    public async Task Whose_address_was_proven_under_a_former_holder_is_for_a_person_to_decide(string end, bool remembered)
    {
        var (former, host) = (await idp.CreateOrganizationAsync(Ct), idp.UniqueHost());
        await idp.VerifyDomainAsync(former, Ct, host);
        var jane = await idp.CreateUserAsync($"jane@{host}", Ct); // by an invitation of the former: an account of the instance, which names no maker
        var held = await OnlyDomainAsync(former);
        if (!remembered) await idp.ReadAsync(db => db.HostHolders.Where(h => h.Host == held.Host).ExecuteDeleteAsync(Ct)); // held since a version that noted nothing
        if (end == "released") Assert.True((await idp.InScopeAsync<DomainService, Result>(s => s.ReleaseAsync(former.Id, held.Id, Ct), former.Id)).IsOk);
        else await PurgeAsync(former);
        var buyer = await idp.CreateOrganizationAsync(Ct);
        await idp.VerifyDomainAsync(buyer, Ct, host);
        var place = new Place(buyer, host, (await OnlyDomainAsync(buyer)).Id);
        var later = await idp.CreateUserAsync($"later@{host}", Ct);

        foreach (var mode in new[] { AssignmentMode.Offer, AssignmentMode.Auto })
        {
            await SetAsync(place, new DomainChanges { Assignment = mode });
            Assert.Equal(OpeningKind.Suggested, Assert.Single(await SignInAsync(jane)).Kind);
            Assert.Null(await MembershipAsync(place, jane));
        }

        await SignInAsync(later);
        Assert.NotNull(await MembershipAsync(place, later));
    }

    [Fact]
    public async Task Whose_address_was_proven_before_anybody_held_the_domain_joins_as_it_says()
    {
        var host = idp.UniqueHost();
        var user = await idp.CreateUserAsync($"jane@{host}", Ct);
        var organization = await idp.CreateOrganizationAsync(Ct);
        await idp.VerifyDomainAsync(organization, Ct, host);
        var place = new Place(organization, host, (await OnlyDomainAsync(organization)).Id);
        await SetAsync(place, new DomainChanges { Assignment = AssignmentMode.Auto });

        await SignInAsync(user);

        Assert.NotNull(await MembershipAsync(place, user));
    }

    private async Task PurgeAsync(Organization organization)
    {
        await idp.UseAsync<OrganizationDeletion, Organization>(s => s.DeleteAsync(organization.Id, null, Ct));
        Assert.True((await idp.InScopeAsync<OrganizationDeletion, Result>(s => s.PurgeAsync(organization.Id, organization.Slug.Value, Ct))).IsOk);
    }

    private async Task<OrganizationDomain> OnlyDomainAsync(Organization organization) =>
        (await idp.InScopeAsync<DomainService, Result<Page<OrganizationDomain>>>(s => s.ListAsync(organization.Id, new PageRequest(50, null), Ct), organization.Id)).Value!.Items.Single(); // a first page

    [Fact]
    [Trait("Attack", "C10")]
    public async Task No_role_that_changes_the_organization_is_given_by_an_address()
    {
        var place = await NewPlaceAsync(AssignmentMode.Auto);
        async Task<string?> TryAsync(string key) =>
            (await idp.TryAsync<DomainRouting, OrganizationDomain>(s => s.UpdateAsync(place.Organization.Id, place.Domain, new DomainChanges { DefaultRole = key }, Granter.Instance, null, Ct), place.Organization.Id)).Error?.Code;
        Task<Role> RoleAsync(string key, string? extends, params string[] permissions) =>
            idp.UseAsync<RoleService, Role>(s => s.CreateAsync(place.Organization.Id, new NewRole(key, key, permissions) { Extends = extends }, Granter.Instance, Ct), place.Organization.Id);
        await RoleAsync("reader", null, "invoices:read");
        var growing = await RoleAsync("growing", null, "invoices:read");
        await RoleAsync("sly", null, Permission.DomainsWrite);
        await RoleAsync("deputy", BuiltInRoles.Admin);

        foreach (var key in new[] { BuiltInRoles.Owner, BuiltInRoles.Admin, "sly", "deputy" }) Assert.Equal("default_role_privileged", await TryAsync(key));
        Assert.Equal("default_role_unknown", await TryAsync("nobody"));
        Assert.Null(await TryAsync("reader"));
        Assert.Null(await TryAsync("growing"));

        // What it became since gives nothing more.
        await idp.UseAsync<RoleService, Role>(s => s.UpdateAsync(place.Organization.Id, growing.Id, new RoleChanges { Permissions = new([Permission.MembersWrite]) }, Granter.Instance, null, Ct), place.Organization.Id);
        var user = await idp.CreateUserAsync($"jane@{place.Host}", Ct);
        await SignInAsync(user);
        var held = Assert.Single((await MembershipAsync(place, user))!.Roles); // joined
        Assert.NotEqual(growing.Id, held.RoleId);
    }

    [Fact]
    [Trait("Attack", "R8")]
    public async Task Many_sign_ins_at_once_make_one_membership()
    {
        var place = await NewPlaceAsync(AssignmentMode.Auto);
        var user = await idp.CreateUserAsync($"jane@{place.Host}", Ct);
        var sessions = new List<Session>();
        for (var i = 0; i < 6; i++)
        {
            var (browser, session) = await idp.SignedInAsync(user, Ct);
            browser.Dispose();
            sessions.Add(session);
        }

        await Task.WhenAll(sessions.Select(session => idp.InScopeAsync<DomainJoins, IReadOnlyList<Opening>>(joins => joins.AtSignInAsync(session, Ct))));

        Assert.Equal(1, await idp.ReadAsync(db => db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(m => m.UserId == user.Id, Ct)));
    }

    [Fact]
    [Trait("Attack", "C8")]
    public async Task An_address_of_the_domain_alone_gets_no_claim_of_the_organization()
    {
        var place = await NewPlaceAsync(AssignmentMode.Off);
        await idp.CreateUserAsync($"jane@{place.Host}", Ct);
        var app = await idp.CreateAppAsync(Ct);
        using var browser = new WebBrowser();

        var page = await IdpHost.SignInWithPasswordAsync(browser, app, app.Authorize(("organization", place.Organization.Id.ToString())), $"jane@{place.Host}", Ct);

        Assert.Equal("access_denied", RelyingParty.Answer(page)["error"]);
    }
}

[Collection(SqliteHost.Name)]
public sealed class DomainJoinsOnSqlite(SqliteIdp idp) : DomainJoinTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class DomainJoinsOnPostgreSql(PostgreSqlIdp idp) : DomainJoinTests(idp);
