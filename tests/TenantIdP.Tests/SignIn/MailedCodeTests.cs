using System.Net;
using System.Text.RegularExpressions;
using AngleSharp.Dom;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.SignIn;

/// <summary>Codes that are mailed: to sign in with, and to choose a new password.</summary>
public abstract partial class MailedCodeTests(IdpHost host)
{
    private const string NewPassword = "another battery, another staple";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Person(User User, string Email, RelyingParty App);

    private async Task<Person> PersonAsync()
    {
        var email = $"code@{host.UniqueHost()}";
        var user = await host.CreateUserAsync(email, Ct);
        await host.AddMemberAsync(await host.CreateOrganizationAsync(Ct), user, Ct);
        return new Person(user, email, await host.CreateAppAsync(Ct));
    }

    /// <summary>As far as the page that asks for the code.</summary>
    private static async Task<(WebPage Page, RelyingParty.Pending Pending)> AskAsync(WebBrowser browser, RelyingParty app, string email, string purpose = "signin")
    {
        var pending = app.Authorize();
        var page = await browser.GetAsync(pending.Address, Ct, app.IsCallback);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = email }, Ct);
        return (await PressAsync(browser, page, $"button[value='{purpose}']"), pending);
    }

    private static Task<WebPage> PressAsync(WebBrowser browser, WebPage page, string button)
    {
        var pressed = page.Document.QuerySelector(button) ?? throw new InvalidOperationException($"No {button} on {page.Address}: {page.Text.Trim()}");
        return browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, form: "form[action='/signin/code/send']", button: pressed);
    }

    private async Task<string> CodeAsync(string email, int mails = 1) => CodeIn((await host.MailsToAsync(email, mails, Ct))[^1]);

    private static string CodeIn(TestMail mail) => Digits().Match(mail.Subject) is { Success: true } code ? code.Value : throw new InvalidOperationException(mail.Subject);

    private static Task<WebPage> TypeAsync(WebBrowser browser, WebPage page, RelyingParty app, string code) =>
        browser.SubmitAsync(page, new Dictionary<string, string> { ["code"] = code }, Ct, stopAt: app.IsCallback);

    private async Task<Result<SignedIn>> TryAsync(MailedCodeTicket ticket, string code, string from = "127.0.0.1")
    {
        await using var scope = host.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<CodeSignIn>().SignInAsync(ticket, code, new BrowserContext(null, "test", IPAddress.Parse(from)), Ct);
    }

    private async Task<MailedCodeTicket> SendAsync(string email, string from, MailedCodePurpose purpose = MailedCodePurpose.SignIn) =>
        await host.InScopeAsync<MailedCodes, MailedCodeTicket?>(s => s.SendAsync(EmailAddress.Parse(email), purpose, "/signin/code?code=", IPAddress.Parse(from), Ct))
        ?? throw new InvalidOperationException("Too many.");

    [Fact]
    public async Task A_code_from_the_mail_signs_in_and_says_what_it_is()
    {
        var person = await PersonAsync();
        using var browser = new WebBrowser();
        var (page, pending) = await AskAsync(browser, person.App, person.Email);
        Assert.Equal("/signin/code", page.Address.AbsolutePath);

        page = await TypeAsync(browser, page, person.App, await CodeAsync(person.Email));

        var tokens = await person.App.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        Assert.Equal(person.User.Id.ToString(), (string?)tokens.Id["sub"]);
        Assert.Equal("""["email"]""", tokens.Id["amr"]?.ToJsonString());
        Assert.Equal("urn:tenantidp:acr:1fa", (string?)tokens.Id["acr"]);
    }

    [Fact]
    [Trait("Attack", "B7")]
    public async Task The_link_of_the_mail_fills_the_code_in_and_uses_nothing_up()
    {
        var person = await PersonAsync();
        using var browser = new WebBrowser();
        var (_, pending) = await AskAsync(browser, person.App, person.Email);
        var mail = (await host.MailsToAsync(person.Email, 1, Ct))[0];
        var link = Assert.Single(mail.Links);
        Assert.StartsWith(host.Issuer + "/signin/code?code=", link.AbsoluteUri, StringComparison.Ordinal);

        using var scanner = new WebBrowser();
        for (var i = 0; i < 7; i++)
        {
            var elsewhere = await scanner.GetAsync(link, Ct);
            Assert.Contains(CodeIn(mail), elsewhere.Text, StringComparison.Ordinal);
            Assert.Empty(elsewhere.Document.Forms);
        }

        var page = await browser.GetAsync(link, Ct);
        Assert.Equal(CodeIn(mail).Replace(" ", "", StringComparison.Ordinal), page.Document.QuerySelector("input[name=code]")?.GetAttribute("value"));
        page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, stopAt: person.App.IsCallback);

        Assert.NotEmpty(RelyingParty.Answer(page)["code"]);
        Assert.NotEmpty(pending.Verifier);
    }

    [Fact]
    [Trait("Attack", "B1")]
    public async Task Whoever_may_not_use_a_code_sees_the_same_and_gets_no_mail()
    {
        var domain = host.UniqueHost();
        var app = await host.CreateAppAsync(Ct);
        var known = await host.CreateUserAsync($"known@{domain}", Ct);
        var suspended = await host.CreateUserAsync($"gone@{domain}", Ct);
        await host.UseAsync<UserService, User>(s => s.SuspendAsync(suspended.Id, Ct));
        var unverified = await host.UseAsync<UserService, User>(s => s.CreateAsync(new NewUser([new($"open@{domain}", false)], "Olga", null, null, IdpHost.Password), Ct));
        var seen = new Dictionary<string, string>();
        foreach (var name in (string[])["known", "other", "gone", "open"])
        {
            using var visitor = new WebBrowser();
            var (asked, _) = await AskAsync(visitor, app, $"{name}@{domain}");
            var wrong = await TypeAsync(visitor, asked, app, "0000 0000");
            for (var i = 1; i < MailedCode.MaxTries; i++) wrong = await TypeAsync(visitor, wrong, app, "0000 0000");
            seen[name] = $"{asked.Status} {Shape(asked, $"{name}@{domain}")} {wrong.Status} {Shape(wrong, $"{name}@{domain}")} {visitor.Cookies.Count}";
        }

        Assert.Single(seen.Values.Distinct());
        await host.MailsToAsync($"known@{domain}", 1, Ct);
        Assert.Equal(1, await host.ReadAsync(db => db.MailedCodes.CountAsync(c => c.UserId == known.Id, Ct)));
        Assert.Equal(0, await host.ReadAsync(db => db.MailedCodes.CountAsync(c => c.UserId == suspended.Id || c.UserId == unverified.Id, Ct)));
        foreach (var name in (string[])["other", "gone", "open"]) Assert.Empty(await host.MailsToAsync($"{name}@{domain}", 0, Ct));
    }

    [Fact]
    [Trait("Attack", "B6")]
    public async Task Two_hundred_guesses_at_once_get_five_answers_and_the_right_one_none()
    {
        var person = await PersonAsync();
        var ticket = await SendAsync(person.Email, "203.0.113.7");
        var code = await CodeAsync(person.Email);
        var answers = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Ct }, async (i, _) =>
            answers.Add((await TryAsync(ticket, Other(code, i))).Error?.Code ?? "in"));

        Assert.InRange(answers.Count(a => a == SignInErrors.CodeWrong.Code), 0, MailedCode.MaxTries - 1); // the last one says that it is over
        Assert.DoesNotContain("in", answers);
        Assert.Equal(SignInErrors.CodeOver, (await TryAsync(ticket, code)).Error);
        Assert.Equal(MailedCode.MaxTries, await host.ReadAsync(db => db.MailedCodes.Where(c => c.Id == ticket.Id).Select(c => c.FailedCount).SingleAsync(Ct)));
    }

    [Fact]
    [Trait("Attack", "B6")]
    public async Task Wrong_codes_of_one_address_are_counted_over_all_its_codes()
    {
        var person = await PersonAsync();
        for (var i = 0; i < 4; i++)
        {
            var ticket = await SendAsync(person.Email, $"203.0.{i}.1");
            for (var k = 0; k < MailedCode.MaxTries; k++) Assert.False((await TryAsync(ticket, "0000 0000", "203.0.113.1")).IsOk);
        }

        var last = await SendAsync(person.Email, "198.51.100.1");
        var code = await CodeAsync(person.Email, 5);
        Assert.Equal(SignInErrors.CodeOver, (await TryAsync(last, code, "203.0.113.200")).Error);
        Assert.True((await TryAsync(last, code, "198.51.100.1")).IsOk); // the person is somewhere else
    }

    [Fact]
    [Trait("Attack", "B7")]
    public async Task Of_the_right_code_many_times_at_once_one_signs_in()
    {
        var person = await PersonAsync();
        var ticket = await SendAsync(person.Email, "203.0.113.8");
        var code = await CodeAsync(person.Email);

        var results = await Task.WhenAll(Enumerable.Range(0, MailedCode.MaxTries).Select(_ => TryAsync(ticket, code)));

        Assert.Single(results, r => r.IsOk);
        Assert.Equal(SignInErrors.CodeOver, (await TryAsync(ticket, code)).Error);
    }

    [Fact]
    [Trait("Attack", "B7")]
    public async Task A_new_code_cancels_the_one_before_and_a_new_password_all()
    {
        var person = await PersonAsync();
        var first = await SendAsync(person.Email, "203.0.113.9");
        var firstCode = await CodeAsync(person.Email);
        var second = await SendAsync(person.Email, "203.0.113.9");
        var secondCode = await CodeAsync(person.Email, 2);
        Assert.Equal(SignInErrors.CodeOver, (await TryAsync(first, firstCode)).Error);

        Assert.True((await host.InScopeAsync<UserCredentials, Result>(s => s.SetPasswordAsync(person.User.Id, NewPassword, Ct))).IsOk);

        Assert.Equal(SignInErrors.CodeOver, (await TryAsync(second, secondCode)).Error);
    }

    [Fact]
    [Trait("Attack", "B4")]
    public async Task The_code_without_the_browser_that_asked_is_worth_nothing()
    {
        var person = await PersonAsync();
        var ticket = await SendAsync(person.Email, "203.0.113.10");
        var code = await CodeAsync(person.Email);

        Assert.Equal(SignInErrors.CodeWrong, (await TryAsync(ticket with { Secret = MachineSecret.New("") }, code)).Error);
        Assert.Equal(SignInErrors.CodeWrong, (await TryAsync(ticket with { Address = EmailAddress.Parse($"else@{host.UniqueHost()}") }, code)).Error);
        Assert.Equal(SignInErrors.CodeOver, (await TryAsync(ticket with { Purpose = MailedCodePurpose.NewPassword }, code)).Error);
        Assert.True((await TryAsync(ticket, code)).IsOk);
    }

    [Fact]
    public async Task More_than_five_mails_in_an_hour_are_refused_with_a_page_that_says_so()
    {
        var person = await PersonAsync();
        using var browser = new WebBrowser();
        var (page, _) = await AskAsync(browser, person.App, person.Email);
        for (var i = 1; i < 5; i++) page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, form: "form[action='/signin/code/send']");
        await host.MailsToAsync(person.Email, 5, Ct);

        page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, form: "form[action='/signin/code/send']");

        Assert.Equal(HttpStatusCode.TooManyRequests, page.Status);
        Assert.Contains("Use the newest mail", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_password_takes_the_place_of_the_forgotten_one_and_ends_every_session()
    {
        var person = await PersonAsync();
        var (elsewhere, _) = await host.SignedInAsync(person.User, Ct);
        using var other = elsewhere;
        using var browser = new WebBrowser();
        var (page, pending) = await AskAsync(browser, person.App, person.Email, "password");
        page = await TypeAsync(browser, page, person.App, await CodeAsync(person.Email));
        Assert.Equal("/signin/new-password", page.Address.AbsolutePath);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = "short" }, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, page.Status);

        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = NewPassword }, Ct, stopAt: person.App.IsCallback);

        Assert.Equal("""["email"]""", (await person.App.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct)).Id["amr"]?.ToJsonString());
        Assert.Contains("You are not signed in", (await other.GetAsync(host.Issuer + "/", Ct)).Text, StringComparison.Ordinal);
        using var fresh = new WebBrowser();
        Assert.False(person.App.IsCallback((await IdpHost.SignInWithPasswordAsync(fresh, person.App, person.App.Authorize(), person.Email, Ct)).Address));
        Assert.True(person.App.IsCallback((await IdpHost.SignInWithPasswordAsync(fresh, person.App, person.App.Authorize(), person.Email, Ct, NewPassword)).Address));
        Assert.Contains("password was changed", (await host.MailsToAsync(person.Email, 2, Ct))[^1].Subject, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Attack", "B3")]
    public async Task The_steps_to_a_new_password_in_any_order_change_nothing_without_the_code()
    {
        var person = await PersonAsync();
        using var browser = new WebBrowser();
        var (code, _) = await AskAsync(browser, person.App, person.Email, "password");
        var form = await FormAsync(browser);
        var random = new Random(8);
        for (var i = 0; i < 40; i++)
        {
            var step = random.Next(5);
            var page = step switch
            {
                0 => await browser.GetAsync(host.Issuer + "/signin/new-password", Ct),
                1 => await PostAsync(browser, "/signin/new-password", form, ("password", NewPassword)),
                2 => await PostAsync(browser, "/signin/code", form, ("code", "")),
                3 => await browser.GetAsync(code.Address, Ct),
                _ => await PostAsync(browser, "/signin/new-password", form, ("password", NewPassword), ("code", "0000 0000"), ("proven", "true")),
            };
            Assert.DoesNotContain("input[name=password]", page.Document.QuerySelector("input[name=password]") is null ? "" : "input[name=password]", StringComparison.Ordinal);
        }

        using var still = new WebBrowser();
        Assert.True(person.App.IsCallback((await IdpHost.SignInWithPasswordAsync(still, person.App, person.App.Authorize(), person.Email, Ct)).Address));
    }

    [Fact]
    [Trait("Attack", "C4")]
    public async Task Where_single_sign_on_is_responsible_no_code_is_sent_and_none_works_any_more()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var person = await PersonAsync();
        using var browser = new WebBrowser();
        var (page, _) = await AskAsync(browser, person.App, person.Email);
        var code = await CodeAsync(person.Email);
        var organization = await host.CreateOrganizationAsync(Ct);
        await host.VerifyDomainAsync(organization, Ct, person.Email.Split('@')[1]);
        await host.ConnectAsync(organization, upstream, Ct);

        page = await TypeAsync(browser, page, person.App, code);
        Assert.False(person.App.IsCallback(page.Address));
        Assert.Equal("/signin", page.Address.AbsolutePath);

        await PostAsync(browser, "/signin/code/send", await FormAsync(browser), ("email", person.Email), ("purpose", "signin"));
        Assert.Single(await host.MailsToAsync(person.Email, 1, Ct));
        Assert.False(await host.ReadAsync(db => db.Sessions.AnyAsync(s => s.UserId == person.User.Id, Ct)));
    }

    private async Task<IReadOnlyDictionary<string, string>> FormAsync(WebBrowser browser)
    {
        var page = await browser.GetAsync(host.Issuer + "/signin", Ct);
        return page.Document.QuerySelectorAll("form input[type=hidden]").ToDictionary(i => i.GetAttribute("name")!, i => i.GetAttribute("value") ?? ""); // each has a name
    }

    private async Task<WebPage> PostAsync(WebBrowser browser, string path, IReadOnlyDictionary<string, string> form, params (string Name, string Value)[] values)
    {
        var page = await browser.GetAsync(host.Issuer + "/signin", Ct);
        var button = page.Document.CreateElement("button");
        button.SetAttribute("formaction", path);
        return await browser.SubmitAsync(page, form.Concat(values.Select(v => KeyValuePair.Create(v.Name, v.Value))).ToDictionary(), Ct, button: button);
    }

    /// <summary>Never the code itself.</summary>
    private static string Other(string code, int i) => ((int.Parse(code.Replace(" ", "", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture) + i + 1) % 100_000_000).ToString("D8", System.Globalization.CultureInfo.InvariantCulture);

    private static string Shape(WebPage page, string email)
    {
        foreach (var hidden in page.Document.QuerySelectorAll("input[type=hidden]")) hidden.SetAttribute("value", "");
        foreach (var link in page.Document.QuerySelectorAll("a")) link.SetAttribute("href", "");
        return page.Document.DocumentElement.OuterHtml.Replace(email, "EMAIL", StringComparison.Ordinal);
    }

    [GeneratedRegex("[0-9]{4} [0-9]{4}")]
    private static partial Regex Digits();
}

[Collection(SqliteHost.Name)]
public sealed class MailedCodeOnSqlite(SqliteIdp host) : MailedCodeTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class MailedCodeOnPostgreSql(PostgreSqlIdp host) : MailedCodeTests(host);
