using System.Collections.Concurrent;
using Microsoft.Playwright;
using TenantIdP.Demo;
using Xunit;

namespace TenantIdP.Browser.Tests;

/// <summary>One person's browser: the steps people take, and everything the browser complained about on the way.</summary>
public sealed class Visit : IAsyncDisposable
{
    private readonly IBrowserContext context;
    private readonly DemoHosts hosts;
    private readonly bool scripts;
    private readonly ConcurrentQueue<(string Text, string Address)> complaints = new();
    private readonly ConcurrentDictionary<string, int> refused = new();

    public Visit(IBrowserContext context, IPage page, DemoHosts hosts, bool scripts)
    {
        (this.context, Page, this.hosts, this.scripts) = (context, page, hosts, scripts);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") complaints.Enqueue((message.Text, message.Location.Split(':') is [.. var address, _, _] ? string.Join(':', address) : message.Location));
        };
        page.PageError += (_, error) => complaints.Enqueue((error, ""));
        page.RequestFailed += (_, request) => complaints.Enqueue(($"failed: {request.Failure}", request.Url));
        page.Response += (_, response) =>
        {
            if (response.Request.IsNavigationRequest && response.Status >= 400) refused[response.Url] = response.Status;
        };
    }

    public IPage Page { get; }

    public ILocator Heading => Page.Locator("h1");

    public string Authority => new Uri(Page.Url).Authority;

    public static string Of(Uri site) => site.Authority;

    /// <summary>Errors and warnings of the console, CSP violations among them, scripts that failed, requests that failed; a page that answers with an error status is not one.</summary>
    public IReadOnlyList<string> Complaints =>
        [.. complaints.Where(c => !(c.Text.StartsWith("Failed to load resource", StringComparison.Ordinal) && refused.Keys.Any(u => u == c.Address))).Select(c => $"{c.Text} ({c.Address})")];

    public async Task OpenAppAsync()
    {
        await Page.GotoAsync(hosts.App.ToString());
        await Page.GetByRole(AriaRole.Link, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Assertions.Expect(Heading).ToHaveTextAsync("Sign in to Ledgerline");
        Assert.Equal(Of(hosts.Issuer), Authority);
    }

    public async Task EnterEmailAsync(string email)
    {
        await Page.GetByLabel("Email address").FillAsync(email);
        await Press("Continue");
    }

    public async Task EnterPasswordAsync()
    {
        await Assertions.Expect(Heading).ToHaveTextAsync("Enter your password");
        await Page.GetByLabel("Password", new() { Exact = true }).FillAsync(DemoUniverse.Password);
        await Press("Sign in");
    }

    public async Task ChooseAsync(string organization)
    {
        await Assertions.Expect(Heading).ToHaveTextAsync("Choose an organization");
        await Page.Locator("button.choice", new() { HasText = organization }).ClickAsync();
    }

    /// <summary>Email, password, and the organization where the chooser asks.</summary>
    public async Task SignInAsync(string email, string organization)
    {
        await OpenAppAsync();
        await EnterEmailAsync(email);
        await EnterPasswordAsync();
        await ChooseAsync(organization);
        await ExpectInAppAsync(organization);
    }

    /// <summary>Email, and the way through Acme's SAML provider.</summary>
    public async Task SignInAtAcmeAsync(string givenName)
    {
        await OpenAppAsync();
        await EnterEmailAsync($"{givenName.ToLowerInvariant()}@acme.test");
        await ExpectAtAsync(hosts.AcmeIdp, "Sign in to Acme");
        await AnswerBySamlAsync($"Continue as {givenName}");
        await ExpectInAppAsync("Acme");
    }

    /// <summary>The provider's answer is a form: a script sends it, and a person where scripts don't run.</summary>
    public async Task AnswerBySamlAsync(string button)
    {
        await Press(button);
        if (scripts) return;
        await Assertions.Expect(Heading).ToHaveTextAsync("Back to the application");
        await Press("Continue");
    }

    public async Task ExpectAtAsync(Uri site, string heading)
    {
        await Assertions.Expect(Heading).ToHaveTextAsync(heading);
        Assert.Equal(Of(site), Authority);
    }

    public async Task ExpectInAppAsync(string organization)
    {
        await Assertions.Expect(Heading).ToHaveTextAsync(organization);
        Assert.Equal(Of(hosts.App), Authority);
    }

    /// <summary>Opens the newest mail to the address in the demo's drop, and the invitation that it brings.</summary>
    public async Task OpenInvitationAsync(string email)
    {
        await OpenMailAsync(email);
        await Page.Locator("a[href*='/invitations/tidp_inv_']").ClickAsync();
        await Assertions.Expect(Page).ToHaveURLAsync(new Uri(hosts.Issuer, "/invitation").ToString()); // by looking again: the event of a page that was quick has passed
    }

    /// <summary>The newest to this address.</summary>
    public async Task OpenMailAsync(string email)
    {
        var mail = Page.Locator($"dt:has-text('{email}') + dd a").First;
        for (var looks = 0; looks < 60; looks++)
        {
            await Page.GotoAsync(new Uri(hosts.Issuer, "/dev/mail").ToString());
            if (await mail.CountAsync() > 0) break; // the outbox has been there
            await Page.WaitForTimeoutAsync(250);
        }

        await mail.ClickAsync();
    }

    public Task Press(string button) => Page.GetByRole(AriaRole.Button, new() { Name = button }).First.ClickAsync();

    public Task Follow(string link) => Page.GetByRole(AriaRole.Link, new() { Name = link }).First.ClickAsync();

    public async ValueTask DisposeAsync() => await context.DisposeAsync();
}
