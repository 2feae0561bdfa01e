using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Domains;

/// <summary>What sign-ins may do at a domain that is only claimed, has lapsed, or has passed to another organization.</summary>
public abstract class DomainLapseTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<(WebPage Page, RelyingParty.Pending Pending)> SignInAsync(WebBrowser browser, RelyingParty app, params (string, string?)[] request)
    {
        var pending = app.Authorize(request);
        return (await browser.GetAsync(pending.Address, Ct, app.IsCallback), pending);
    }

    private Task<DomainVerdict> JudgeAsync(OrganizationDomain domain, bool proven, bool scheduled) => idp.UseAsync<DomainLifeCycle, DomainVerdict>(
        s => s.JudgeAsync(domain.OrganizationId, domain.Id, domain.Challenge, new DomainEvidence(VerificationMethod.Dns, proven, true, []), scheduled, Ct), domain.OrganizationId);

    private Task<OrganizationDomain> ClaimAsync(Organization organization, string host) =>
        idp.UseAsync<DomainService, OrganizationDomain>(s => s.ClaimAsync(organization.Id, host, false, Ct), organization.Id);

    private async Task<OrganizationDomain> ProveAsync(Organization organization, string host) => (await JudgeAsync(await ClaimAsync(organization, host), proven: true, scheduled: false)).Domain;

    /// <summary>As if the days had passed.</summary>
    private Task<int> SetAsync(OrganizationDomain domain, Action<Microsoft.EntityFrameworkCore.Query.UpdateSettersBuilder<OrganizationDomain>> set) => idp.ReadAsync(db =>
        db.Domains.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(d => d.Host == domain.Host && (d.VerifiedAt != null || d.TransferAt != null)).ExecuteUpdateAsync(set, Ct));

    private async Task LapseAsync(OrganizationDomain domain)
    {
        var since = TimeProvider.System.GetUtcNow() - DomainWatch.AtRiskFor;
        await SetAsync(domain, set => set.SetProperty(d => d.AtRiskAt, since));
        Assert.Equal(DomainStatus.Lapsed, (await JudgeAsync(domain, proven: false, scheduled: true)).Domain.Status);
    }

    private async Task<OrganizationDomain> TakeOverAsync(Organization organization, OrganizationDomain lapsed)
    {
        var claim = await ClaimAsync(organization, lapsed.Host.Value);
        Assert.Equal(DomainStatus.TransferPending, (await JudgeAsync(claim, proven: true, scheduled: false)).Domain.Status);
        var now = TimeProvider.System.GetUtcNow();
        await SetAsync(lapsed, set => set.SetProperty(d => d.TransferAt, now));
        return (await JudgeAsync(claim, proven: true, scheduled: true)).Domain;
    }

    [Fact]
    [Trait("Attack", "C6")]
    public async Task A_claim_that_is_not_proven_lets_nobody_in()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var app = await idp.CreateAppAsync(Ct);
        var (organization, host) = (await idp.CreateOrganizationAsync(Ct), idp.UniqueHost());
        await ClaimAsync(organization, host);
        var connection = await idp.ConnectAsync(organization, upstream, Ct);
        upstream.SignsIn("eve-1", $"eve@{host}");
        using var browser = new WebBrowser();

        var (page, _) = await SignInAsync(browser, app, ("connection", connection.Id.ToString()), ("login_hint", $"eve@{host}"));
        using var other = new WebBrowser();
        var (typed, _) = await SignInAsync(other, app, ("login_hint", $"eve@{host}"));

        Assert.False(app.IsCallback(page.Address), page.Address.ToString());
        Assert.Contains("verified", page.Text, StringComparison.Ordinal);
        Assert.Equal(new Uri(idp.Issuer).Authority, typed.Address.Authority); // no home realm: the browser was sent nowhere
        Assert.False(app.IsCallback(typed.Address));
    }

    [Fact]
    [Trait("Attack", "C6")]
    public async Task At_a_lapsed_domain_members_sign_in_as_before_and_nobody_new_gets_in()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var app = await idp.CreateAppAsync(Ct);
        var (organization, host) = (await idp.CreateOrganizationAsync(Ct), idp.UniqueHost());
        var domain = await ProveAsync(organization, host);
        await idp.ConnectAsync(organization, upstream, Ct);
        upstream.SignsIn("jane-1", $"jane@{host}");
        var first = await TokensAsync(app, host, "jane");

        await LapseAsync(domain);
        var again = await TokensAsync(app, host, "jane"); // routed by the address alone
        upstream.SignsIn("new-1", $"new@{host}");
        using var browser = new WebBrowser();
        var (refused, _) = await SignInAsync(browser, app, ("login_hint", $"new@{host}"));
        await JudgeAsync(domain, proven: true, scheduled: true);
        var restored = await TokensAsync(app, host, "new");

        Assert.Equal(first, again);
        Assert.False(app.IsCallback(refused.Address), refused.Address.ToString());
        Assert.Contains("verified", refused.Text, StringComparison.Ordinal);
        Assert.NotEqual(first, restored);
    }

    [Fact]
    [Trait("Attack", "A13")]
    public async Task Who_takes_a_domain_over_gets_new_people_and_none_of_the_old_ones()
    {
        await using var theirs = await TestUpstream.StartAsync(Ct);
        await using var ours = await TestUpstream.StartAsync(Ct);
        var app = await idp.CreateAppAsync(Ct);
        var (victim, heir, host) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct), idp.UniqueHost());
        var domain = await ProveAsync(victim, host);
        var connection = await idp.ConnectAsync(victim, theirs, Ct);
        theirs.SignsIn("jane-1", $"jane@{host}");
        var jane = await TokensAsync(app, host, "jane");
        var local = await idp.CreateUserAsync($"lou@{host}", Ct); // with a password, and nobody's word behind it
        await LapseAsync(domain);
        Assert.Equal(DomainStatus.Verified, (await TakeOverAsync(heir, domain)).Status);
        await idp.ConnectAsync(heir, ours, Ct);

        foreach (var (subject, name) in new[] { ("made-up-1", "jane"), ("made-up-2", "lou") })
        {
            ours.SignsIn(subject, $"{name}@{host}");
            using var browser = new WebBrowser();
            var (page, _) = await SignInAsync(browser, app, ("organization", heir.Id.ToString()), ("login_hint", $"{name}@{host}"));
            Assert.False(app.IsCallback(page.Address), page.Address.ToString());
            Assert.DoesNotContain(browser.Cookies.GetAllCookies(), c => c.Name == "tidp");
        }

        ours.SignsIn("new-1", $"new@{host}");
        var fresh = await TokensAsync(app, host, "new");
        Assert.NotEqual(jane, fresh);
        Assert.False(await idp.ReadAsync(db => db.UserIdentities.AnyAsync(i => i.UserId == local.Id, Ct)));
        var janes = Id<Core.Users.User>.Parse(jane, null);
        Assert.Equal(connection.Id, Assert.Single(await idp.ReadAsync(db => db.UserIdentities.Where(i => i.UserId == janes).Select(i => i.ConnectionId).ToListAsync(Ct))));

        // She is the first organization's still, by its own connection.
        using var hers = new WebBrowser();
        var (landed, pending) = await SignInAsync(hers, app, ("organization", victim.Id.ToString()), ("connection", connection.Id.ToString()));
        var kept = await app.RedeemAsync(RelyingParty.Answer(landed)["code"], pending.Verifier, Ct);
        Assert.Equal((jane, victim.Id.ToString()), ((string?)kept.Access["sub"], (string?)kept.Access["org_id"]));
    }

    [Fact]
    public async Task The_owners_are_told_in_their_language()
    {
        var (organization, host) = (await idp.CreateOrganizationAsync(Ct), idp.UniqueHost());
        var owner = await idp.CreateUserAsync($"{idp.Unique("owner")}@elsewhere.example", Ct);
        await idp.AddMemberAsync(organization, owner, Ct, Core.Roles.BuiltInRoles.Owner);
        await idp.AddMemberAsync(organization, await idp.CreateUserAsync($"{idp.Unique("member")}@elsewhere.example", Ct), Ct);
        var domain = await ProveAsync(organization, host);
        await LapseAsync(domain);
        await TakeOverAsync(await idp.CreateOrganizationAsync(Ct), domain);

        var mails = await idp.MailsToAsync(owner.PrimaryEmail!.Address, 3, Ct); // made with one

        Assert.Equal([$"{organization.DisplayName}: {host} has lapsed", $"{organization.DisplayName}: {host} will pass to another organization", $"{organization.DisplayName}: {host} has passed to another organization"], mails.Select(m => m.Subject).OrderBy(s => s.Contains("lapsed", StringComparison.Ordinal) ? 0 : s.Contains("will", StringComparison.Ordinal) ? 1 : 2));
    }

    private static async Task<string> TokensAsync(RelyingParty app, string host, string name)
    {
        using var browser = new WebBrowser();
        var (landed, pending) = await SignInAsync(browser, app, ("login_hint", $"{name}@{host}"));
        Assert.True(app.IsCallback(landed.Address), $"{landed.Address}: {landed.Text}");
        return (string)(await app.RedeemAsync(RelyingParty.Answer(landed)["code"], pending.Verifier, Ct)).Access["sub"]!; // it was issued
    }
}

[Collection(SqliteHost.Name)]
public sealed class DomainLapsesOnSqlite(SqliteIdp idp) : DomainLapseTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class DomainLapsesOnPostgreSql(PostgreSqlIdp idp) : DomainLapseTests(idp);
