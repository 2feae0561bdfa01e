using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.SignIn;

/// <summary>A required single sign-on that is broken: who still gets in, who doesn't, and who is told.</summary>
public abstract class BreakGlassTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Scene(Organization Organization, string Host, User Named, User Second, User Member, RelyingParty App, TestSamlIdp Provider) : IDisposable
    {
        public RelyingParty.Pending Authorize() => App.Authorize(("organization", Organization.Id.ToString()));

        public void Dispose() => Provider.Dispose();
    }

    /// <summary>Two owners, of whom one is named, and a member; all have a password that is left over. The identity provider's certificate has ended.</summary>
    private async Task<Scene> SceneAsync()
    {
        var provider = new TestSamlIdp($"https://{idp.UniqueHost()}", TimeProvider.System.GetUtcNow().AddDays(-1));
        var organization = await idp.CreateOrganizationAsync(Ct);
        var host = await idp.VerifyDomainAsync(organization, Ct);
        var (named, second, member) = (await idp.CreateUserAsync($"named@{host}", Ct, "Nora Named"), await idp.CreateUserAsync($"second@{host}", Ct), await idp.CreateUserAsync($"member@{host}", Ct));
        await idp.AddMemberAsync(organization, named, Ct, BuiltInRoles.Owner);
        await idp.AddMemberAsync(organization, second, Ct, BuiltInRoles.Owner);
        await idp.AddMemberAsync(organization, member, Ct);
        await idp.ConnectSamlAsync(organization, provider, Ct, s => s with { RefuseExpiredCertificates = new Patch<bool>(true) });
        await RequireAsync(organization, [named.Id]);
        return new Scene(organization, host, named, second, member, await idp.CreateAppAsync(Ct), provider);
    }

    private Task<Organization> RequireAsync(Organization organization, IReadOnlyList<Id<User>> named) =>
        idp.UseAsync<SsoEnforcementService, Organization>(s => s.SetAsync(organization.Id, new NewSsoEnforcement(SsoMode.Required) { BreakGlass = named }, Granter.Instance, null, Ct));

    /// <summary>As a person does: the app, the broken identity provider, the link of the page that says so.</summary>
    private static async Task<WebPage> LocalPageAsync(WebBrowser browser, Scene scene, RelyingParty.Pending pending)
    {
        var there = await browser.GetAsync(pending.Address, Ct, scene.Provider.IsHere);
        var answer = scene.Provider.Answer(TestSamlIdp.Read(there.Address), "n-1", $"named@{scene.Host}");
        var broken = await browser.SubmitAsync(await scene.Provider.PageAsync(answer, Ct), new Dictionary<string, string>(), Ct, stopAt: scene.App.IsCallback);
        Assert.False(scene.App.IsCallback(broken.Address));
        return await browser.GetAsync(LinkOf(broken, "local=true"), Ct, scene.App.IsCallback);
    }

    private static Uri LinkOf(WebPage page, string part)
    {
        var link = page.Document.QuerySelector($"a[href*='{part}']");
        Assert.True(link is not null, $"No link with {part} at {page.Address}: {page.Text.Trim()}");
        return new Uri(page.Address, link.GetAttribute("href"));
    }

    private static async Task<WebPage> SignInAsync(WebBrowser browser, Scene scene, WebPage page, string email, string password = IdpHost.Password)
    {
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = email }, Ct, stopAt: scene.App.IsCallback);
        return await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = password }, Ct, stopAt: scene.App.IsCallback);
    }

    private Task<List<Event>> EventsAsync(Scene scene, string type) => idp.ReadAsync(db =>
        db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().Where(e => e.OrganizationId == scene.Organization.Id && e.Type == type).OrderBy(e => e.OccurredAt).ToListAsync(Ct));

    [Fact]
    [Trait("Fault", "Lock-out")]
    public async Task When_the_certificate_has_ended_a_named_owner_gets_in_and_every_owner_is_told_once()
    {
        using var scene = await SceneAsync();
        using var browser = new WebBrowser();
        var pending = scene.Authorize();

        await SignInAsync(browser, scene, await LocalPageAsync(browser, scene, pending), $"named@{scene.Host}");
        var back = await browser.GetAsync(pending.Address, Ct, scene.App.IsCallback); // the app, once more
        var tokens = await scene.App.RedeemAsync(RelyingParty.Answer(back)["code"], pending.Verifier, Ct);
        var refreshed = await scene.App.RefreshAsync(tokens.RefreshToken, Ct);
        var second = await IdpHost.TokensAsync(browser, scene.App, Ct, ("organization", scene.Organization.Id.ToString())); // the same sign-in

        Assert.Equal(scene.Organization.Id.ToString(), (string?)refreshed.Access["org_id"]);
        Assert.Equal(scene.Organization.Id.ToString(), (string?)second.Access["org_id"]);
        Assert.Equal(scene.Named.Id.ToString(), Assert.Single(await EventsAsync(scene, EventTypes.BreakGlassUsed)).TargetId);
        foreach (var owner in new[] { "named", "second" })
        {
            var mails = await idp.MailsToAsync($"{owner}@{scene.Host}", 2, Ct);
            Assert.Equal(2, mails.Count); // that it is required now, and this
            Assert.Contains($"Nora Named (named@{scene.Host}) signed in", mails[1].Text.ReplaceLineEndings(" "), StringComparison.Ordinal);
        }

        Assert.Empty(await idp.MailsToAsync($"member@{scene.Host}", 0, Ct));
    }

    [Fact]
    [Trait("Attack", "B1")]
    public async Task A_password_of_anybody_else_is_as_wrong_as_any()
    {
        using var scene = await SceneAsync();
        var answers = new List<(HttpStatusCode, string)>();
        foreach (var (email, password) in new[]
        {
            ($"named@{scene.Host}", "not the password at all"), ($"second@{scene.Host}", IdpHost.Password), ($"member@{scene.Host}", IdpHost.Password), ($"nobody@{scene.Host}", IdpHost.Password),
        })
        {
            using var browser = new WebBrowser();
            var page = await SignInAsync(browser, scene, await LocalPageAsync(browser, scene, scene.Authorize()), email, password);
            answers.Add((page.Status, page.Text.Replace(email, "somebody", StringComparison.Ordinal).Trim()));
            Assert.DoesNotContain(browser.Cookies.GetAllCookies(), c => c.Name == "tidp");
        }

        Assert.Single(answers.Distinct());
        Assert.Empty(await EventsAsync(scene, EventTypes.BreakGlassUsed));
    }

    [Fact]
    [Trait("Attack", "D1")]
    public async Task A_session_that_was_there_before_is_not_a_way_past()
    {
        using var scene = await SceneAsync();
        var (browser, _) = await idp.SignedInAsync(scene.Member, Ct);

        var silent = await browser.GetAsync(scene.App.Authorize(("organization", scene.Organization.Id.ToString()), ("prompt", "none")).Address, Ct, scene.App.IsCallback);
        var asked = await browser.GetAsync(scene.Authorize().Address, Ct, scene.Provider.IsHere);

        Assert.Equal("interaction_required", RelyingParty.Answer(silent)["error"]);
        Assert.True(scene.Provider.IsHere(asked.Address));
        browser.Dispose();
    }

    [Fact]
    [Trait("Attack", "D11")]
    public async Task An_organization_that_somebody_owns_is_no_way_past_the_identity_provider_of_their_employer()
    {
        using var scene = await SceneAsync();
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (employer, host) = (await idp.CreateOrganizationAsync(Ct), idp.UniqueHost());
        await idp.VerifyDomainAsync(employer, Ct, host);
        await idp.ConnectAsync(employer, upstream, Ct); // single sign-on is optional there, and routes
        var eve = await idp.CreateUserAsync($"eve@{host}", Ct);
        await idp.AddMemberAsync(employer, eve, Ct);
        await idp.AddMemberAsync(scene.Organization, eve, Ct, BuiltInRoles.Owner);
        await RequireAsync(scene.Organization, [eve.Id]);

        foreach (var pending in new Uri?[] { null, scene.Authorize().Address, scene.App.Authorize(("organization", employer.Id.ToString())).Address })
        {
            using var browser = new WebBrowser();
            if (pending is not null) await browser.GetAsync(pending, Ct, a => a.Host != new Uri(idp.Issuer).Host || a.Port != new Uri(idp.Issuer).Port);
            var back = browser.Trail.Select(a => Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(a.Query)).FirstOrDefault(q => q.ContainsKey("return"))?["return"].ToString();
            var page = await browser.GetAsync(new Uri($"{idp.Issuer}/signin?local=true{(back is null ? "" : "&return=" + Uri.EscapeDataString(back))}"), Ct);
            await SignInAsync(browser, scene, page, $"eve@{host}");
            Assert.DoesNotContain(browser.Cookies.GetAllCookies(), c => c.Name == "tidp");
        }
    }

    [Fact]
    [Trait("Fault", "Lock-out")]
    public async Task An_operator_unlocks_by_a_command_with_a_reason_and_the_rule_can_be_set_again()
    {
        using var scene = await SceneAsync();
        async Task<bool> GetsInAsync()
        {
            using var browser = new WebBrowser();
            var pending = scene.Authorize();
            var page = await browser.GetAsync(new Uri($"{idp.Issuer}/signin?local=true"), Ct);
            await SignInAsync(browser, scene, page, $"member@{scene.Host}");
            return browser.Cookies.GetAllCookies().Any(c => c.Name == "tidp")
                && RelyingParty.Answer(await browser.GetAsync(pending.Address, Ct, a => scene.App.IsCallback(a) || scene.Provider.IsHere(a))).ContainsKey("code");
        }

        Assert.False(await GetsInAsync());
        Assert.Equal(2, (await RunAsync("org", "unlock", scene.Organization.Slug.Value)).Code);
        Assert.Equal(1, (await RunAsync("org", "unlock", "no-such-organization", "--reason", "x")).Code);
        Assert.Equal(1, (await RunAsync("org", "unlock", scene.Organization.Slug.Value, "--reason", " ")).Code);
        Assert.False(await GetsInAsync());

        var (code, output) = await RunAsync("org", "unlock", scene.Organization.Slug.Value, "--reason", "Certificate ended");
        Assert.True(code == 0, output);
        Assert.Contains($"{scene.Organization.Id} ({scene.Organization.DisplayName}): single sign-on was required of everybody, and is required of nobody now.", output, StringComparison.Ordinal);
        Assert.True(await GetsInAsync());
        var recorded = (await EventsAsync(scene, EventTypes.SsoEnforcementChanged))[^1];
        Assert.Contains("\"reason\":\"Certificate ended\"", recorded.Data, StringComparison.Ordinal);
        Assert.Equal("command:org-unlock", recorded.ActorId);
        foreach (var owner in new[] { "named", "second" }) Assert.Contains("Certificate ended", (await idp.MailsToAsync($"{owner}@{scene.Host}", 2, Ct))[1].Text, StringComparison.Ordinal);

        await RequireAsync(scene.Organization, [scene.Named.Id]);
        Assert.False(await GetsInAsync());
    }

    [Fact]
    public async Task Whom_the_rule_spares_signs_in_with_a_password_though_the_app_names_the_organization()
    {
        using var scene = await SceneAsync();
        var email = $"guest@{idp.UniqueHost()}";
        await idp.AddMemberAsync(scene.Organization, await idp.CreateUserAsync(email, Ct), Ct, BuiltInRoles.Guest);
        await idp.UseAsync<SsoEnforcementService, Organization>(
            s => s.SetAsync(scene.Organization.Id, new NewSsoEnforcement(SsoMode.RequiredExceptRoles) { ExceptRoles = [BuiltInRoles.Guest] }, Granter.Instance, null, Ct));
        using var browser = new WebBrowser();
        var pending = scene.Authorize();

        var back = await IdpHost.SignInWithPasswordAsync(browser, scene.App, pending, email, Ct);

        Assert.Equal(scene.Organization.Id.ToString(), (string?)(await scene.App.RedeemAsync(RelyingParty.Answer(back)["code"], pending.Verifier, Ct)).Access["org_id"]);
        using var member = new WebBrowser();
        var page = await member.GetAsync(scene.Authorize().Address, Ct);
        Assert.True(scene.Provider.IsHere((await member.SubmitAsync(page, new Dictionary<string, string> { ["email"] = $"member@{scene.Host}" }, Ct, stopAt: scene.Provider.IsHere)).Address));
    }

    private async Task<(int Code, string Output)> RunAsync(params string[] command)
    {
        var settings = new Dictionary<string, string?>(idp.Store.Settings) { ["TenantIdP:Issuer"] = idp.Issuer };
        await using var process = ServerProcess.Start([ServerProcess.Program(), .. command], settings);
        return (await process.ExitAsync(Ct), process.Output);
    }
}

[Collection(SqliteHost.Name)]
public sealed class BreakGlassOnSqlite(SqliteIdp idp) : BreakGlassTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class BreakGlassOnPostgreSql(PostgreSqlIdp idp) : BreakGlassTests(idp);
