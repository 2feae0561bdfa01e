using Microsoft.Playwright;
using Xunit;

namespace TenantIdP.Browser.Tests;

/// <summary>What the demo's people do, with scripts and without.</summary>
[Collection(ChromiumRun.Name)]
public sealed class WalkThroughTests(Chromium chromium)
{
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
    public async Task A_password_person_chooses_switches_by_refresh_and_signs_out(bool javaScript)
    {
        await using var visit = await chromium.VisitAsync(javaScript);
        await visit.SignInAsync("bob@acme.test", "Acme");

        await visit.Press("Switch to Initech");
        await visit.ExpectInAppAsync("Initech");
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("nobody had to sign in");
        await Assertions.Expect(visit.Page.Locator(".facts .tags").First).ToHaveTextAsync("admin");
        await visit.Press("Sign out");
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("signed out");
        await visit.OpenAppAsync(); // no session is left: the email is asked for again

        Assert.Empty(visit.Complaints);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_switch_is_refused_until_the_other_organizations_own_sign_in(bool javaScript)
    {
        await using var visit = await chromium.VisitAsync(javaScript);
        await visit.SignInAsync("ann@acme.test", "Acme");

        await visit.Press("Switch to Globex");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Globex asks for its own sign-in");
        await visit.Follow("Stay in Acme");
        await visit.ExpectInAppAsync("Acme");
        await visit.Press("Refresh");

        await visit.ExpectInAppAsync("Acme"); // the refused switch spent nothing
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("tokens are new");
        Assert.Empty(visit.Complaints);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_provider_that_signs_with_an_unknown_key_ends_on_our_page_with_a_trace(bool javaScript)
    {
        await using var visit = await chromium.VisitAsync(javaScript);
        await visit.OpenAppAsync();

        await visit.EnterEmailAsync("user@umbrella.test");
        await visit.Press("Continue as Ursula");

        await Assertions.Expect(visit.Page.Locator(".trace code")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^[0-9a-f]{32}$"));
        Assert.Equal(Visit.Of(chromium.Demo.Hosts.Issuer), visit.Authority);
        Assert.DoesNotContain("IDX", await visit.Page.InnerTextAsync("body"), StringComparison.Ordinal);
        Assert.Empty(visit.Complaints);
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
