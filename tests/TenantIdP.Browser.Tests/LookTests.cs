using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace TenantIdP.Browser.Tests;

/// <summary>Every page in light and dark, on a phone and a desk: kept as pictures under artifacts/screenshots, nothing cut off, nothing on the login host that axe objects to.</summary>
[Collection(ChromiumRun.Name)]
public sealed class LookTests(Chromium chromium)
{
    private static readonly string Folder = Path.Combine(Root(), "artifacts", "screenshots");

    private sealed record Look(Visit Visit, string Name, string LoginHost, bool Judged, List<string> Faults);

    [Theory]
    [InlineData("light-desktop", ColorScheme.Light, 1280, 800)]
    [InlineData("dark-desktop", ColorScheme.Dark, 1280, 800)]
    [InlineData("light-phone", ColorScheme.Light, 390, 844)]
    [InlineData("dark-phone", ColorScheme.Dark, 390, 844)]
    public async Task Every_page_fits_and_is_accessible(string name, ColorScheme colors, int width, int height)
    {
        Directory.CreateDirectory(Folder);
        var hosts = chromium.Demo.Hosts;
        var faults = new List<string>();
        await using var visit = await chromium.VisitAsync(colors: colors, width: width, height: height);
        var look = new Look(visit, name, Visit.Of(hosts.Issuer), width > 1000, faults);

        await visit.Page.GotoAsync(hosts.Map.ToString());
        await SeeAsync(look, "01-map");
        await visit.Page.GotoAsync(hosts.App.ToString());
        await SeeAsync(look, "02-app-landing");
        await visit.OpenAppAsync();
        await SeeAsync(look, "03-sign-in");
        await visit.EnterEmailAsync("jim@initech.test");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Enter your password");
        await SeeAsync(look, "04-password");
        await visit.Page.GetByLabel("Password", new() { Exact = true }).FillAsync("not the password at all");
        await visit.Press("Sign in");
        await Assertions.Expect(visit.Page.Locator("#password-error")).Not.ToBeEmptyAsync();
        await SeeAsync(look, "05-password-wrong");
        await visit.EnterPasswordAsync();
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Choose an organization");
        await SeeAsync(look, "06-chooser");
        await visit.ChooseAsync("Acme");
        await visit.ExpectInAppAsync("Acme");
        await visit.Press("Switch to Initech");
        await visit.ExpectInAppAsync("Initech");
        await SeeAsync(look, "08-app-switched");
        await visit.Page.GotoAsync(new Uri(hosts.App, "/invoices").ToString());
        await SeeAsync(look, "10-app-invoices");
        await visit.Page.GotoAsync(hosts.Issuer.ToString());
        await SeeAsync(look, "11-signed-in");
        await visit.Follow("Sign out");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Sign out?");
        await SeeAsync(look, "12-sign-out");
        await visit.Press("Sign out");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("You are signed out");
        await SeeAsync(look, "13-signed-out");

        Assert.Empty(faults);
        Assert.Empty(visit.Complaints);
    }

    [Theory]
    [InlineData("light-desktop", ColorScheme.Light, 1280, 800)]
    [InlineData("dark-desktop", ColorScheme.Dark, 1280, 800)]
    [InlineData("light-phone", ColorScheme.Light, 390, 844)]
    [InlineData("dark-phone", ColorScheme.Dark, 390, 844)]
    public async Task Sign_ins_by_saml_fit_and_are_accessible(string name, ColorScheme colors, int width, int height)
    {
        Directory.CreateDirectory(Folder);
        var (hosts, faults) = (chromium.Demo.Hosts, new List<string>());
        await using var visit = await chromium.VisitAsync(colors: colors, width: width, height: height);
        var look = new Look(visit, name, Visit.Of(hosts.Issuer), width > 1000, faults);

        await visit.OpenAppAsync();
        await visit.EnterEmailAsync("ann@acme.test");
        await visit.ExpectAtAsync(hosts.AcmeIdp, "Sign in to Acme");
        await SeeAsync(look, "20-saml-provider");
        await visit.AnswerBySamlAsync("Continue as Ann");
        await visit.ExpectInAppAsync("Acme");
        await SeeAsync(look, "07-app-home");
        await visit.Press("Switch to Globex");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Globex asks for its own sign-in");
        await SeeAsync(look, "09-app-step-up");
        await visit.Page.GotoAsync(hosts.AcmeIdp.ToString());
        await SeeAsync(look, "21-saml-provider-home");

        await using var withoutScripts = await chromium.VisitAsync(javaScript: false, colors, width, height);
        await withoutScripts.OpenAppAsync();
        await withoutScripts.EnterEmailAsync("bob@acme.test");
        await withoutScripts.Press("Continue as Bob");
        await withoutScripts.ExpectAtAsync(hosts.AcmeIdp, "Back to the application");
        await SeeAsync(look with { Visit = withoutScripts, Judged = false }, "22-saml-answer");

        await using var refused = await chromium.VisitAsync(colors: colors, width: width, height: height);
        look = look with { Visit = refused };
        await refused.OpenAppAsync();
        await refused.EnterEmailAsync("user@umbrella.test");
        await SeeAsync(look, "14-upstream");
        await refused.AnswerBySamlAsync("Continue as Ursula");
        await Assertions.Expect(refused.Page.Locator(".trace code")).ToBeVisibleAsync();
        await SeeAsync(look, "15-upstream-expired");
        var trace = await refused.Page.Locator(".trace code").InnerTextAsync();

        await refused.OpenAppAsync();
        await refused.EnterEmailAsync("otto@consumer.test");
        await refused.EnterPasswordAsync();
        await refused.ExpectInAppAsync("Umbrella");
        await refused.Page.GotoAsync(new Uri(hosts.Issuer, $"/traces/{trace}").ToString());
        await Assertions.Expect(refused.Page.Locator("main")).ToContainTextAsync("expired on");
        await SeeAsync(look, "23-trace-expired");

        Assert.Empty(faults);
        Assert.Empty(visit.Complaints.Concat(withoutScripts.Complaints).Concat(refused.Complaints));
    }

    [Theory]
    [InlineData("light-desktop", ColorScheme.Light, 1280, 800)]
    [InlineData("dark-desktop", ColorScheme.Dark, 1280, 800)]
    [InlineData("light-phone", ColorScheme.Light, 390, 844)]
    [InlineData("dark-phone", ColorScheme.Dark, 390, 844)]
    public async Task Tests_of_connections_and_traces_fit_and_are_accessible(string name, ColorScheme colors, int width, int height)
    {
        Directory.CreateDirectory(Folder);
        var (hosts, ct, faults) = (chromium.Demo.Hosts, TestContext.Current.CancellationToken, new List<string>());
        using var management = await ManagementClient.OfAsync(hosts, ct);
        await using var visit = await chromium.VisitAsync(colors: colors, width: width, height: height);
        var look = new Look(visit, name, Visit.Of(hosts.Issuer), width > 1000, faults);

        await visit.OpenAppAsync();
        await visit.EnterEmailAsync("gina@globex.test");
        await visit.Press("Continue as Gina");
        await visit.ExpectInAppAsync("Globex");
        await visit.Page.GotoAsync(new Uri(hosts.Issuer, $"/traces/{await management.LastTraceAsync("globex", "succeeded", ct)}").ToString());
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("This sign-in succeeded");
        await SeeAsync(look, "16-trace");

        await visit.Page.GotoAsync(await management.TestLinkAsync("globex", ct));
        await SeeAsync(look, "17-test-start");
        await visit.Press("Continue"); // her provider still knows her
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("The test passed");
        await SeeAsync(look, "18-test-passed");

        await visit.Page.GotoAsync(await management.TestLinkAsync("acme", ct));
        await visit.Press("Continue");
        await visit.ExpectAtAsync(hosts.AcmeIdp, "Sign in to Acme");
        await visit.Page.GetByLabel("Email").FillAsync("somebody@elsewhere.test"); // outside Acme's domains
        await visit.Press("Continue");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("The test failed");
        await SeeAsync(look, "19-test-failed");

        Assert.Empty(faults);
        Assert.Empty(visit.Complaints);
    }

    [Theory]
    [InlineData("light-desktop", ColorScheme.Light, 1280, 800)]
    [InlineData("dark-phone", ColorScheme.Dark, 390, 844)]
    public async Task Devices_are_connected_on_pages_that_fit_and_are_accessible(string name, ColorScheme colors, int width, int height)
    {
        Directory.CreateDirectory(Folder);
        var (hosts, faults) = (chromium.Demo.Hosts, new List<string>());
        using var api = await ManagementClient.OfAsync(hosts, TestContext.Current.CancellationToken);
        await using var visit = await chromium.VisitAsync(colors: colors, width: width, height: height);
        var look = new Look(visit, name, Visit.Of(hosts.Issuer), width > 1000, faults);
        await visit.OpenAppAsync();
        await visit.EnterEmailAsync("jim@initech.test");
        await visit.EnterPasswordAsync();
        await visit.ChooseAsync("Initech");
        await visit.ExpectInAppAsync("Initech");

        await visit.Page.GotoAsync(await api.WaitingDeviceAsync("initech", TestContext.Current.CancellationToken));
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Connect a device");
        await SeeAsync(look, "60-device-code");
        await visit.Press("Continue");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Connect Meeting room screen on another device?");
        await SeeAsync(look, "61-device-confirm");
        await visit.Press("Yes, connect it");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("The device is connected");
        await SeeAsync(look, "62-device-connected");

        Assert.Empty(faults);
        Assert.Empty(visit.Complaints);
    }

    [Theory]
    [InlineData("light-desktop", ColorScheme.Light, 1280, 800)]
    [InlineData("dark-desktop", ColorScheme.Dark, 1280, 800)]
    [InlineData("light-phone", ColorScheme.Light, 390, 844)]
    [InlineData("dark-phone", ColorScheme.Dark, 390, 844)]
    public async Task The_directory_fits_before_it_sends_anything(string name, ColorScheme colors, int width, int height)
    {
        Directory.CreateDirectory(Folder);
        var faults = new List<string>();
        await using var visit = await chromium.VisitAsync(colors: colors, width: width, height: height);
        await visit.Page.GotoAsync(new Uri(chromium.Demo.Hosts.Map, "/scim").ToString());
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Acme's directory");
        await SeeAsync(new Look(visit, name, Visit.Of(chromium.Demo.Hosts.Map), width > 1000, faults), "65-directory");

        Assert.Empty(faults);
        Assert.Empty(visit.Complaints);
    }

    [Theory]
    [InlineData("light-desktop", ColorScheme.Light, 1280, 800)]
    [InlineData("dark-desktop", ColorScheme.Dark, 1280, 800)]
    [InlineData("light-phone", ColorScheme.Light, 390, 844)]
    [InlineData("dark-phone", ColorScheme.Dark, 390, 844)]
    public async Task Joining_and_choosing_a_sign_in_fit_and_are_accessible(string name, ColorScheme colors, int width, int height)
    {
        Directory.CreateDirectory(Folder);
        var (hosts, ct, faults) = (chromium.Demo.Hosts, TestContext.Current.CancellationToken, new List<string>());
        using var management = await ManagementClient.OfAsync(hosts, ct);
        var (offering, asking, several) = (await management.OrganizationOfDomainAsync("Hooli", "offer", ct), await management.OrganizationOfDomainAsync("Nucleus", "suggest", ct), await management.OrganizationOfDomainAsync("Endframe", "off", ct));
        await management.ConnectAsync(several.Path, ct, "Endframe Europe", "Endframe Americas");
        await management.NewPersonAsync(ct, $"holly@{offering.Host}", $"holly@{asking.Host}");
        await using var visit = await chromium.VisitAsync(colors: colors, width: width, height: height);
        var look = new Look(visit, name, Visit.Of(hosts.Issuer), width > 1000, faults);

        await visit.OpenAppAsync();
        await visit.EnterEmailAsync($"erlich@{several.Host}");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Choose your sign-in");
        await SeeAsync(look, "66-choose-sign-in");
        await visit.Follow("Use another email address");

        await visit.EnterEmailAsync($"holly@{offering.Host}");
        await visit.EnterPasswordAsync();
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Join your organization");
        await SeeAsync(look, "67-join");
        await visit.Press("Ask to join Nucleus");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Request sent");
        await SeeAsync(look, "68-join-requested");
        await visit.Page.GoBackAsync();
        await visit.Press("Join Hooli");
        await visit.ExpectInAppAsync("Hooli");

        Assert.Empty(faults);
        Assert.Empty(visit.Complaints);
    }

    [Theory]
    [InlineData("light-desktop", ColorScheme.Light, 1280, 800)]
    [InlineData("dark-desktop", ColorScheme.Dark, 1280, 800)]
    [InlineData("light-phone", ColorScheme.Light, 390, 844)]
    [InlineData("dark-phone", ColorScheme.Dark, 390, 844)]
    public async Task Invitations_are_answered_on_pages_that_fit_and_are_accessible(string name, ColorScheme colors, int width, int height)
    {
        Directory.CreateDirectory(Folder);
        var (hosts, ct, faults) = (chromium.Demo.Hosts, TestContext.Current.CancellationToken, new List<string>());
        using var management = await ManagementClient.OfAsync(hosts, ct);
        await using var visit = await chromium.VisitAsync(colors: colors, width: width, height: height);
        var look = new Look(visit, name, Visit.Of(hosts.Issuer), width > 1000, faults);
        var (accepted, declined, revoked, other) = ($"new-{name}@newcomer.test", $"no-{name}@newcomer.test", $"gone-{name}@newcomer.test", $"other-{name}@newcomer.test");
        foreach (var email in new[] { accepted, declined }) await management.InviteAsync("initech", email, ct);
        var taken = await management.InviteAsync("initech", revoked, ct);
        await management.InviteAsync("globex", other, ct);
        await management.AllowDifferentEmailAsync("globex", ct);

        await visit.OpenInvitationAsync(accepted);
        await SeeAsync(look, "70-invitation");
        await visit.Press("Accept");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Make your account");
        await SeeAsync(look, "71-invitation-account");
        await visit.Page.GetByLabel("Your name").FillAsync("Nora Newcomer");
        await visit.Page.GetByLabel("A new password").FillAsync("a first password of one's own");
        await visit.Press("Join");
        await visit.ExpectInAppAsync("Initech");

        await visit.OpenInvitationAsync(other);
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("You are signed in with another account");
        await SeeAsync(look, "72-invitation-wrong-account");
        await visit.Press("Ask to join with this account");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("You have asked to join");
        await SeeAsync(look, "73-invitation-waiting");

        await using var stranger = await chromium.VisitAsync(colors: colors, width: width, height: height);
        look = look with { Visit = stranger };
        await stranger.OpenInvitationAsync(accepted);
        await Assertions.Expect(stranger.Heading).ToHaveTextAsync("This invitation was used already");
        await SeeAsync(look, "74-invitation-used");
        await stranger.OpenInvitationAsync(declined);
        await stranger.Press("Decline");
        await Assertions.Expect(stranger.Heading).ToHaveTextAsync("You said no");
        await SeeAsync(look, "75-invitation-declined");
        await stranger.OpenInvitationAsync(declined);
        await Assertions.Expect(stranger.Heading).ToHaveTextAsync("This invitation was declined");
        await SeeAsync(look, "76-invitation-declined-before");
        await management.RevokeInvitationAsync("initech", taken, ct);
        await stranger.OpenInvitationAsync(revoked);
        await Assertions.Expect(stranger.Heading).ToHaveTextAsync("This invitation was taken back");
        await SeeAsync(look, "77-invitation-revoked");
        await stranger.Page.GotoAsync(new Uri(hosts.Issuer, "/invitations/x").ToString());
        await Assertions.Expect(stranger.Heading).ToHaveTextAsync("This invitation is not known");
        await SeeAsync(look, "78-invitation-unknown");

        Assert.Empty(faults);
        Assert.Empty(visit.Complaints.Concat(stranger.Complaints));
    }

    [Theory]
    [InlineData("light-desktop", ColorScheme.Light, 1280, 800)]
    [InlineData("dark-desktop", ColorScheme.Dark, 1280, 800)]
    [InlineData("light-phone", ColorScheme.Light, 390, 844)]
    [InlineData("dark-phone", ColorScheme.Dark, 390, 844)]
    public async Task Codes_from_mails_are_typed_on_pages_that_fit_and_are_accessible(string name, ColorScheme colors, int width, int height)
    {
        Directory.CreateDirectory(Folder);
        var (hosts, ct, faults) = (chromium.Demo.Hosts, TestContext.Current.CancellationToken, new List<string>());
        using var management = await ManagementClient.OfAsync(hosts, ct);
        var email = $"code-{name}@nobody.test";
        await management.NewPersonAsync(ct, email);
        await using var visit = await chromium.VisitAsync(colors: colors, width: width, height: height);
        await using var phone = await chromium.VisitAsync(colors: colors, width: width, height: height);
        var look = new Look(visit, name, Visit.Of(hosts.Issuer), width > 1000, faults);

        await visit.OpenAppAsync();
        await visit.EnterEmailAsync(email);
        await SeeAsync(look, "80-password-or-code");
        await visit.Press("Forgot your password?");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Check your mail");
        await SeeAsync(look, "81-code");
        await visit.Page.GetByLabel("Code from the mail").FillAsync("1234 5678");
        await visit.Press("Continue");
        await Assertions.Expect(visit.Page.Locator("#code-error")).ToContainTextAsync("not the code");
        await SeeAsync(look, "82-code-wrong");

        await phone.OpenMailAsync(email);
        await SeeAsync(look with { Visit = phone }, "83-code-mail");
        var link = await phone.Page.Locator("a[href*='/signin/code?code=']").First.GetAttributeAsync("href") ?? "";
        await phone.Page.GotoAsync(link);
        await Assertions.Expect(phone.Heading).ToHaveTextAsync("Your code");
        await SeeAsync(look with { Visit = phone }, "84-code-elsewhere");

        await visit.Page.GotoAsync(link);
        await visit.Press("Continue");
        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Choose a new password");
        await SeeAsync(look, "85-new-password");
        await visit.Page.GetByLabel("A new password").FillAsync("a second password of one's own");
        await visit.Press("Save and sign in");
        await Assertions.Expect(visit.Heading).Not.ToHaveTextAsync("Choose a new password");
        await SeeAsync(look, "86-after-new-password");

        Assert.Empty(faults);
        Assert.Empty(visit.Complaints.Concat(phone.Complaints));
    }

    private static async Task SeeAsync(Look look, string step)
    {
        var page = look.Visit.Page;
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Folder, $"{step}-{look.Name}.png"), FullPage = true });
        if (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth > document.documentElement.clientWidth")) look.Faults.Add($"{step}: wider than the screen");
        if (!look.Judged || look.Visit.Authority != look.LoginHost) return;
        foreach (var violation in (await page.RunAxe()).Violations)
            look.Faults.Add($"{step}: {violation.Id}: {violation.Help}: {string.Join(", ", violation.Nodes.Select(n => n.Target))}");
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "TenantIdP.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException("The tests run from a build inside the repository.");
    }
}
