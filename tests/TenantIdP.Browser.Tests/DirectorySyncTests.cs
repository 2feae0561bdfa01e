using System.Diagnostics;
using Microsoft.Playwright;
using Xunit;

namespace TenantIdP.Browser.Tests;

/// <summary>What Acme's directory does is felt in an open tab of the sample application. A demo of its own, because the directory changes who may do what at Acme.</summary>
[Collection(ChromiumRun.Name)]
public sealed class DirectorySyncTests(Chromium chromium, DemoProcess demo) : IClassFixture<DemoProcess>
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(5);

    [Theory, InlineData("Okta"), InlineData("Microsoft Entra ID")]
    public async Task Whom_the_directory_removes_is_signed_out_of_an_open_tab_within_five_seconds_and_comes_back_with_it(string dialect)
    {
        await using var directory = await chromium.VisitAsync(javaScript: false, hosts: demo.Hosts);
        await OpenAsync(directory, dialect);
        await directory.Press($"Push all as {dialect}");
        await ExpectDoneAsync(directory, $"Push everybody as {dialect}");
        await using var bob = await chromium.VisitAsync(hosts: demo.Hosts);
        await bob.SignInAtAcmeAsync("Bob");

        var since = Stopwatch.StartNew();
        await directory.Press("Remove Bob Barlow");
        await Assertions.Expect(bob.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("Your session has ended", new() { Timeout = (float)Promised.TotalMilliseconds * 2 });
        Assert.True(since.Elapsed <= Promised, $"It took {since.Elapsed}.");
        await ExpectDoneAsync(directory, "Remove Bob Barlow");
        await RefusedAsync();

        await directory.Press("Bring back Bob Barlow");
        await ExpectDoneAsync(directory, "Bring Bob Barlow back");
        await using var again = await chromium.VisitAsync(hosts: demo.Hosts);
        await again.SignInAtAcmeAsync("Bob");
        // The open tab asks whether its session stands, and the answer 401 is what it waits for.
        Assert.Empty(bob.Complaints.Where(c => !c.Contains("/session", StringComparison.Ordinal)).Concat(again.Complaints).Concat(directory.Complaints));

        // His provider still knows him; it is the directory that does not want him in.
        async Task RefusedAsync()
        {
            await using var refused = await chromium.VisitAsync(hosts: demo.Hosts);
            await refused.OpenAppAsync();
            await refused.EnterEmailAsync("bob@acme.test");
            await refused.ExpectAtAsync(demo.Hosts.AcmeIdp, "Sign in to Acme");
            await refused.AnswerBySamlAsync("Continue as Bob");
            await Assertions.Expect(refused.Page.Locator(".trace code")).ToBeVisibleAsync();
            Assert.Equal(Visit.Of(demo.Hosts.Issuer), refused.Authority);
        }
    }

    [Fact]
    public async Task A_second_push_asks_and_changes_nothing()
    {
        await using var directory = await chromium.VisitAsync(javaScript: false, hosts: demo.Hosts);
        await OpenAsync(directory, "Okta");
        await directory.Press("Push all as Okta");
        await ExpectDoneAsync(directory, "Push everybody as Okta");
        await directory.Press("Push all as Okta");
        await ExpectDoneAsync(directory, "Push everybody as Okta");

        await Assertions.Expect(directory.Page.Locator("#sent tbody th", new() { HasTextRegex = new("^(Make|Put) ") })).ToHaveCountAsync(0);
        await Assertions.Expect(directory.Page.Locator("#sent tbody tr")).ToHaveCountAsync(25 + (2 * 3)); // everybody is looked for, and each group is looked for and told its members
    }

    private async Task OpenAsync(Visit directory, string dialect)
    {
        await directory.Page.GotoAsync(demo.Hosts.Map.ToString());
        await directory.Follow("Play the directory");
        await directory.Follow(dialect);
    }

    /// <summary>The page comes again by itself until all is sent.</summary>
    private static Task ExpectDoneAsync(Visit directory, string title) =>
        Assertions.Expect(directory.Page.GetByRole(AriaRole.Status)).ToHaveTextAsync(new System.Text.RegularExpressions.Regex($"^{title}.*none was refused"), new() { Timeout = 60_000 });
}
