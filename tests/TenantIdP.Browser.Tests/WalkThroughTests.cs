using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace TenantIdP.Browser.Tests;

/// <summary>What the demo's people do, with scripts and without.</summary>
[Collection(ChromiumRun.Name)]
public sealed class WalkThroughTests(Chromium chromium)
{
    private const string ExpiredOn = @"The certificate .+ expired on \d{4}-\d{2}-\d{2}";

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_customers_person_signs_in_at_their_own_provider(bool javaScript)
    {
        await using var visit = await chromium.VisitAsync(javaScript);
        await visit.OpenAppAsync();

        await visit.EnterEmailAsync("gina@globex.test");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Sign in to Globex");
        Assert.Equal(Visit.Of(chromium.Demo.Hosts.GlobexIdp), visit.Authority);
        await visit.Press("Continue as Gina");

        await visit.ExpectInAppAsync("Globex");
        await Assertions.Expect(visit.Page.Locator(".facts .tags").First).ToContainTextAsync("admin");
        Assert.Empty(visit.Complaints);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_person_signs_in_by_saml_with_her_roles_and_signs_out_at_both_ends(bool javaScript)
    {
        await using var visit = await chromium.VisitAsync(javaScript);
        await visit.SignInAtAcmeAsync("Ann");
        await Assertions.Expect(visit.Page.Locator(".facts .tags").First).ToHaveTextAsync("owner");

        await visit.Press("Sign out");
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("signed out");
        await visit.Page.GotoAsync(chromium.Demo.Hosts.AcmeIdp.ToString());
        await Assertions.Expect(visit.Page.Locator("main")).ToContainTextAsync("Nobody is signed in here");
        await visit.SignInAtAcmeAsync("Ann"); // no session is left at either: email and provider ask again

        Assert.Empty(visit.Complaints);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_group_at_the_provider_is_a_role_here_and_a_saml_sign_in_counts_for_a_switch(bool javaScript)
    {
        await using var visit = await chromium.VisitAsync(javaScript);
        await visit.SignInAtAcmeAsync("Bob");
        await Assertions.Expect(visit.Page.Locator(".facts .tags").First).ToContainTextAsync("billing");

        await visit.Press("Work in Billing");
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("another workspace of Acme");
        await visit.Press("Switch to Initech");

        await visit.ExpectInAppAsync("Initech");
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("nobody had to sign in");
        await Assertions.Expect(visit.Page.Locator(".facts .tags").First).ToHaveTextAsync("admin");
        Assert.Empty(visit.Complaints);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_password_person_chooses_switches_by_refresh_and_signs_out(bool javaScript)
    {
        await using var visit = await chromium.VisitAsync(javaScript);
        await visit.SignInAsync("jim@initech.test", "Acme");

        await visit.Press("Switch to Initech");
        await visit.ExpectInAppAsync("Initech");
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("nobody had to sign in");
        await Assertions.Expect(visit.Page.Locator(".facts .tags").First).ToHaveTextAsync("member");
        await visit.Press("Sign out");
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("signed out");
        await visit.OpenAppAsync(); // no session is left: the email is asked for again

        Assert.Empty(visit.Complaints);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task An_invited_person_reads_the_mail_makes_an_account_and_lands_in_the_app_as_a_member(bool javaScript)
    {
        var (ct, email) = (TestContext.Current.CancellationToken, $"nora-{(javaScript ? "with" : "without")}-scripts@newcomer.test");
        using var management = await ManagementClient.OfAsync(chromium.Demo.Hosts, ct);
        await management.InviteAsync("initech", email, ct);
        await using var visit = await chromium.VisitAsync(javaScript);

        await visit.OpenInvitationAsync(email);
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Join Initech");
        await visit.Press("Accept");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Make your account");
        await visit.Page.GetByLabel("Your name").FillAsync("Nora Newcomer");
        await visit.Page.GetByLabel("A new password").FillAsync("a first password of one's own");
        await visit.Press("Join");

        await visit.ExpectInAppAsync("Initech");
        await Assertions.Expect(visit.Page.Locator(".facts .tags").First).ToHaveTextAsync("member");
        Assert.Empty(visit.Complaints);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_switch_is_refused_until_the_other_organizations_own_sign_in(bool javaScript)
    {
        await using var visit = await chromium.VisitAsync(javaScript);
        await visit.SignInAtAcmeAsync("Ann");

        await visit.Press("Switch to Globex");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Globex asks for its own sign-in");
        await visit.Follow("Stay in Acme");
        await visit.ExpectInAppAsync("Acme");
        await visit.Press("Refresh");

        await visit.ExpectInAppAsync("Acme"); // the refused switch spent nothing
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("tokens are new");
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task A_second_sign_in_is_connected_after_the_old_password_once()
    {
        await using var visit = await chromium.VisitAsync();
        await visit.SignInAtAcmeAsync("Ann");
        await visit.Press("Switch to Globex");
        await visit.Follow("Continue to sign in to Globex");
        await visit.ExpectAtAsync(chromium.Demo.Hosts.GlobexIdp, "Sign in to Globex");

        await visit.Press("ann@globex-labs.test");
        await visit.ExpectAtAsync(chromium.Demo.Hosts.Issuer, "Connect your account");
        await visit.Page.GetByLabel("Password of your existing account").FillAsync(Demo.DemoUniverse.Password);
        await visit.Press("Connect");

        await visit.ExpectInAppAsync("Globex");
        await Assertions.Expect(visit.Page.Locator(".facts .tags").First).ToHaveTextAsync("guest");
        Assert.Empty(visit.Complaints);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task An_expired_certificate_ends_on_our_page_and_its_trace_names_the_day(bool javaScript)
    {
        var (hosts, ct) = (chromium.Demo.Hosts, TestContext.Current.CancellationToken);
        await using var visit = await chromium.VisitAsync(javaScript);
        await visit.OpenAppAsync();
        await visit.EnterEmailAsync("user@umbrella.test");
        await visit.ExpectAtAsync(hosts.UmbrellaIdp, "Sign in to Umbrella");
        await visit.AnswerBySamlAsync("Continue as Ursula");

        var trace = visit.Page.Locator(".trace code");
        await Assertions.Expect(trace).ToHaveTextAsync(new Regex("^[0-9a-f]{32}$"));
        Assert.Equal(Visit.Of(hosts.Issuer), visit.Authority);
        await Assertions.Expect(visit.Page.Locator(".advice")).ToContainTextAsync("signs with a certificate past its end. Have it renewed there");
        Assert.Empty(visit.Complaints);

        var id = await trace.InnerTextAsync();
        using var management = await ManagementClient.OfAsync(hosts, ct);
        Assert.Matches(ExpiredOn, await management.FailedCheckAsync("umbrella", id, "certificate_expired", ct));

        await using var admin = await chromium.VisitAsync(javaScript);
        await admin.OpenAppAsync();
        await admin.EnterEmailAsync("otto@consumer.test");
        await admin.EnterPasswordAsync();
        await admin.ExpectInAppAsync("Umbrella");
        await admin.Page.GotoAsync(new Uri(hosts.Issuer, $"/traces/{id}").ToString());
        await Assertions.Expect(admin.Page.Locator("main")).ToContainTextAsync(new Regex(ExpiredOn));
        Assert.Empty(admin.Complaints);
    }

    [Fact]
    public async Task A_wrong_password_is_told_in_place_and_the_right_one_still_works()
    {
        await using var visit = await chromium.VisitAsync();
        await visit.OpenAppAsync();
        await visit.EnterEmailAsync("iris@initech.test");
        await visit.Page.GetByLabel("Password", new() { Exact = true }).FillAsync("not the password at all");
        await visit.Press("Sign in");

        await Assertions.Expect(visit.Page.Locator("#password-error")).Not.ToBeEmptyAsync();
        await Assertions.Expect(visit.Page.GetByLabel("Password", new() { Exact = true })).ToBeFocusedAsync();
        await visit.EnterPasswordAsync();

        await visit.ExpectInAppAsync("Initech");
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task An_inline_script_on_the_sign_in_page_does_not_run_and_is_noticed()
    {
        await using var visit = await chromium.VisitAsync();
        await visit.OpenAppAsync();

        await visit.Page.EvaluateAsync("() => { const s = document.createElement('script'); s.textContent = 'window.ran = true'; document.body.append(s); }");

        Assert.False(await visit.Page.EvaluateAsync<bool>("window.ran === true"));
        Assert.Contains(visit.Complaints, c => c.Contains("Content Security Policy", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_sign_in_page_is_small_and_needs_no_mouse()
    {
        await using var visit = await chromium.VisitAsync();
        var requests = new List<IRequest>();
        await visit.Page.GotoAsync(chromium.Demo.Hosts.App.ToString());
        visit.Page.Request += (_, request) => requests.Add(request);
        await visit.Follow("Sign in");
        await visit.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);

        var login = requests.Where(r => new Uri(r.Url).Authority == Visit.Of(chromium.Demo.Hosts.Issuer)).ToList();
        var bytes = 0;
        foreach (var request in login)
        {
            var sizes = await request.SizesAsync();
            bytes += sizes.ResponseBodySize + sizes.ResponseHeadersSize;
        }

        Assert.InRange(bytes, 1_000, 30_000);
        Assert.All(requests, r => Assert.Contains(new Uri(r.Url).Scheme, new[] { "http", "data" }));
        Assert.All(requests.Where(r => r.Url.StartsWith("http", StringComparison.Ordinal)), r => Assert.True(new Uri(r.Url).IsLoopback));
        await visit.Page.Keyboard.TypeAsync("iris@initech.test");
        await visit.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Enter your password");
        await visit.Page.Keyboard.TypeAsync(Demo.DemoUniverse.Password);
        await visit.Page.Keyboard.PressAsync("Enter");
        await visit.ExpectInAppAsync("Initech");
    }
}
