using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Domains;

/// <summary>Whole lives of domains, by a clock that the test moves (FEATURES.md rows 11 and 15).</summary>
public abstract class DomainLifeTests(TestStore store)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly DomainScene scene = new(store);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_claim_is_proven_by_itself_and_looked_for_daily_from_then_on()
    {
        var domain = await scene.ClaimAsync(DomainScene.NewHost(), Ct);
        scene.Proofs.Publish(domain);
        Assert.Equal(DomainStatus.Pending, await scene.StatusAsync(domain, Ct));

        await scene.PassAsync(TimeSpan.FromMinutes(2), Ct);
        var held = await scene.FindAsync(domain, Ct);
        var looks = await scene.PassAsync(10 * Day, Ct);

        Assert.Equal((DomainStatus.Verified, VerificationMethod.Dns), (held.Status, held.VerifiedBy));
        Assert.InRange(looks.Count, 9, 10);
        Assert.True(looks.Zip(looks.Skip(1)).All(pair => pair.Second - pair.First >= Day && pair.Second - pair.First <= TimeSpan.FromHours(26)));
        Assert.True(looks.Zip(looks.Skip(1)).Select(pair => pair.Second - pair.First).Distinct().Count() > 1); // not all at once for all the domains of a day
        Assert.Equal(held.Version, (await scene.FindAsync(domain, Ct)).Version); // looking changes nothing
        Assert.Equal(1, await scene.EventsAsync(domain, EventTypes.DomainVerified, Ct));
    }

    [Fact]
    public async Task Of_many_claims_at_once_no_more_are_made_than_an_organization_may_have()
    {
        var few = new DomainScene(store, new DomainOptions { MaxPerOrganization = 5 });
        var organization = await store.NewOrganizationAsync(Ct);

        var claims = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(
            () => few.UseAsync<DomainService, Result<OrganizationDomain>>(organization, s => s.ClaimAsync(organization, DomainScene.NewHost(), false, Ct)), Ct)));

        Assert.Equal(5, claims.Count(c => c.IsOk));
        Assert.All(claims.Where(c => !c.IsOk), c => Assert.Equal(DomainErrors.LimitReached, c.Error));
        Assert.Equal(5, await few.UseAsync<IdpDbContext, int>(organization, db => db.Domains.CountAsync(d => d.OrganizationId == organization, Ct)));
    }

    [Fact]
    public async Task A_claim_is_looked_for_with_longer_pauses_for_fourteen_days_and_a_click_begins_anew_with_the_same_token()
    {
        var domain = await scene.ClaimAsync(DomainScene.NewHost(), Ct);
        var started = scene.Clock.GetUtcNow();

        var looks = await scene.PassAsync(30 * Day, Ct);

        var pauses = new[] { started }.Concat(looks).Zip(looks, (before, after) => after - before).ToList();
        Assert.Equal([1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360], pauses.Take(12).Select(p => (int)Math.Round(p.TotalMinutes)));
        Assert.All(pauses, p => Assert.True(p <= TimeSpan.FromHours(6)));
        Assert.InRange(looks[^1] - started, 14 * Day, 14.3 * Day);
        Assert.Equal(DomainStatus.Failed, await scene.StatusAsync(domain, Ct));
        Assert.Equal(1, await scene.EventsAsync(domain, EventTypes.DomainFailed, Ct));

        Assert.False((await scene.VerifyAsync(domain, Ct)).Value!.Attempt!.Proven); // it looked
        Assert.Equal(DomainStatus.Pending, await scene.StatusAsync(domain, Ct));
        scene.Proofs.Publish(domain); // with the token of the first claim
        await scene.PassAsync(TimeSpan.FromMinutes(2), Ct);
        Assert.Equal(DomainStatus.Verified, await scene.StatusAsync(domain, Ct));
    }

    [Fact]
    public async Task A_proof_that_is_gone_for_three_days_puts_a_domain_at_risk_and_after_fourteen_more_it_lapses()
    {
        var domain = await scene.HoldAsync(DomainScene.NewHost(), Ct);
        var proven = scene.Clock.GetUtcNow();
        scene.Proofs.Remove(domain);

        await scene.PassAsync(TimeSpan.FromHours(71.9), Ct);
        var before = await scene.FindAsync(domain, Ct);
        await scene.PassAsync(TimeSpan.FromHours(30), Ct);
        var risky = await scene.FindAsync(domain, Ct);
        await scene.PassAsync(risky.AtRiskAt!.Value + 14 * Day - scene.Clock.GetUtcNow() - TimeSpan.FromMinutes(1), Ct); // it is at risk
        var still = await scene.FindAsync(domain, Ct);
        await scene.PassAsync(TimeSpan.FromHours(27), Ct);
        var lapsed = await scene.FindAsync(domain, Ct);

        Assert.Equal(DomainStatus.Verified, before.Status);
        Assert.Equal((DomainStatus.AtRisk, true), (risky.Status, risky.IsVerified));
        Assert.InRange(risky.AtRiskAt.Value - proven, TimeSpan.FromHours(72), TimeSpan.FromHours(104));
        Assert.Equal(DomainStatus.AtRisk, still.Status);
        Assert.Equal((DomainStatus.Lapsed, false, true), (lapsed.Status, lapsed.IsVerified, lapsed.IsHeld));
        Assert.Equal(1, await scene.EventsAsync(domain, EventTypes.DomainAtRisk, Ct));
        Assert.Equal(1, await scene.EventsAsync(domain, EventTypes.DomainLapsed, Ct));
    }

    [Fact]
    public async Task A_proof_that_comes_back_in_time_changes_nothing_and_one_that_comes_late_begins_anew()
    {
        var host = DomainScene.NewHost();
        var domain = await scene.HoldAsync(host, Ct);
        scene.Proofs.Remove(domain);
        await scene.PassAsync(6 * Day, Ct);
        Assert.Equal(DomainStatus.AtRisk, await scene.StatusAsync(domain, Ct));
        scene.Proofs.Publish(domain);
        await scene.PassAsync(2 * Day, Ct);
        var recovered = await scene.FindAsync(domain, Ct);
        scene.Proofs.Remove(domain);
        await scene.PassAsync(20 * Day, Ct);
        Assert.Equal(DomainStatus.Lapsed, await scene.StatusAsync(domain, Ct));
        scene.Proofs.Publish(domain);
        await scene.PassAsync(2 * Day, Ct);
        var restored = await scene.FindAsync(domain, Ct);

        Assert.Equal((DomainStatus.Verified, domain.VerifiedAt), (recovered.Status, recovered.VerifiedAt));
        Assert.Equal(DomainStatus.Verified, restored.Status);
        Assert.True(restored.VerifiedAt > recovered.VerifiedAt); // whoever made accounts meanwhile is not linked silently
        Assert.Equal(2, await scene.EventsAsync(domain, EventTypes.DomainRestored, Ct));
    }

    [Fact]
    public async Task A_way_to_the_DNS_that_is_cut_on_our_side_is_nobodys_miss()
    {
        var (domain, claim) = (await scene.HoldAsync(DomainScene.NewHost(), Ct), await scene.ClaimAsync(DomainScene.NewHost(), Ct));
        scene.Proofs.IsReachable = false;

        await scene.PassAsync(30 * Day, Ct);

        Assert.Equal((DomainStatus.Verified, DomainStatus.Pending), (await scene.StatusAsync(domain, Ct), await scene.StatusAsync(claim, Ct)));
    }

    [Fact]
    public async Task An_operators_word_is_not_looked_for()
    {
        var domain = await scene.ClaimAsync(DomainScene.NewHost(), Ct);
        Assert.True((await scene.VouchAsync(domain, Ct)).IsOk);
        var looks = scene.Proofs.Looks;

        await scene.PassAsync(60 * Day, Ct);

        Assert.Equal((DomainStatus.Verified, looks), (await scene.StatusAsync(domain, Ct), scene.Proofs.Looks));
        Assert.Equal(DomainErrors.AlreadyVerified, (await scene.VouchAsync(domain, Ct)).Error);
    }

    [Fact]
    public async Task An_operator_rescues_what_has_lapsed()
    {
        var domain = await scene.LapseAsync(DomainScene.NewHost(), Ct);
        Assert.Equal(DomainStatus.Lapsed, domain.Status);

        Assert.True((await scene.VouchAsync(domain, Ct)).IsOk);

        var held = await scene.FindAsync(domain, Ct);
        Assert.Equal((DomainStatus.Verified, VerificationMethod.Operator, "Contract on file"), (held.Status, held.VerifiedBy, held.VerificationReason));
    }

    [Fact]
    public async Task A_stronger_proof_replaces_a_weaker_one_and_never_the_other_way()
    {
        var domain = await scene.HoldAsync(DomainScene.NewHost(), Ct, VerificationMethod.MetaTag);
        scene.Clock.Advance(Day);
        scene.Proofs.Publish(domain);
        Assert.True((await scene.VerifyAsync(domain, Ct)).IsOk);
        var upgraded = await scene.FindAsync(domain, Ct);

        Assert.Equal(VerificationMethod.Dns, upgraded.VerifiedBy);
        Assert.True(upgraded.VerifiedAt > domain.VerifiedAt); // accounts that are older than this proof are not linked by it
        scene.Proofs.Remove(domain);
        scene.Proofs.Publish(domain, VerificationMethod.MetaTag); // the site is theirs still, the name's DNS is not
        Assert.True((await scene.VerifyAsync(domain, Ct, VerificationMethod.MetaTag)).IsOk);
        await scene.PassAsync(5 * Day, Ct);
        Assert.Equal(DomainStatus.AtRisk, await scene.StatusAsync(domain, Ct));
        Assert.Equal(DomainErrors.NeedsDnsProof, (await scene.VerifyAsync(domain, Ct, VerificationMethod.MetaTag)).Error);
        await scene.PassAsync(20 * Day, Ct);
        Assert.Equal(DomainErrors.NeedsDnsProof, (await scene.VerifyAsync(domain, Ct, VerificationMethod.MetaTag)).Error);
        Assert.Equal((DomainStatus.Lapsed, VerificationMethod.Dns), ((await scene.FindAsync(domain, Ct)).Status, (await scene.FindAsync(domain, Ct)).VerifiedBy));
    }

    [Fact]
    public async Task A_method_that_the_instance_no_longer_accepts_proves_no_more()
    {
        var domain = await scene.HoldAsync(DomainScene.NewHost(), Ct, VerificationMethod.File);
        var strict = new DomainScene(store, new DomainOptions { AuthorityMethods = [VerificationMethod.Dns] }, scene);

        Assert.Equal(DomainErrors.MethodOff, (await strict.VerifyAsync(domain, Ct, VerificationMethod.File)).Error);
        await strict.PassAsync(20 * Day, Ct);

        Assert.Equal(DomainStatus.Lapsed, await scene.StatusAsync(domain, Ct));
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task A_token_that_is_replaced_while_it_is_looked_for_proves_nothing()
    {
        var domain = await scene.ClaimAsync(DomainScene.NewHost(), Ct);
        scene.Proofs.Publish(domain);
        scene.Proofs.Meanwhile = async () =>
        {
            scene.Proofs.Meanwhile = null;
            Assert.True((await scene.ReplaceChallengeAsync(domain, Ct)).IsOk);
        };

        Assert.Equal(DomainErrors.ChallengeChanged, (await scene.VerifyAsync(domain, Ct)).Error);

        Assert.Equal(DomainStatus.Pending, await scene.StatusAsync(domain, Ct));
        Assert.False((await scene.VerifyAsync(domain, Ct)).Value!.Attempt!.Proven); // the old one is worth nothing
        Assert.Equal(1, await scene.EventsAsync(domain, EventTypes.DomainChallengeReplaced, Ct));
    }

    [Fact]
    public async Task The_token_of_a_held_domain_is_not_replaced()
    {
        var domain = await scene.HoldAsync(DomainScene.NewHost(), Ct);

        Assert.Equal(DomainErrors.ChallengeInUse, (await scene.ReplaceChallengeAsync(domain, Ct)).Error);
    }

    [Fact]
    public async Task The_last_five_looks_of_each_method_are_kept_and_too_many_are_refused()
    {
        var domain = await scene.ClaimAsync(DomainScene.NewHost(), Ct);
        for (var i = 0; i < 20; i++)
        {
            scene.Clock.Advance(TimeSpan.FromSeconds(1));
            Assert.True((await scene.VerifyAsync(domain, Ct, i % 2 == 0 ? VerificationMethod.Dns : VerificationMethod.File)).IsOk);
        }

        Assert.Equal(DomainErrors.TooManyChecks, (await scene.VerifyAsync(domain, Ct)).Error);
        var kept = await scene.ReadAsync(domain, db => db.DomainProofAttempts.AsNoTracking().Where(a => a.DomainId == domain.Id).OrderBy(a => a.Id).ToListAsync(Ct));
        Assert.Equal([5, 5], kept.GroupBy(a => a.Method).Select(g => g.Count()));
        Assert.Equal(scene.Clock.GetUtcNow(), kept.Max(a => a.At));
        scene.Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.True((await scene.VerifyAsync(domain, Ct)).IsOk);
    }
}

public sealed class DomainLifeOnSqlite(SqliteStore store) : DomainLifeTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class DomainLifeOnPostgreSql(PostgreSqlStore store) : DomainLifeTests(store), IClassFixture<PostgreSqlStore>;
