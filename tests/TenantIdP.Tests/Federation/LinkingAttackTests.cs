using Microsoft.EntityFrameworkCore;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Federation;

/// <summary>An organization's IdP speaks for its own people only, whatever it copies or claims.</summary>
public abstract class LinkingAttackTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<(WebPage Page, RelyingParty.Pending Pending)> SignInAsync(WebBrowser browser, RelyingParty app, string organization, string email)
    {
        var pending = app.Authorize(("organization", organization), ("login_hint", email));
        return (await browser.GetAsync(pending.Address, Ct, app.IsCallback), pending);
    }

    [Fact]
    [Trait("Attack", "A4")]
    public async Task A_copied_issuer_and_subject_is_another_identity()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var app = await idp.CreateAppAsync(Ct);
        var (victim, attacker) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct));
        var (victims, attackers) = (await idp.VerifyDomainAsync(victim, Ct), await idp.VerifyDomainAsync(attacker, Ct));
        await idp.ConnectAsync(victim, upstream, Ct);
        await idp.ConnectAsync(attacker, upstream, Ct); // the same issuer, as an attacker would configure it
        upstream.SignsIn("ceo-1", $"ceo@{victims}");
        using var theirs = new WebBrowser();
        var (landed, pending) = await SignInAsync(theirs, app, victim.Id.ToString(), $"ceo@{victims}");
        var real = await app.RedeemAsync(RelyingParty.Answer(landed)["code"], pending.Verifier, Ct);

        using var ours = new WebBrowser();
        var (refused, _) = await SignInAsync(ours, app, attacker.Id.ToString(), $"x@{attackers}"); // asserts the victim's subject and address
        upstream.SignsIn("ceo-1", $"ceo@{attackers}");
        var (other, second) = await SignInAsync(ours, app, attacker.Id.ToString(), $"ceo@{attackers}");
        var copy = await app.RedeemAsync(RelyingParty.Answer(other)["code"], second.Verifier, Ct);

        Assert.True(real.IsOk, real.Body.ToString());
        Assert.False(app.IsCallback(refused.Address), refused.Address.ToString());
        Assert.Contains("verified", refused.Text, StringComparison.Ordinal);
        Assert.NotEqual((string?)real.Access["sub"], (string?)copy.Access["sub"]);
        Assert.Equal(attacker.Id.ToString(), (string?)copy.Access["org_id"]);
    }

    [Theory]
    [Trait("Attack", "A5")]
    [InlineData(true)]
    [InlineData(false)]
    [InlineData(null)]
    public async Task An_account_older_than_the_domains_proof_is_never_linked_silently(bool? emailVerified)
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var app = await idp.CreateAppAsync(Ct);
        var host = idp.UniqueHost();
        var owner = await idp.CreateUserAsync($"owner@{host}", Ct); // the former holder of the domain
        var organization = await idp.CreateOrganizationAsync(Ct);
        await idp.VerifyDomainAsync(organization, Ct, host);
        await idp.ConnectAsync(organization, upstream, Ct);
        upstream.SignsIn("new-holder", $"owner@{host}", emailVerified);
        using var browser = new WebBrowser();

        var (page, _) = await SignInAsync(browser, app, organization.Id.ToString(), $"owner@{host}");

        Assert.False(app.IsCallback(page.Address), page.Address.ToString());
        Assert.DoesNotContain(browser.Cookies.GetAllCookies(), c => c.Name == "tidp");
        Assert.False(await idp.ReadAsync(db => db.UserIdentities.AnyAsync(i => i.UserId == owner.Id, Ct)));
    }

    [Theory]
    [Trait("Attack", "A8")]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData(null)]
    public async Task A_subject_that_names_nobody_is_nobody(string? subject)
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var app = await idp.CreateAppAsync(Ct);
        var organization = await idp.CreateOrganizationAsync(Ct);
        var host = await idp.VerifyDomainAsync(organization, Ct);
        await idp.ConnectAsync(organization, upstream, Ct);
        upstream.SignsIn("x", $"jane@{host}");
        upstream.Twist = payload => payload["sub"] = subject;
        using var browser = new WebBrowser();

        var (page, _) = await SignInAsync(browser, app, organization.Id.ToString(), $"jane@{host}");

        Assert.False(app.IsCallback(page.Address), page.Address.ToString());
        Assert.InRange((int)page.Status, 400, 499);
        Assert.False(await idp.ReadAsync(db => db.UserEmails.AnyAsync(e => e.Normalized == $"jane@{host}", Ct)));
    }
}

[Collection(SqliteHost.Name)]
public sealed class LinkingAttacksOnSqlite(SqliteIdp idp) : LinkingAttackTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class LinkingAttacksOnPostgreSql(PostgreSqlIdp idp) : LinkingAttackTests(idp);
