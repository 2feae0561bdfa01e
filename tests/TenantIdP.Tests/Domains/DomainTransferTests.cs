using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Domains;

/// <summary>A domain has one holder at most, and passes to another only when the first has let it lapse and been told (FEATURES.md row 15, SECURITY.md C6).</summary>
[Trait("Attack", "C6")]
public abstract class DomainTransferTests(TestStore store)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly DomainScene scene = new(store);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<OrganizationDomain> RivalAsync(OrganizationDomain domain, VerificationMethod method = VerificationMethod.Dns)
    {
        var rival = await scene.ClaimAsync(domain.Host.Value, Ct);
        scene.Proofs.Publish(rival, method);
        return rival;
    }

    [Fact]
    public async Task What_is_held_is_nobody_elses_however_well_they_prove_it()
    {
        var domain = await scene.HoldAsync(DomainScene.NewHost(), Ct);
        var rival = await RivalAsync(domain);
        Assert.Equal(DomainErrors.Unavailable, (await scene.VerifyAsync(rival, Ct)).Error);
        Assert.Equal(DomainErrors.Unavailable, (await scene.VouchAsync(rival, Ct)).Error);
        scene.Proofs.Remove(domain);
        await scene.PassAsync(5 * Day, Ct);

        Assert.Equal(DomainStatus.AtRisk, await scene.StatusAsync(domain, Ct));
        Assert.Equal(DomainErrors.Unavailable, (await scene.VerifyAsync(rival, Ct)).Error);
        Assert.Equal(0, await scene.EventsAsync(domain, EventTypes.DomainTransferAnnounced, Ct));
    }

    [Fact]
    public async Task What_has_lapsed_passes_after_three_days_of_notice_to_whoever_proves_it()
    {
        var domain = await scene.LapseAsync(DomainScene.NewHost(), Ct);
        var rival = await RivalAsync(domain);
        var asked = scene.Clock.GetUtcNow();

        var announced = (await scene.VerifyAsync(rival, Ct)).Value!.Domain; // it counts
        Assert.Equal((DomainStatus.TransferPending, asked + 3 * Day), (announced.Status, announced.TransferAt));
        Assert.Equal(announced.TransferAt, (await scene.FindAsync(domain, Ct)).TransferAt);
        Assert.Equal(DomainErrors.Unavailable, (await scene.VerifyAsync(await RivalAsync(domain), Ct)).Error); // one waits already
        await scene.PassAsync(3 * Day - TimeSpan.FromMinutes(1), Ct);
        Assert.Equal(announced.TransferAt, (await scene.VerifyAsync(rival, Ct)).Value!.Domain.TransferAt); // asking again makes it no sooner
        Assert.Equal(1, await scene.ReadAsync(domain, db => db.HostHolders.Where(h => h.Host == domain.Host).ExecuteDeleteAsync(Ct))); // as if held since a version that noted nothing
        Assert.Equal((DomainStatus.Lapsed, DomainStatus.TransferPending), (await scene.StatusAsync(domain, Ct), await scene.StatusAsync(rival, Ct)));
        await scene.PassAsync(TimeSpan.FromMinutes(2), Ct);

        var (old, now) = (await scene.FindAsync(domain, Ct), await scene.FindAsync(rival, Ct));
        Assert.Equal((DomainStatus.Transferred, DomainStatus.Verified), (old.Status, now.Status));
        Assert.Equal(asked + 3 * Day, now.VerifiedAt);
        Assert.Equal(
            new[] { domain.OrganizationId, rival.OrganizationId }.Order(), (await scene.ReadAsync(domain, db => db.HostHolders.Where(h => h.Host == domain.Host).Select(h => h.HolderId).ToListAsync(Ct))).Order());
        foreach (var side in new[] { domain, rival }) Assert.Equal(1, await scene.EventsAsync(side, EventTypes.DomainTransferAnnounced, Ct));
        Assert.Equal(1, await scene.EventsAsync(domain, EventTypes.DomainTransferred, Ct));
        scene.Proofs.Publish(domain);
        Assert.Equal(DomainErrors.Unavailable, (await scene.VerifyAsync(domain, Ct)).Error);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_holder_who_proves_it_in_time_keeps_it(bool byClick)
    {
        var domain = await scene.LapseAsync(DomainScene.NewHost(), Ct);
        var rival = await RivalAsync(domain);
        Assert.True((await scene.VerifyAsync(rival, Ct)).IsOk);
        scene.Proofs.Publish(domain);

        if (byClick) Assert.True((await scene.VerifyAsync(domain, Ct)).IsOk);
        await scene.PassAsync(5 * Day, Ct);

        var (kept, other) = (await scene.FindAsync(domain, Ct), await scene.FindAsync(rival, Ct));
        Assert.Equal((DomainStatus.Verified, DomainStatus.Pending), (kept.Status, other.Status));
        Assert.Equal((null, null), (kept.TransferAt, other.TransferAt));
        foreach (var side in new[] { domain, rival }) Assert.Equal(1, await scene.EventsAsync(side, EventTypes.DomainTransferCancelled, Ct));
        Assert.Equal(DomainErrors.Unavailable, (await scene.VerifyAsync(rival, Ct)).Error);
    }

    [Fact]
    public async Task A_proof_that_is_gone_at_the_end_of_the_notice_gains_nothing()
    {
        var domain = await scene.LapseAsync(DomainScene.NewHost(), Ct);
        var rival = await RivalAsync(domain);
        Assert.True((await scene.VerifyAsync(rival, Ct)).IsOk);
        scene.Proofs.Remove(rival);

        await scene.PassAsync(4 * Day, Ct);

        Assert.Equal((DomainStatus.Lapsed, DomainStatus.Pending), (await scene.StatusAsync(domain, Ct), await scene.StatusAsync(rival, Ct)));
        Assert.Null((await scene.FindAsync(domain, Ct)).TransferAt);
    }

    [Fact]
    public async Task A_web_servers_word_does_not_take_what_the_DNS_proved()
    {
        var domain = await scene.LapseAsync(DomainScene.NewHost(), Ct);
        var rival = await RivalAsync(domain, VerificationMethod.File);
        Assert.Equal(DomainErrors.NeedsDnsProof, (await scene.VerifyAsync(rival, Ct, VerificationMethod.File)).Error);
        await scene.PassAsync(5 * Day, Ct);
        Assert.Equal(DomainStatus.Lapsed, await scene.StatusAsync(domain, Ct));

        var site = await scene.LapseAsync(DomainScene.NewHost(), Ct, VerificationMethod.MetaTag);
        var successor = await RivalAsync(site, VerificationMethod.File);
        Assert.True((await scene.VerifyAsync(successor, Ct, VerificationMethod.File)).IsOk);
        await scene.PassAsync(4 * Day, Ct);
        Assert.Equal(DomainStatus.Verified, await scene.StatusAsync(successor, Ct));
    }

    [Fact]
    public async Task An_operators_word_waits_for_the_end_of_the_notice_too()
    {
        var domain = await scene.LapseAsync(DomainScene.NewHost(), Ct);
        var rival = await scene.ClaimAsync(domain.Host.Value, Ct);

        Assert.Equal(DomainStatus.TransferPending, (await scene.VouchAsync(rival, Ct)).Value!.Status); // it counts
        await scene.PassAsync(4 * Day, Ct);

        var now = await scene.FindAsync(rival, Ct);
        Assert.Equal((DomainStatus.Verified, VerificationMethod.Operator, "Contract on file"), (now.Status, now.VerifiedBy, now.VerificationReason));
        Assert.Equal(DomainStatus.Transferred, await scene.StatusAsync(domain, Ct));
    }

    [Fact]
    public async Task Who_waits_and_gives_the_claim_up_withdraws_the_notice()
    {
        var domain = await scene.LapseAsync(DomainScene.NewHost(), Ct);
        var rival = await RivalAsync(domain);
        Assert.True((await scene.VerifyAsync(rival, Ct)).IsOk);
        Assert.True((await scene.ReleaseAsync(rival, Ct)).IsOk);

        await scene.PassAsync(2 * Day, Ct);

        var kept = await scene.FindAsync(domain, Ct);
        Assert.Equal((DomainStatus.Lapsed, null), (kept.Status, kept.TransferAt));
    }

    [Fact]
    public async Task An_operators_word_for_who_waits_already_is_kept_to_the_end()
    {
        var domain = await scene.LapseAsync(DomainScene.NewHost(), Ct);
        var rival = await RivalAsync(domain);
        Assert.True((await scene.VerifyAsync(rival, Ct)).IsOk);
        Assert.Equal(DomainStatus.TransferPending, (await scene.VouchAsync(rival, Ct)).Value!.Status); // it counts
        scene.Proofs.Remove(rival);

        await scene.PassAsync(4 * Day, Ct);

        var now = await scene.FindAsync(rival, Ct);
        Assert.Equal((DomainStatus.Verified, VerificationMethod.Operator, "Contract on file"), (now.Status, now.VerifiedBy, now.VerificationReason));
    }

    [Fact]
    public async Task What_its_holder_gives_up_goes_to_who_waits()
    {
        var domain = await scene.LapseAsync(DomainScene.NewHost(), Ct);
        var rival = await RivalAsync(domain);
        Assert.True((await scene.VerifyAsync(rival, Ct)).IsOk);
        Assert.True((await scene.ReleaseAsync(domain, Ct)).IsOk);

        Assert.True((await scene.VerifyAsync(rival, Ct)).IsOk);

        Assert.Equal(DomainStatus.Verified, await scene.StatusAsync(rival, Ct));
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task Of_ten_that_prove_a_free_host_at_once_one_holds_it()
    {
        var host = DomainScene.NewHost();
        var claims = new List<OrganizationDomain>();
        for (var i = 0; i < 10; i++)
        {
            claims.Add(await scene.ClaimAsync(host, Ct));
            scene.Proofs.Publish(claims[i]);
        }

        var results = await Task.WhenAll(claims.Select(c => scene.VerifyAsync(c, Ct)));

        Assert.Single(results, r => r.IsOk);
        Assert.All(results.Where(r => !r.IsOk), r => Assert.True(r.Error == DomainErrors.Unavailable || r.Error == Core.Kernel.VersionErrors.ChangedMeanwhile, r.Error!.Code));
        Assert.Single(await HoldersAsync(host));
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task Of_those_that_prove_a_lapsed_host_at_once_one_waits()
    {
        var domain = await scene.LapseAsync(DomainScene.NewHost(), Ct);
        var rivals = new List<OrganizationDomain>();
        for (var i = 0; i < 5; i++) rivals.Add(await RivalAsync(domain));

        var results = await Task.WhenAll(rivals.Select(c => scene.VerifyAsync(c, Ct)));

        Assert.Single(results, r => r.IsOk);
        await scene.PassAsync(4 * Day, Ct);
        Assert.Equal(results.Single(r => r.IsOk).Value!.Domain.Id, Assert.Single(await HoldersAsync(domain.Host.Value)).Id); // it is Ok
    }

    /// <summary>Whatever three organizations publish, remove, ask and give up, in whatever order, and however much time goes by.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_host_has_one_holder_at_most_whatever_happens(int seed)
    {
        var (random, host) = (new Random(seed), DomainScene.NewHost());
        var claims = new List<OrganizationDomain> { await scene.ClaimAsync(host, Ct), await scene.ClaimAsync(host, Ct), await scene.ClaimAsync(host, Ct) };
        OrganizationDomain? holder = null;
        for (var step = 0; step < 60; step++)
        {
            var domain = claims[random.Next(claims.Count)];
            var what = random.Next(10);
            switch (what)
            {
                case 0 or 1: scene.Proofs.Publish(domain); break;
                case 2 or 3: scene.Proofs.Remove(domain); break;
                case 4 or 5: await scene.VerifyAsync(domain, Ct); break;
                case 6: await scene.ReplaceChallengeAsync(domain, Ct); break;
                default: await scene.PassAsync(TimeSpan.FromHours(random.Next(1, 24 * 12)), Ct); break;
            }

            for (var i = 0; i < claims.Count; i++) claims[i] = await scene.FindAsync(claims[i], Ct);
            var holders = claims.Where(c => c.IsHeld).ToList();
            Assert.True(holders.Count <= 1, $"seed {seed}, step {step}");
            // Nobody loses it but by lapsing first: the one who holds it now held it before, or took it when it was free or lapsed.
            if (holder is { Status: DomainStatus.Verified } && what is not (7 or 8 or 9)) Assert.Equal(holder.Id, Assert.Single(holders).Id);
            Assert.All(claims.Where(c => c.TransferAt is not null), c => Assert.True(c.Status is DomainStatus.Lapsed or DomainStatus.TransferPending, $"seed {seed}, step {step}: {c.Status}"));
            Assert.True(claims.Count(c => c.Status == DomainStatus.TransferPending) <= 1);
            Assert.All(claims.Where(c => c.IsVerified), c => Assert.True(c.LapsedAt is null && c.TransferAt is null));
            holder = holders.SingleOrDefault();
        }
    }

    private Task<List<OrganizationDomain>> HoldersAsync(string host) => store.UseAsync(null, db =>
        db.Domains.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().Where(d => d.Host == Core.Kernel.HostName.Parse(host) && d.VerifiedAt != null).ToListAsync(Ct));
}

public sealed class DomainTransfersOnSqlite(SqliteStore store) : DomainTransferTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class DomainTransfersOnPostgreSql(PostgreSqlStore store) : DomainTransferTests(store), IClassFixture<PostgreSqlStore>;
