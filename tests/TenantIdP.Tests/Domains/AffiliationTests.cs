using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Hosting;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Domains;

/// <summary>Somebody of an organization shows by a mailed code that they read a mailbox at a claimed host (FEATURES.md row 14).</summary>
public abstract class AffiliationTests(IdpHost idp)
{
    private readonly AffiliationScene scene = new(idp);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_mailed_code_makes_an_affiliation_and_no_proof()
    {
        var claim = await scene.ClaimAsync();
        var mailbox = $"IT.desk@{claim.Host}";

        var sent = await AffiliationScene.OkAsync(await scene.RequestAsync(claim, mailbox, "de-CH"), HttpStatusCode.Accepted);
        var mail = (await idp.MailsToAsync(mailbox, 1, Ct))[0];
        var typed = AffiliationScene.CodeIn(mail.Text).Replace('-', ' ').ToLowerInvariant();
        var affiliated = await AffiliationScene.OkAsync(await scene.ConfirmAsync(claim, $" {typed} "));

        Assert.InRange(sent.GetProperty("expiresAt").GetDateTimeOffset() - TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(13), TimeSpan.FromMinutes(15));
        Assert.Contains(claim.Organization.DisplayName, mail.Subject, StringComparison.Ordinal);
        Assert.DoesNotContain(AffiliationScene.CodeIn(mail.Text), mail.Subject, StringComparison.Ordinal);
        Assert.Contains("Jemand von", mail.Text, StringComparison.Ordinal);
        Assert.Equal(("pending", false, "email"), (affiliated.GetProperty("status").GetString(), affiliated.GetProperty("verified").GetBoolean(), affiliated.GetProperty("affiliatedBy").GetString()));
        Assert.Equal(TimeSpan.FromDays(365), affiliated.GetProperty("affiliatedUntil").GetDateTimeOffset() - affiliated.GetProperty("affiliatedAt").GetDateTimeOffset());
        Assert.Single(await scene.EventsAsync(claim, EventTypes.DomainAffiliationRequested));
        Assert.Single(await scene.EventsAsync(claim, EventTypes.DomainAffiliated));
    }

    [Fact]
    [Trait("Attack", "B7")]
    public async Task A_code_is_kept_where_nobody_can_read_it_and_counts_once()
    {
        var claim = await scene.ClaimAsync();
        var code = await scene.MailedAsync(claim);
        var plain = code.Replace("-", "", StringComparison.Ordinal);
        var kept = await idp.ReadAsync(async db =>
        {
            var organization = claim.Organization.Id;
            return string.Join('\n', (await db.DomainAffiliationCodes.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(c => c.OrganizationId == organization).Select(c => c.CodeHash).ToListAsync(Ct))
                .Concat(await db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(e => e.OrganizationId == organization).Select(e => e.Data).ToListAsync(Ct))
                .Concat(await db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(m => m.OrganizationId == organization).Select(m => m.Payload).ToListAsync(Ct)));
        });

        Assert.NotEmpty(kept);
        foreach (var readable in new[] { code, plain, Fingerprint.Of(plain), MachineSecret.Hash(plain) }) Assert.DoesNotContain(readable, kept, StringComparison.OrdinalIgnoreCase);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => scene.ConfirmAsync(claim, code)));
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.OK);
        Assert.All(answers, a => Assert.Contains(a.StatusCode, new[] { HttpStatusCode.OK, HttpStatusCode.Conflict }));
        Assert.Single(await scene.EventsAsync(claim, EventTypes.DomainAffiliated));
        await AssertProblem.IsAsync(await scene.ConfirmAsync(claim, code), HttpStatusCode.Conflict, "affiliation_code_missing", Ct);
    }

    [Fact]
    [Trait("Attack", "B6")]
    public async Task A_code_has_five_tries_however_many_come_at_once_and_then_the_right_one_is_too_late()
    {
        var claim = await scene.ClaimAsync();
        var code = await scene.MailedAsync(claim);
        var wrong = code[..^1] + (code[^1] == 'B' ? 'C' : 'B');

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => scene.ConfirmAsync(claim, wrong)));

        Assert.Equal((5, 7), (answers.Count(a => a.StatusCode == HttpStatusCode.BadRequest), answers.Count(a => a.StatusCode == HttpStatusCode.TooManyRequests)));
        await AssertProblem.IsAsync(answers.First(a => a.StatusCode == HttpStatusCode.BadRequest), HttpStatusCode.BadRequest, "affiliation_code_wrong", Ct);
        await AssertProblem.IsAsync(await scene.ConfirmAsync(claim, code), HttpStatusCode.TooManyRequests, "affiliation_tries_exhausted", Ct);
        Assert.Equal(5, (await scene.EventsAsync(claim, EventTypes.DomainAffiliationRefused)).Count);
        Assert.Null((await scene.FindAsync(claim)).AffiliatedAt);

        // A new code has tries of its own.
        await AffiliationScene.OkAsync(await scene.ConfirmAsync(claim, await scene.MailedAsync(claim)));
    }

    [Fact]
    public async Task Neither_an_older_code_nor_one_that_is_over_nor_another_claims_counts()
    {
        var (claim, other) = (await scene.ClaimAsync(), await scene.ClaimAsync());
        await AssertProblem.IsAsync(await scene.ConfirmAsync(claim, "BCDF-GHJK"), HttpStatusCode.Conflict, "affiliation_code_missing", Ct);
        var (first, second, foreign) = (await scene.MailedAsync(claim), await scene.MailedAsync(claim), await scene.MailedAsync(other));

        await AssertProblem.IsAsync(await scene.ConfirmAsync(claim, first), HttpStatusCode.BadRequest, "affiliation_code_wrong", Ct);
        await AssertProblem.IsAsync(await scene.ConfirmAsync(claim, foreign), HttpStatusCode.BadRequest, "affiliation_code_wrong", Ct);
        await AssertProblem.IsAsync(await scene.ConfirmAsync(claim, "not a code"), HttpStatusCode.BadRequest, "affiliation_code_wrong", Ct);
        await scene.AgeAsync(claim, DomainAffiliationCode.Life);
        await AssertProblem.IsAsync(await scene.ConfirmAsync(claim, second), HttpStatusCode.Conflict, "affiliation_code_missing", Ct);
    }

    [Fact]
    [Trait("Attack", "C6")]
    public async Task Only_a_mailbox_of_the_very_host_gets_a_code()
    {
        var claim = await scene.ClaimAsync();

        foreach (var elsewhere in new[] { $"it@mail.{claim.Host}", "it@example", $"it@{idp.UniqueHost()}", $"it@x{claim.Host}" })
        {
            var refused = await scene.RequestAsync(claim, elsewhere);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Contains(await CodeOfAsync(refused), new[] { "affiliation_mailbox_elsewhere", "email_invalid" });
        }

        foreach (var trick in new[] { $"it@evil.test@{claim.Host}", $"\"it@{claim.Host}\"@evil.test", $"it%evil.test@{claim.Host}", $"it@{claim.Host}\r\nBcc: all@evil.test", $"it@{claim.Host}." })
            await AssertProblem.IsAsync(await scene.RequestAsync(claim, trick), HttpStatusCode.BadRequest, "email_invalid", Ct);
        Assert.Empty(await scene.EventsAsync(claim, EventTypes.DomainAffiliationRequested));
    }

    [Theory]
    [Trait("Attack", "C6")]
    [InlineData("gmail.com", "domain_consumer")]
    [InlineData("mailinator.com", "domain_disposable")]
    [InlineData("co.uk", "domain_public_suffix")]
    public async Task A_host_that_nobody_may_claim_is_not_affiliated_either(string host, string code)
    {
        var claim = await scene.ClaimAsync();
        var listedSince = OrganizationDomain.Claim(claim.Organization.Id, HostName.Parse(host), false, TimeProvider.System.GetUtcNow());
        await idp.ReadAsync(async db =>
        {
            db.EnterOrganization(claim.Organization.Id);
            db.Domains.Add(listedSince);
            return await db.SaveChangesAsync(Ct);
        });

        await AssertProblem.IsAsync(await scene.RequestAsync(claim with { Domain = listedSince }, $"it@{host}"), HttpStatusCode.BadRequest, code, Ct);
    }

    [Fact]
    public async Task It_is_no_mail_bomb_for_a_mailbox_or_a_host_whoever_asks()
    {
        var host = idp.UniqueHost();
        var (claim, rival) = (await scene.ClaimAsync(host), await scene.ClaimAsync(host));
        foreach (var sender in new[] { claim, rival, claim }) await AffiliationScene.OkAsync(await scene.RequestAsync(sender, $"victim@{host}"), HttpStatusCode.Accepted);
        await AssertProblem.IsAsync(await scene.RequestAsync(rival, $"VICTIM@{host}"), HttpStatusCode.TooManyRequests, "affiliation_codes_exhausted", Ct);

        for (var i = 3; i < AffiliationCodes.OfHost; i++) await AffiliationScene.OkAsync(await scene.RequestAsync(i % 2 == 0 ? claim : rival, $"p{i}@{host}"), HttpStatusCode.Accepted);
        await AssertProblem.IsAsync(await scene.RequestAsync(await scene.ClaimAsync(host), $"last@{host}"), HttpStatusCode.TooManyRequests, "affiliation_codes_exhausted", Ct);

        // A refused request takes nothing from what the organization has left elsewhere, and sends nothing.
        Assert.Equal(AffiliationCodes.OfHost, (await scene.EventsAsync(claim, EventTypes.DomainAffiliationRequested)).Count + (await scene.EventsAsync(rival, EventTypes.DomainAffiliationRequested)).Count);
        Assert.Equal(3, (await idp.MailsToAsync($"victim@{host}", 3, Ct)).Count);
    }

    [Fact]
    public async Task An_organization_has_a_cap_over_all_hosts_that_it_names()
    {
        var claim = await scene.ClaimAsync();
        for (var i = 0; i < AffiliationCodes.OfOrganization; i++)
        {
            var domain = i % 10 == 0 ? await idp.UseAsync<DomainService, OrganizationDomain>(s => s.ClaimAsync(claim.Organization.Id, idp.UniqueHost(), false, Ct), claim.Organization.Id) : claim.Domain;
            claim = claim with { Domain = domain, Host = domain.Host.Value };
            await AffiliationScene.OkAsync(await scene.RequestAsync(claim, $"p{i}@{claim.Host}"), HttpStatusCode.Accepted);
        }

        await AssertProblem.IsAsync(await scene.RequestAsync(claim, $"last@{claim.Host}"), HttpStatusCode.TooManyRequests, "affiliation_codes_exhausted", Ct);
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Only_who_may_write_the_organizations_domains_asks_and_enters()
    {
        var claim = await scene.ClaimAsync();
        var code = await scene.MailedAsync(claim);
        var reader = claim with { Token = await scene.TokenAsync(claim.Organization, BuiltInRoles.Member) };
        var stranger = claim with { Token = (await scene.ClaimAsync()).Token };

        await AssertProblem.IsAsync(await scene.RequestAsync(reader, $"it@{claim.Host}"), HttpStatusCode.Forbidden, "permission_missing", Ct);
        await AssertProblem.IsAsync(await scene.ConfirmAsync(reader, code), HttpStatusCode.Forbidden, "permission_missing", Ct);
        await AssertProblem.IsAsync(await scene.RequestAsync(stranger, $"it@{claim.Host}"), HttpStatusCode.NotFound, "organization_not_found", Ct);
        await AssertProblem.IsAsync(await scene.ConfirmAsync(stranger, code), HttpStatusCode.NotFound, "organization_not_found", Ct);
    }

    [Fact]
    [Trait("Attack", "B1")]
    public async Task Whether_somebody_else_holds_the_host_is_told_only_to_who_reads_a_mailbox_there()
    {
        var (free, held) = (await scene.ClaimAsync(), await scene.ClaimAsync());
        await idp.VerifyDomainAsync(await idp.CreateOrganizationAsync(Ct), Ct, held.Host);

        var (one, two) = (await scene.RequestAsync(free, $"it@{free.Host}"), await scene.RequestAsync(held, $"it@{held.Host}"));
        Assert.Equal(await ShapeAsync(one), await ShapeAsync(two));
        await AssertProblem.IsAsync(await scene.ConfirmAsync(held, "BCDF-GHJK"), HttpStatusCode.BadRequest, "affiliation_code_wrong", Ct);
        var code = AffiliationScene.CodeIn((await idp.MailsToAsync($"it@{held.Host}", 1, Ct))[0].Text);
        await AssertProblem.IsAsync(await scene.ConfirmAsync(held, code), HttpStatusCode.Conflict, "domain_unavailable", Ct);
        Assert.Null((await scene.FindAsync(held)).AffiliatedAt);
    }

    [Fact]
    public async Task What_the_organization_holds_itself_needs_no_affiliation_and_a_proof_takes_its_place()
    {
        var claim = await scene.AffiliatedAsync();
        var waiting = await scene.MailedAsync(claim);

        await idp.UseAsync<DomainService, OrganizationDomain>(s => s.VerifyByOperatorAsync(claim.Organization.Id, claim.Domain.Id, "test", Ct), claim.Organization.Id);

        Assert.Equal((DomainStatus.Verified, null), ((await scene.FindAsync(claim)).Status, (await scene.FindAsync(claim)).AffiliatedAt));
        await AssertProblem.IsAsync(await scene.RequestAsync(claim, $"it@{claim.Host}"), HttpStatusCode.Conflict, "domain_held", Ct);
        await AssertProblem.IsAsync(await scene.ConfirmAsync(claim, waiting), HttpStatusCode.Conflict, "domain_held", Ct);
    }

    private static async Task<string?> CodeOfAsync(HttpResponseMessage answer) => System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("code").GetString();

    private static async Task<string> ShapeAsync(HttpResponseMessage answer) =>
        $"{answer.StatusCode} {string.Join(',', (await AffiliationScene.OkAsync(answer, HttpStatusCode.Accepted)).EnumerateObject().Select(p => p.Name))} {string.Join(',', answer.Headers.Concat(answer.Content.Headers).Select(h => h.Key).Order(StringComparer.Ordinal))}";
}

[Collection(SqliteHost.Name)]
public sealed class AffiliationsOnSqlite(SqliteIdp idp) : AffiliationTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class AffiliationsOnPostgreSql(PostgreSqlIdp idp) : AffiliationTests(idp);
