using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Invitations;

/// <summary>From the mail to the membership, through whatever sign-in the invited address asks for.</summary>
public abstract class AcceptTests(IdpHost idp)
{
    private readonly InvitationScene scene = new(idp);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string NewAddress(string? host = null) => $"invited@{host ?? idp.UniqueHost()}";

    private static readonly Func<WebPage, string> Path = page => page.Address.AbsolutePath;

    [Fact]
    public async Task A_new_person_makes_an_account_and_lands_in_the_app_as_a_member()
    {
        var (organization, email) = (await idp.CreateOrganizationAsync(Ct), NewAddress());
        var start = $"https://{idp.UniqueHost()}/start";
        var app = await idp.CreateAppAsync(Ct, a => a with { InitiateLoginUri = start });
        var invitation = await scene.InviteAsync(organization, new NewInvitation(email, ["admin"]) { AppId = Id<App>.Parse(app.App.Id, null), Message = "See you on Monday" }, Ct);
        var mail = (await idp.MailsToAsync(email, 1, Ct))[0];
        Assert.Contains("See you on Monday", mail.Text, StringComparison.Ordinal);
        using var browser = new WebBrowser();

        var page = await browser.GetAsync(InvitationScene.LinkIn(mail.Text), Ct);
        Assert.Equal("/invitation", Path(page));
        page = await scene.AnswerAsync(browser, page, "accept", Ct);
        Assert.Equal("/invitation/account", Path(page));
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["name"] = "Ann Example", ["password"] = InvitationScene.NewPassword }, Ct, stopAt: u => u.Host == new Uri(start).Host);

        Assert.StartsWith(start, page.Address.AbsoluteUri, StringComparison.Ordinal);
        var query = RelyingParty.Answer(page);
        Assert.Equal((idp.Issuer, organization.Id.ToString(), email), (query["iss"], query["organization"], query["login_hint"]));
        var user = await scene.UserAsync(email, Ct);
        Assert.Equal(["admin Invitation"], await scene.RolesAsync(organization, user, Ct));
        var accepted = await scene.ReadAsync(invitation, Ct);
        Assert.Equal((InvitationStatus.Accepted, user), (accepted.Status, accepted.AcceptedBy));
        var tokens = await IdpHost.TokensAsync(browser, app, Ct, ("organization", organization.Id.ToString()));
        Assert.Equal((organization.Id.ToString(), user.ToString(), "Ann Example"), ((string?)tokens.Access["org_id"], (string?)tokens.Access["sub"], (string?)tokens.Id["name"]));
        // The password is theirs from now on.
        using var another = new WebBrowser();
        Assert.True(app.IsCallback((await IdpHost.SignInWithPasswordAsync(another, app, app.Authorize(), email, Ct, InvitationScene.NewPassword)).Address));
    }

    [Fact]
    public async Task Somebody_with_a_password_signs_in_with_it_and_is_in()
    {
        var (organization, email) = (await idp.CreateOrganizationAsync(Ct), NewAddress());
        var user = await idp.CreateUserAsync(email, Ct);
        await scene.InviteAsync(organization, email.ToUpperInvariant().Replace("EXAMPLE", "example", StringComparison.Ordinal), Ct);
        using var browser = new WebBrowser();

        var page = await scene.AnswerAsync(browser, await browser.GetAsync(await scene.LinkAsync(email, Ct), Ct), "accept", Ct);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = "wrong horse battery staple" }, Ct);
        Assert.Empty(await scene.MembersAsync(organization, Ct));
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = IdpHost.Password }, Ct);

        Assert.Contains($"Welcome to {organization.DisplayName}", page.Text, StringComparison.Ordinal);
        Assert.Equal(["member Invitation"], await scene.RolesAsync(organization, user.Id, Ct));
    }

    [Fact]
    public async Task Who_is_signed_in_already_accepts_with_one_button()
    {
        var (organization, email) = (await idp.CreateOrganizationAsync(Ct), NewAddress());
        var (browser, session) = await idp.SignedInAsync(await idp.CreateUserAsync(email, Ct), Ct);
        using var mine = browser;
        await scene.InviteAsync(organization, email, Ct);

        var page = await scene.AnswerAsync(mine, await mine.GetAsync(await scene.LinkAsync(email, Ct), Ct), "accept", Ct);

        Assert.Contains($"Welcome to {organization.DisplayName}", page.Text, StringComparison.Ordinal);
        Assert.Equal(["member Invitation"], await scene.RolesAsync(organization, session.UserId, Ct));
    }

    [Fact]
    [Trait("Attack", "B4")]
    public async Task An_account_without_any_credential_gets_its_first_and_one_that_has_a_password_keeps_it()
    {
        var (organization, bare, known) = (await idp.CreateOrganizationAsync(Ct), NewAddress(), NewAddress());
        var user = await idp.UseAsync<UserService, User>(s => s.CreateAsync(new NewUser([new(bare, true)], "Made for them"), Ct));
        await idp.CreateUserAsync(known, Ct);
        await scene.InviteAsync(organization, bare, Ct);
        await scene.InviteAsync(organization, known, Ct);
        using (var browser = new WebBrowser())
        {
            var page = await scene.AnswerAsync(browser, await browser.GetAsync(await scene.LinkAsync(bare, Ct), Ct), "accept", Ct);
            Assert.Contains("Choose your password", page.Text, StringComparison.Ordinal);
            page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = "too short" }, Ct);
            Assert.Contains("15 to 256", page.Text, StringComparison.Ordinal);
            await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = InvitationScene.NewPassword }, Ct);
            Assert.Equal(["member Invitation"], await scene.RolesAsync(organization, user.Id, Ct));
        }

        // The form of somebody else's, sent for an account that has a password.
        using var thief = new WebBrowser();
        var asked = await scene.AnswerAsync(thief, await thief.GetAsync(await scene.LinkAsync(known, Ct), Ct), "accept", Ct);
        Assert.Contains("Enter your password", asked.Text, StringComparison.Ordinal);
        var forged = await thief.GetAsync($"{idp.Issuer}/invitation/account", Ct);
        Assert.Equal("/invitation", Path(forged));
        var token = asked.Document.QuerySelector("input[name='form_token']")!.GetAttribute("value")!; // every form of ours has one
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{idp.Issuer}/invitation/account") { Content = new FormUrlEncodedContent([new("form_token", token), new("name", "Thief"), new("password", InvitationScene.NewPassword)]) };
        request.Headers.Add("Origin", idp.Issuer);
        Assert.Equal(HttpStatusCode.SeeOther, (await thief.SendAsync(request, Ct)).StatusCode);
        var app = await idp.CreateAppAsync(Ct);
        using var owner = new WebBrowser();
        Assert.True(app.IsCallback((await IdpHost.SignInWithPasswordAsync(owner, app, app.Authorize(), known, Ct)).Address)); // with the old one
    }

    [Fact]
    [Trait("Attack", "B3")]
    public async Task The_account_page_opens_only_after_a_yes_and_only_where_no_single_sign_on_is_responsible()
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        using var browser = new WebBrowser();
        var email = NewAddress();
        await scene.InviteAsync(organization, email, Ct);
        await browser.GetAsync(await scene.LinkAsync(email, Ct), Ct);
        Assert.Equal("/invitation", Path(await browser.GetAsync($"{idp.Issuer}/invitation/account", Ct)));

        await using var upstream = await TestUpstream.StartAsync(Ct);
        var home = await idp.CreateOrganizationAsync(Ct);
        var routed = NewAddress(await idp.VerifyDomainAsync(home, Ct));
        await scene.InviteAsync(organization, routed, Ct);
        var page = await browser.GetAsync(await scene.LinkAsync(routed, Ct), Ct);
        page = await scene.AnswerAsync(browser, page, "accept", Ct);
        Assert.Equal("/invitation/account", Path(page)); // no connection yet
        await idp.ConnectAsync(home, upstream, Ct, c => c with { TrustEmail = true });
        Assert.Equal("/invitation", Path(await browser.SubmitAsync(page, new Dictionary<string, string> { ["name"] = "Past SSO", ["password"] = InvitationScene.NewPassword }, Ct)));
        Assert.Empty(await scene.MembersAsync(organization, Ct));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_goes_through_the_single_sign_on_of_another_organization_that_holds_the_address(bool required)
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (organization, home) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct));
        var email = NewAddress(await idp.VerifyDomainAsync(home, Ct));
        await idp.ConnectAsync(home, upstream, Ct, c => c with { TrustEmail = true });
        if (required) await idp.RequireSsoAsync(home, Ct);
        upstream.SignsIn(idp.Unique("subject"), email, name: "Guest of theirs");
        await scene.InviteAsync(organization, email, Ct, "guest");
        using var browser = new WebBrowser();

        var page = await scene.AnswerAsync(browser, await browser.GetAsync(await scene.LinkAsync(email, Ct), Ct), "accept", Ct);

        Assert.Contains($"Welcome to {organization.DisplayName}", page.Text, StringComparison.Ordinal);
        Assert.Equal(["guest Invitation"], await scene.RolesAsync(organization, await scene.UserAsync(email, Ct), Ct));
        Assert.Contains(browser.Trail, u => u.AbsoluteUri.StartsWith(upstream.Issuer, StringComparison.Ordinal));
    }

    /// <summary>BW #8352: invitation and required single sign-on waited for each other.</summary>
    [Theory]
    [InlineData(JitMode.On)]
    [InlineData(JitMode.Off)]
    [InlineData(JitMode.InvitedOnly)]
    public async Task Where_the_organization_requires_its_own_single_sign_on_it_is_accepted_by_that(JitMode jit)
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var organization = await idp.CreateOrganizationAsync(Ct);
        var email = NewAddress(await idp.VerifyDomainAsync(organization, Ct));
        await idp.ConnectAsync(organization, upstream, Ct, c => c with { TrustEmail = true, Jit = jit });
        await idp.RequireSsoAsync(organization, Ct);
        upstream.SignsIn(idp.Unique("subject"), email, name: "New colleague");
        var invitation = await scene.InviteAsync(organization, email, Ct, "admin");
        using var browser = new WebBrowser();

        var page = await scene.AnswerAsync(browser, await browser.GetAsync(await scene.LinkAsync(email, Ct), Ct), "accept", Ct);

        Assert.Contains($"Welcome to {organization.DisplayName}", page.Text, StringComparison.Ordinal);
        Assert.Equal(["admin Invitation"], await scene.RolesAsync(organization, await scene.UserAsync(email, Ct), Ct));
        Assert.Equal(InvitationStatus.Accepted, (await scene.ReadAsync(invitation, Ct)).Status);
    }

    [Fact]
    public async Task Another_persons_single_sign_on_does_not_accept_it()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (organization, home) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct));
        var domain = await idp.VerifyDomainAsync(home, Ct);
        await idp.ConnectAsync(home, upstream, Ct, c => c with { TrustEmail = true });
        upstream.SignsIn(idp.Unique("subject"), $"other@{domain}", name: "Somebody else");
        await scene.InviteAsync(organization, NewAddress(domain), Ct);
        using var browser = new WebBrowser();

        var page = await scene.AnswerAsync(browser, await browser.GetAsync(await scene.LinkAsync(NewAddress(domain), Ct), Ct), "accept", Ct);

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Contains("You are signed in with another account", page.Text, StringComparison.Ordinal);
        Assert.Empty(await scene.MembersAsync(organization, Ct));
    }

    [Fact]
    [Trait("Attack", "D11")]
    public async Task A_proof_of_some_other_organizations_identity_provider_is_not_enough()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (organization, evil) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct));
        var connection = await idp.ConnectAsync(evil, upstream, Ct);
        var email = NewAddress();
        var user = await idp.CreateUserAsync(email, Ct);
        await scene.InviteAsync(organization, email, Ct);
        var now = TimeProvider.System.GetUtcNow();
        var (browser, _) = await idp.SignedInAsync(user, Ct, new Core.Sessions.SessionProof(connection.Id, evil.Id, now, ["fed"]));
        using var theirs = browser;

        var page = await scene.AnswerAsync(theirs, await theirs.GetAsync(await scene.LinkAsync(email, Ct), Ct), "accept", Ct);

        Assert.Contains("Enter your password", page.Text, StringComparison.Ordinal);
        Assert.Empty(await scene.MembersAsync(organization, Ct));
    }

    [Fact]
    public async Task An_app_that_sends_the_invitation_with_its_request_gets_the_person_back_in_that_organization()
    {
        var (organization, email) = (await idp.CreateOrganizationAsync(Ct), NewAddress());
        await scene.InviteAsync(organization, email, Ct);
        var token = InvitationScene.TokenOf(await scene.LinkAsync(email, Ct));
        var app = await idp.CreateAppAsync(Ct);
        using var browser = new WebBrowser();
        var silent = await browser.GetAsync(app.Authorize(("invitation", token), ("prompt", "none")).Address, Ct, app.IsCallback);
        Assert.Equal("interaction_required", RelyingParty.Answer(silent)["error"]);

        var pending = app.Authorize(("invitation", token));
        var page = await browser.GetAsync(pending.Address, Ct, app.IsCallback);
        Assert.Equal("/invitation", Path(page));
        page = await scene.AnswerAsync(browser, page, "accept", Ct);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["name"] = "Ann", ["password"] = InvitationScene.NewPassword }, Ct, stopAt: app.IsCallback);

        var tokens = await app.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        Assert.Equal(organization.Id.ToString(), (string?)tokens.Access["org_id"]);
        Assert.DoesNotContain(browser.Trail.Skip(3), u => u.AbsoluteUri.Contains(token, StringComparison.Ordinal)); // only where the app put it
    }

    [Fact]
    public async Task Who_says_not_now_goes_on_into_the_app_without_it()
    {
        var (organization, email) = (await idp.CreateOrganizationAsync(Ct), NewAddress());
        var user = await idp.CreateUserAsync(email, Ct);
        await idp.AddMemberAsync(await idp.CreateOrganizationAsync(Ct), user, Ct);
        await scene.InviteAsync(organization, email, Ct);
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        using var mine = browser;
        var app = await idp.CreateAppAsync(Ct);

        var page = await mine.GetAsync(app.Authorize(("invitation", InvitationScene.TokenOf(await scene.LinkAsync(email, Ct)))).Address, Ct, app.IsCallback);
        page = await mine.GetAsync(new Uri(page.Address, page.Document.QuerySelector(".quiet a")!.GetAttribute("href")!), Ct, app.IsCallback); // "Not now"

        Assert.True(RelyingParty.Answer(page).ContainsKey("code"), page.Address.AbsoluteUri);
        Assert.Empty(await scene.MembersAsync(organization, Ct));
    }

    [Fact]
    public async Task Workspaces_come_with_it_and_what_was_deleted_since_does_not()
    {
        var (organization, email) = (await idp.CreateOrganizationAsync(Ct), NewAddress());
        var kept = await idp.UseAsync<Core.Workspaces.WorkspaceService, Core.Workspaces.Workspace>(s => s.CreateAsync(organization.Id, new Core.Workspaces.NewWorkspace("Kept", null), Ct), organization.Id);
        var gone = await idp.UseAsync<Core.Workspaces.WorkspaceService, Core.Workspaces.Workspace>(s => s.CreateAsync(organization.Id, new Core.Workspaces.NewWorkspace("Gone", null), Ct), organization.Id);
        var role = await idp.UseAsync<RoleService, Role>(s => s.CreateAsync(organization.Id, new NewRole("doomed", "Doomed", []), Granter.Instance, Ct), organization.Id);
        await scene.InviteAsync(organization, new NewInvitation(email, ["member", "doomed"]) { Workspaces = [new WantedWorkspace(kept.Id, ["guest"]), new WantedWorkspace(gone.Id, [])] }, Ct);
        await idp.UseAsync<Core.Workspaces.WorkspaceService, Core.Workspaces.Workspace>(s => s.ArchiveAsync(organization.Id, gone.Id, Ct), organization.Id);
        Assert.True((await idp.InScopeAsync<RoleService, Result>(s => s.DeleteAsync(organization.Id, role.Id, Granter.Instance, Ct), organization.Id)).IsOk);
        using var browser = new WebBrowser();

        var page = await scene.AnswerAsync(browser, await browser.GetAsync(await scene.LinkAsync(email, Ct), Ct), "accept", Ct);
        await browser.SubmitAsync(page, new Dictionary<string, string> { ["name"] = "Ann", ["password"] = InvitationScene.NewPassword }, Ct);

        var user = await scene.UserAsync(email, Ct);
        Assert.Equal(["member Invitation"], await scene.RolesAsync(organization, user, Ct));
        var inside = await idp.ReadAsync(db => db.WorkspaceMembers.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).Where(w => w.OrganizationId == organization.Id).Select(w => w.WorkspaceId).ToListAsync(Ct));
        Assert.Equal([kept.Id], inside);
    }
}

[Collection(SqliteHost.Name)]
public sealed class AcceptOnSqlite(SqliteIdp idp) : AcceptTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class AcceptOnPostgreSql(PostgreSqlIdp idp) : AcceptTests(idp);
