using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
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

/// <summary>What nobody gets by an invitation but the invited person (SECURITY.md section C).</summary>
public abstract class InvitationAttackTests(IdpHost idp)
{
    private readonly InvitationScene scene = new(idp);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string NewAddress(string? host = null) => $"invited@{host ?? idp.UniqueHost()}";

    private async Task<(Organization Organization, string Email, Invitation Invitation, string Link)> InvitedAsync(params string[] roles)
    {
        var (organization, email) = (await idp.CreateOrganizationAsync(Ct), NewAddress());
        var invitation = await scene.InviteAsync(organization, email, Ct, roles);
        return (organization, email, invitation, await scene.LinkAsync(email, Ct));
    }

    private async Task<WebBrowser> SignedInAsync(string email)
    {
        var (browser, _) = await idp.SignedInAsync(await idp.CreateUserAsync(email, Ct), Ct);
        return browser;
    }

    [Fact]
    [Trait("Attack", "F5")]
    public async Task Whoever_only_opens_the_link_changes_nothing_and_learns_only_who_invites()
    {
        var (organization, email) = (await idp.CreateOrganizationAsync(Ct), NewAddress());
        var inviter = await idp.CreateUserAsync(NewAddress(), Ct, "Ivy Inviter");
        await idp.AddMemberAsync(organization, inviter, Ct, BuiltInRoles.Owner);
        var invitation = await scene.InviteAsync(organization, new NewInvitation(email, ["owner"]) { Message = "The secret plan", Metadata = System.Text.Json.JsonSerializer.SerializeToElement(new { deal = "secret-deal" }) }, Ct, inviter);
        var link = await scene.LinkAsync(email, Ct);
        using var scanner = new WebBrowser();

        for (var i = 0; i < 3; i++) await scanner.GetAsync(link, Ct);
        using (var head = await scanner.SendAsync(new HttpRequestMessage(HttpMethod.Head, link), Ct)) Assert.True((int)head.StatusCode < 500);
        var page = await scanner.GetAsync(link, Ct);

        Assert.Equal("/invitation", page.Address.PathAndQuery); // the token is in no address that stays
        Assert.Equal("no-referrer", page.Response.Headers.GetValues("Referrer-Policy").Single());
        Assert.Contains(organization.DisplayName, page.Text, StringComparison.Ordinal);
        Assert.Contains("Ivy Inviter", page.Text, StringComparison.Ordinal);
        Assert.Contains($"i…@{email.Split('@')[1]}", page.Text, StringComparison.Ordinal);
        var html = page.Document.DocumentElement.OuterHtml;
        Assert.All(new[] { email, "secret plan", "secret-deal", "owner", InvitationScene.TokenOf(link) }, hidden => Assert.DoesNotContain(hidden, html, StringComparison.OrdinalIgnoreCase));
        Assert.Equal(InvitationStatus.Pending, (await scene.ReadAsync(invitation, Ct)).Status);
        Assert.DoesNotContain(await scene.MembersAsync(organization, Ct), m => m.UserId != inviter.Id);
        Assert.DoesNotContain(InvitationScene.TokenOf(link), string.Join(' ', scanner.Cookies.GetAllCookies().Select(c => c.Value)), StringComparison.Ordinal);
    }

    [Theory, InlineData("/invitation"), InlineData("/invitation/account")]
    [Trait("Attack", "F5")]
    public async Task A_yes_without_the_forms_token_or_from_another_site_is_refused(string path)
    {
        var (organization, email, invitation, link) = await InvitedAsync();
        using var browser = await SignedInAsync(email);
        await browser.GetAsync(link, Ct);
        foreach (var origin in (string?[])[null, "https://evil.example"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, idp.Issuer + path)
            {
                Content = new FormUrlEncodedContent([new("invitation", invitation.Id.ToString()), new("answer", "accept"), new("name", "Ann"), new("password", InvitationScene.NewPassword)]),
            };
            if (origin is not null) request.Headers.Add("Origin", origin);
            using var answer = await browser.SendAsync(request, Ct);

            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        }

        Assert.Empty(await scene.MembersAsync(organization, Ct));
        Assert.Equal(InvitationStatus.Pending, (await scene.ReadAsync(invitation, Ct)).Status);
    }

    [Fact]
    [Trait("Attack", "C1")]
    public async Task A_token_with_another_organization_invitation_or_secret_is_a_token_of_nothing()
    {
        var (organization, email, _, link) = await InvitedAsync();
        var (rival, _, other, _) = await InvitedAsync("owner");
        using var browser = await SignedInAsync(email);
        var token = InvitationScene.TokenOf(link);
        var (org, inv) = (organization.Id.ToString()[4..], token.Substring(9 + 26, 26));
        string[] forged =
        [
            token.Replace(org, rival.Id.ToString()[4..], StringComparison.Ordinal), token.Replace(inv, other.Id.ToString()[4..], StringComparison.Ordinal),
            token.Replace(org + inv, rival.Id.ToString()[4..] + other.Id.ToString()[4..], StringComparison.Ordinal),
            token[..^1] + (token[^1] == 'A' ? 'B' : 'A'), token[..^43] + new string('A', 43), token[..^43], token + "A", token.ToUpperInvariant(), "tidp_inv_", "x",
            "eyJhbGciOiJub25lIn0.eyJvcmciOiJvcmdfMSJ9.", token.Replace("tidp_inv_", "tidp_key_", StringComparison.Ordinal),
        ];
        foreach (var one in forged)
        {
            var page = await browser.GetAsync($"{idp.Issuer}/invitations/{Uri.EscapeDataString(one)}", Ct);

            Assert.Equal(HttpStatusCode.NotFound, page.Status);
            Assert.Contains("This invitation is not known", page.Text, StringComparison.Ordinal);
            Assert.Null(page.Document.QuerySelector("form"));
        }

        Assert.Empty(await scene.MembersAsync(organization, Ct));
        Assert.Empty(await scene.MembersAsync(rival, Ct));
        Assert.DoesNotContain(token, await idp.ReadAsync(async db => string.Join(' ', await db.Invitations.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).Select(i => i.TokenHash).ToListAsync(Ct))), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Attack", "C2")]
    public async Task The_second_is_told_that_it_was_used_also_with_a_page_that_was_loaded_before()
    {
        var (organization, email, _, link) = await InvitedAsync();
        using var mine = await SignedInAsync(email);
        using var other = new WebBrowser();
        var (myPage, otherPage) = (await mine.GetAsync(link, Ct), await other.GetAsync(link, Ct));

        Assert.Contains("Welcome to", (await scene.AnswerAsync(mine, myPage, "accept", Ct)).Text, StringComparison.Ordinal);

        foreach (var page in new[] { await scene.AnswerAsync(other, otherPage, "accept", Ct), await scene.AnswerAsync(other, otherPage, "decline", Ct), await other.GetAsync(link, Ct) })
        {
            Assert.Equal(HttpStatusCode.Gone, page.Status);
            Assert.Contains("This invitation was used already", page.Text, StringComparison.Ordinal);
        }

        Assert.Single(await scene.MembersAsync(organization, Ct));
        Assert.Contains("Welcome to", (await mine.GetAsync(link, Ct)).Text, StringComparison.Ordinal); // whom it let in
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task Accepted_many_times_at_once_it_makes_one_membership()
    {
        var (organization, email, invitation, link) = await InvitedAsync();
        var user = await idp.CreateUserAsync(email, Ct);
        var browsers = new List<(WebBrowser Browser, WebPage Page)>();
        for (var i = 0; i < 8; i++)
        {
            var (browser, _) = await idp.SignedInAsync(user, Ct);
            browsers.Add((browser, await browser.GetAsync(link, Ct)));
        }

        var answers = await Task.WhenAll(browsers.Select(b => scene.AnswerAsync(b.Browser, b.Page, "accept", Ct)));

        Assert.All(answers, page => Assert.True(page.Status is HttpStatusCode.OK or HttpStatusCode.Gone, $"{page.Status}: {page.Text}"));
        Assert.Single(answers, page => page.Status == HttpStatusCode.OK);
        var member = Assert.Single(await scene.MembersAsync(organization, Ct));
        Assert.Single(member.Roles);
        var events = await idp.ReadAsync(db => db.Events.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).Where(e => e.OrganizationId == organization.Id).Select(e => e.Type).ToListAsync(Ct));
        Assert.Single(events, "member.joined");
        Assert.Single(events, "invitation.accepted");
        Assert.Equal(member.Id, (await scene.ReadAsync(invitation, Ct)).MembershipId);
        foreach (var (browser, _) in browsers) browser.Dispose();
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task Two_new_accounts_by_one_link_at_once_are_one()
    {
        var (organization, email, _, link) = await InvitedAsync();
        var browsers = new List<(WebBrowser Browser, WebPage Page)>();
        for (var i = 0; i < 4; i++)
        {
            var browser = new WebBrowser();
            browsers.Add((browser, await scene.AnswerAsync(browser, await browser.GetAsync(link, Ct), "accept", Ct)));
        }

        var answers = await Task.WhenAll(browsers.Select(b => b.Browser.SubmitAsync(b.Page, new Dictionary<string, string> { ["name"] = "Ann", ["password"] = InvitationScene.NewPassword }, Ct)));

        Assert.All(answers, page => Assert.True(page.Status is HttpStatusCode.OK or HttpStatusCode.Gone, $"{page.Status}: {page.Text}"));
        Assert.Single(answers, page => page.Text.Contains("Welcome to", StringComparison.Ordinal));
        Assert.Single(await scene.MembersAsync(organization, Ct));
        Assert.Equal(1, await idp.ReadAsync(db => db.UserEmails.CountAsync(e => e.Normalized == email, Ct)));
        foreach (var (browser, _) in browsers) browser.Dispose();
    }

    [Fact]
    [Trait("Attack", "C3")]
    public async Task Another_account_or_the_invited_address_unverified_does_not_accept_and_the_page_names_neither()
    {
        var (organization, email, invitation, link) = await InvitedAsync();
        var other = $"other@{idp.UniqueHost()}";
        var squatter = await idp.UseAsync<UserService, User>(s => s.CreateAsync(new NewUser([new(other, true), new(email, false)], "Squatter"), Ct));
        var (signedIn, _) = await idp.SignedInAsync(squatter, Ct);
        using var browser = signedIn;

        var page = await browser.GetAsync(link, Ct);

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Contains("You are signed in with another account", page.Text, StringComparison.Ordinal);
        Assert.All(new[] { email, other, email.Split('@')[1], other.Split('@')[1] }, hidden => Assert.DoesNotContain(hidden, page.Document.DocumentElement.OuterHtml, StringComparison.OrdinalIgnoreCase));
        var token = page.Document.QuerySelector("input[name='form_token']")!.GetAttribute("value")!; // every form of ours has one
        foreach (var answer in new[] { "accept", "ask" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{idp.Issuer}/invitation") { Content = new FormUrlEncodedContent([new("form_token", token), new("invitation", invitation.Id.ToString()), new("answer", answer)]) };
            request.Headers.Add("Origin", idp.Issuer);
            using var refused = await browser.SendAsync(request, Ct);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        Assert.Empty(await scene.MembersAsync(organization, Ct));
        Assert.Null((await scene.ReadAsync(invitation, Ct)).RequestedBy);

        // Switching leads to the invited address's own sign-in.
        page = await scene.AnswerAsync(browser, page, "switch", Ct);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["name"] = "Ann", ["password"] = InvitationScene.NewPassword }, Ct);
        Assert.Contains("Welcome to", page.Text, StringComparison.Ordinal);
        Assert.Equal(["member Invitation"], await scene.RolesAsync(organization, await scene.UserAsync(email, Ct), Ct));
        Assert.Empty(await scene.RolesAsync(organization, squatter.Id, Ct));
    }

    /// <summary>BW #7949: an address that was only claimed joined by its domain.</summary>
    [Fact]
    [Trait("Attack", "C3")]
    public async Task A_sign_in_whose_address_is_not_verified_uses_up_no_invitation()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var organization = await idp.CreateOrganizationAsync(Ct);
        await idp.ConnectAsync(organization, upstream, Ct, c => c with { AllowOutsideDomains = true });
        var email = NewAddress();
        upstream.SignsIn(idp.Unique("subject"), email, emailVerified: false);
        var invitation = await scene.InviteAsync(organization, email, Ct, "admin");
        var app = await idp.CreateAppAsync(Ct);
        using var browser = new WebBrowser();
        var connection = await idp.ReadAsync(db => db.Connections.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).Where(c => c.OrganizationId == organization.Id).Select(c => c.Id).SingleAsync(Ct));

        var page = await browser.GetAsync(app.Authorize(("connection", connection.ToString()), ("organization", organization.Id.ToString())).Address, Ct, app.IsCallback);

        Assert.True(app.IsCallback(page.Address), page.Text);
        Assert.Equal(InvitationStatus.Pending, (await scene.ReadAsync(invitation, Ct)).Status);
        var member = Assert.Single(await scene.MembersAsync(organization, Ct));
        Assert.Equal(["member Jit"], await scene.RolesAsync(organization, member.UserId, Ct));
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.GetAsync(await scene.LinkAsync(email, Ct), Ct)).Status);
    }

    [Fact]
    public async Task An_invited_person_who_comes_by_single_sign_on_first_gets_the_roles_of_the_invitation()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var organization = await idp.CreateOrganizationAsync(Ct);
        var email = NewAddress(await idp.VerifyDomainAsync(organization, Ct));
        await idp.ConnectAsync(organization, upstream, Ct, c => c with { TrustEmail = true });
        upstream.SignsIn(idp.Unique("subject"), email);
        var invitation = await scene.InviteAsync(organization, email, Ct, "admin");
        var app = await idp.CreateAppAsync(Ct);
        using var browser = new WebBrowser();

        var page = await browser.GetAsync(app.Authorize(("login_hint", email)).Address, Ct, app.IsCallback);

        Assert.True(app.IsCallback(page.Address), page.Text);
        Assert.Equal(["admin Invitation"], await scene.RolesAsync(organization, await scene.UserAsync(email, Ct), Ct));
        Assert.Equal(InvitationStatus.Accepted, (await scene.ReadAsync(invitation, Ct)).Status);
        Assert.Single(await idp.ReadAsync(db => db.Events.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).Where(e => e.OrganizationId == organization.Id && e.Type == "member.joined").ToListAsync(Ct)));
    }

    [Fact]
    public async Task Each_end_has_a_page_of_its_own()
    {
        var seen = new HashSet<string>();
        foreach (var (text, end) in new (string, Func<Organization, Invitation, Task>)[]
        {
            ("This invitation has expired", (_, i) => scene.ExpireAsync(i, Ct)),
            ("This invitation was taken back", (o, i) => idp.UseAsync<InvitationService, Invitation>(s => s.RevokeAsync(o.Id, i.Id, Ct), o.Id)),
            ("This organization takes nobody in", (o, _) => idp.UseAsync<OrganizationService, Organization>(s => s.SuspendAsync(o.Id, Ct))),
        })
        {
            var (organization, email, invitation, link) = await InvitedAsync();
            using var browser = await SignedInAsync(email);
            var page = await browser.GetAsync(link, Ct);
            await end(organization, invitation);

            foreach (var after in new[] { await scene.AnswerAsync(browser, page, "accept", Ct), await browser.GetAsync(link, Ct) })
            {
                Assert.Contains(text, after.Text, StringComparison.Ordinal);
                Assert.True(after.Status is HttpStatusCode.Gone or HttpStatusCode.Forbidden, after.Status.ToString());
                Assert.Null(after.Document.QuerySelector("button"));
                seen.Add(after.Text);
            }

            Assert.Empty(await scene.MembersAsync(organization, Ct));
        }

        var (place, _, declined, declineLink) = await InvitedAsync();
        using var nobody = new WebBrowser();
        Assert.Contains("You said no", (await scene.AnswerAsync(nobody, await nobody.GetAsync(declineLink, Ct), "decline", Ct)).Text, StringComparison.Ordinal);
        Assert.Equal(InvitationStatus.Declined, (await scene.ReadAsync(declined, Ct)).Status);
        Assert.Contains("This invitation was declined", (await nobody.GetAsync(declineLink, Ct)).Text, StringComparison.Ordinal);
        Assert.Empty(await scene.MembersAsync(place, Ct));
    }

    [Fact]
    public async Task When_it_is_sent_again_the_old_link_is_dead()
    {
        var (organization, email, invitation, old) = await InvitedAsync();
        await scene.ExpireAsync(invitation, Ct);
        await idp.UseAsync<InvitationService, InvitationResult>(s => s.ResendAsync(organization.Id, invitation.Id, null, Granter.Instance, Ct), organization.Id);
        var fresh = await scene.LinkAsync(email, Ct, mails: 2);
        using var browser = await SignedInAsync(email);

        Assert.NotEqual(old, fresh);
        Assert.Equal(HttpStatusCode.NotFound, (await browser.GetAsync(old, Ct)).Status);
        Assert.Contains("Welcome to", (await scene.AnswerAsync(browser, await browser.GetAsync(fresh, Ct), "accept", Ct)).Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task What_an_inviter_could_no_longer_give_is_not_given()
    {
        foreach (var end in new Func<Organization, Member, Task>[]
        {
            (o, m) => idp.InScopeAsync<MemberService, Result>(s => s.RemoveAsync(o.Id, m.Membership.Id, Granter.Instance, Ct), o.Id),
            (o, m) => idp.UseAsync<MemberService, Member>(s => s.RevokeRoleAsync(o.Id, m.Membership.Id, BuiltInRoles.Admin, Granter.Instance, Ct), o.Id),
            (_, m) => idp.UseAsync<UserService, User>(s => s.SuspendAsync(m.Membership.UserId, Ct)),
        })
        {
            var (organization, email) = (await idp.CreateOrganizationAsync(Ct), NewAddress());
            var inviter = await idp.CreateUserAsync(NewAddress(), Ct);
            var member = await idp.AddMemberAsync(organization, inviter, Ct, BuiltInRoles.Admin, BuiltInRoles.Member);
            await scene.InviteAsync(organization, new NewInvitation(email, [BuiltInRoles.Admin]), Ct, inviter, BuiltInRoles.Admin);
            var link = await scene.LinkAsync(email, Ct);
            await end(organization, member);
            using var browser = await SignedInAsync(email);

            var page = await scene.AnswerAsync(browser, await browser.GetAsync(link, Ct), "accept", Ct);

            Assert.Equal(HttpStatusCode.Gone, page.Status);
            Assert.Contains("This invitation was taken back", page.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(await scene.MembersAsync(organization, Ct), m => m.UserId != inviter.Id);
        }
    }

    [Fact]
    public async Task Who_was_removed_comes_back_only_by_an_invitation_that_was_made_after()
    {
        var (organization, email) = (await idp.CreateOrganizationAsync(Ct), NewAddress());
        var user = await idp.CreateUserAsync(email, Ct);
        var before = await scene.InviteAsync(organization, email, Ct, "admin");
        var member = await idp.AddMemberAsync(organization, user, Ct);
        Assert.True((await idp.InScopeAsync<MemberService, Result>(s => s.RemoveAsync(organization.Id, member.Membership.Id, Granter.Instance, Ct), organization.Id)).IsOk);
        var (signedIn, _) = await idp.SignedInAsync(user, Ct);
        using var browser = signedIn;

        var page = await scene.AnswerAsync(browser, await browser.GetAsync(await scene.LinkAsync(email, Ct), Ct), "accept", Ct);
        Assert.Contains("Your membership of this organization has ended", page.Text, StringComparison.Ordinal);
        Assert.Equal(MembershipStatus.Removed, Assert.Single(await scene.MembersAsync(organization, Ct)).Status);

        await idp.UseAsync<InvitationService, InvitationResult>(s => s.ResendAsync(organization.Id, before.Id, null, Granter.Instance, Ct), organization.Id);
        page = await scene.AnswerAsync(browser, await browser.GetAsync(await scene.LinkAsync(email, Ct, mails: 2), Ct), "accept", Ct);
        Assert.Contains("Welcome to", page.Text, StringComparison.Ordinal);
        Assert.Equal(["admin Invitation"], await scene.RolesAsync(organization, user.Id, Ct));
        Assert.Equal(member.Membership.Id, Assert.Single(await scene.MembersAsync(organization, Ct)).Id);
    }

    [Fact]
    public async Task A_removed_member_is_let_in_by_single_sign_on_only_with_a_newer_invitation()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var organization = await idp.CreateOrganizationAsync(Ct);
        var email = NewAddress(await idp.VerifyDomainAsync(organization, Ct));
        await idp.ConnectAsync(organization, upstream, Ct, c => c with { TrustEmail = true });
        upstream.SignsIn(idp.Unique("subject"), email);
        var app = await idp.CreateAppAsync(Ct);
        async Task<WebPage> VisitAsync()
        {
            using var browser = new WebBrowser();
            return await browser.GetAsync(app.Authorize(("login_hint", email)).Address, Ct, app.IsCallback);
        }

        Assert.True(app.IsCallback((await VisitAsync()).Address));
        var member = Assert.Single(await scene.MembersAsync(organization, Ct));
        Assert.True((await idp.InScopeAsync<MemberService, Result>(s => s.RemoveAsync(organization.Id, member.Id, Granter.Instance, Ct), organization.Id)).IsOk);
        Assert.Contains("has ended", (await VisitAsync()).Text, StringComparison.Ordinal);

        await scene.InviteAsync(organization, email, Ct, "guest");
        Assert.True(app.IsCallback((await VisitAsync()).Address));
        Assert.Equal(["guest Invitation"], await scene.RolesAsync(organization, member.UserId, Ct));
    }

    [Fact]
    public async Task With_another_address_one_asks_and_comes_in_when_the_inviter_says_yes()
    {
        var (organization, email) = (await idp.CreateOrganizationAsync(Ct), NewAddress());
        await idp.UseAsync<OrganizationService, Organization>(s => s.UpdateAsync(organization.Id, new OrganizationChanges { AllowDifferentEmail = true }, Granter.Instance, null, Ct));
        var (boss, other) = ($"boss@{idp.UniqueHost()}", $"other@{idp.UniqueHost()}");
        var inviter = await idp.CreateUserAsync(boss, Ct);
        await idp.AddMemberAsync(organization, inviter, Ct, BuiltInRoles.Owner);
        var invitation = await scene.InviteAsync(organization, new NewInvitation(email, ["guest"]), Ct, inviter);
        using var browser = await SignedInAsync(other);
        var link = await scene.LinkAsync(email, Ct);

        var page = await scene.AnswerAsync(browser, await browser.GetAsync(link, Ct), "ask", Ct);
        Assert.Contains("You have asked to join", page.Text, StringComparison.Ordinal);
        Assert.Contains(other, (await idp.MailsToAsync(boss, 1, Ct))[0].Text, StringComparison.Ordinal);
        Assert.Single(await scene.MembersAsync(organization, Ct));

        await idp.UseAsync<InvitationService, Invitation>(s => s.DenyAsync(organization.Id, invitation.Id, Ct), organization.Id);
        Assert.Contains("This account was not let in", (await browser.GetAsync(link, Ct)).Text, StringComparison.Ordinal);

        using var second = await SignedInAsync($"third@{idp.UniqueHost()}");
        await scene.AnswerAsync(second, await second.GetAsync(link, Ct), "ask", Ct);
        var asAdmin = Granter.Holding([new Core.Tokens.HeldRole(BuiltInRoles.Guest, [])]);
        Assert.Equal("role_escalation", (await idp.TryAsync<InvitationService, Invitation>(s => s.ApproveAsync(organization.Id, invitation.Id, asAdmin, Ct), organization.Id)).Error?.Code);
        await idp.UseAsync<InvitationService, Invitation>(s => s.ApproveAsync(organization.Id, invitation.Id, Granter.Instance, Ct), organization.Id);
        Assert.Contains("Welcome to", (await second.GetAsync(link, Ct)).Text, StringComparison.Ordinal);
        Assert.Contains("used already", (await browser.GetAsync(link, Ct)).Text, StringComparison.Ordinal);
        Assert.Equal(2, (await scene.MembersAsync(organization, Ct)).Count);
    }

    [Fact]
    public async Task A_yes_is_to_the_invitation_that_was_on_the_screen()
    {
        var email = NewAddress();
        var (first, second) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct));
        await scene.InviteAsync(first, email, Ct);
        await scene.InviteAsync(second, email, Ct);
        var links = (await idp.MailsToAsync(email, 2, Ct)).Select(m => InvitationScene.LinkIn(m.Text)).OrderBy(l => l.Contains(first.Id.ToString()[4..], StringComparison.Ordinal) ? 0 : 1).ToList();
        using var browser = await SignedInAsync(email);

        var shown = await browser.GetAsync(links[0], Ct);
        await browser.GetAsync(links[1], Ct); // somebody has it opened in the meantime
        var page = await scene.AnswerAsync(browser, shown, "accept", Ct);

        Assert.Contains($"Join {second.DisplayName}", page.Text, StringComparison.Ordinal);
        Assert.Empty(await scene.MembersAsync(first, Ct));
        Assert.Empty(await scene.MembersAsync(second, Ct));
    }

    [Fact]
    [Trait("Attack", "B2")]
    public async Task The_mailed_link_leads_to_the_issuer_whatever_the_request_says()
    {
        var (organization, email) = (await idp.CreateOrganizationAsync(Ct), NewAddress());
        var bootstrap = new RelyingParty(idp.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), idp.Http);
        var token = (await bootstrap.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{idp.Issuer}/api/v1/organizations/{organization.Id}/invitations") { Content = JsonContent.Create(new { email }) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add("X-Forwarded-Host", "evil.example");
        request.Headers.Add("X-Forwarded-Proto", "https");
        request.Headers.Add("Forwarded", "host=evil.example");

        using var answer = await idp.Http.SendAsync(request, Ct);

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var mail = (await idp.MailsToAsync(email, 1, Ct))[0];
        Assert.StartsWith(idp.Issuer + "/invitations/", InvitationScene.LinkIn(mail.Text), StringComparison.Ordinal);
        Assert.DoesNotContain("evil", mail.File, StringComparison.OrdinalIgnoreCase);
        var given = (await answer.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>(Ct)).GetProperty("url").GetString();
        Assert.Equal(InvitationScene.LinkIn(mail.Text), given);
    }

    [Fact]
    public async Task An_erased_person_is_in_no_invitation_any_more()
    {
        var (organization, email, _, link) = await InvitedAsync();
        var user = await idp.CreateUserAsync(email, Ct);
        var (signedIn, _) = await idp.SignedInAsync(user, Ct);
        using (signedIn) await scene.AnswerAsync(signedIn, await signedIn.GetAsync(link, Ct), "accept", Ct);
        var pending = await scene.InviteAsync(await idp.CreateOrganizationAsync(Ct), email, Ct);
        Assert.Equal(InvitationStatus.Pending, pending.Status);

        await idp.UseAsync<UserErasure, User>(s => s.EraseAsync(user.Id, user.Id, Ct));

        Assert.Equal(0, await idp.ReadAsync(db => db.Invitations.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).CountAsync(i => i.Normalized == email, Ct)));
        Assert.Empty(await scene.MembersAsync(organization, Ct));
    }

    [Fact]
    public async Task What_has_expired_is_told_once_and_forgotten_after_ninety_days()
    {
        var (organization, _, invitation, _) = await InvitedAsync();
        await scene.ExpireAsync(invitation, Ct);
        for (var i = 0; i < 2; i++) await idp.InScopeAsync<InvitationUpkeep, bool>(async upkeep => { await upkeep.RunAsync(Ct); return true; });

        Assert.Equal(InvitationStatus.Expired, (await scene.ReadAsync(invitation, Ct)).Status);
        Assert.Single(await idp.ReadAsync(db => db.Events.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).Where(e => e.OrganizationId == organization.Id && e.Type == "invitation.expired").ToListAsync(Ct)));

        var longAgo = TimeProvider.System.GetUtcNow().AddDays(-91);
        await idp.ReadAsync(db => db.Invitations.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).Where(i => i.Id == invitation.Id).ExecuteUpdateAsync(set => set.SetProperty(i => i.EndedAt, longAgo), Ct));
        await idp.InScopeAsync<InvitationUpkeep, bool>(async upkeep => { await upkeep.RunAsync(Ct); return true; });
        Assert.Equal(0, await idp.ReadAsync(db => db.Invitations.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).CountAsync(i => i.Id == invitation.Id, Ct)));
    }
}

[Collection(SqliteHost.Name)]
public sealed class InvitationAttackOnSqlite(SqliteIdp idp) : InvitationAttackTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class InvitationAttackOnPostgreSql(PostgreSqlIdp idp) : InvitationAttackTests(idp);
