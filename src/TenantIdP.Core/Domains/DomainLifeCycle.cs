using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Domains;

/// <summary>What became of a look: the attempt that was kept, and why it did not count although the proof was there.</summary>
/// <param name="Refusal">Null when nothing stood in the way.</param>
public sealed record DomainVerdict(OrganizationDomain Domain, DomainProofAttempt? Attempt, Error? Refusal);

/// <summary>
/// The life of a domain (FEATURES.md row 15), one step in one transaction, under <see cref="HostLocks"/>. Writes the rows of other organizations, too, each in its own scope: of
/// the holder of the host, and of whoever waits to take it over.
/// </summary>
public sealed class DomainLifeCycle(IdpDbContext db, HostLocks locks, EventLog events, DomainNotices notices, TimeProvider clock)
{
    /// <summary>Judges what was seen against the claim as it is now.</summary>
    /// <param name="challenge">The token that was looked for: another one now means that nothing was proven.</param>
    /// <param name="scheduled">Only a look by schedule counts against the claim when it sees nothing.</param>
    public Task<Result<DomainVerdict>> JudgeAsync(Id<Organization> organization, Id<OrganizationDomain> id, string challenge, DomainEvidence evidence, bool scheduled, CancellationToken ct) =>
        locks.InLocksAsync(organization, id, async (domain, rivals) =>
        {
            if (domain.Challenge != challenge) return DomainErrors.ChallengeChanged;
            var now = clock.GetUtcNow();
            var watch = await WatchAsync(domain, evidence.Method, ct);
            Error? refusal = null;
            if (evidence.Proven) refusal = await ProvenAsync(domain, watch, rivals, evidence.Method, null, now, ct);
            else if (scheduled) await MissedAsync(domain, watch, rivals, evidence, now, ct);
            if (refusal is not null && scheduled) await MissedAsync(domain, watch, rivals, evidence, now, ct);
            if (!scheduled) Asked(domain, watch, evidence, now);

            var attempt = DomainProofAttempt.Of(domain, evidence, scheduled, now);
            db.DomainProofAttempts.Add(attempt);
            var earlier = await db.DomainProofAttempts.Where(a => a.OrganizationId == organization && a.DomainId == id && a.Method == evidence.Method)
                .OrderByDescending(a => a.Id).Skip(DomainProofAttempt.Kept - 1).ToListAsync(ct);
            db.DomainProofAttempts.RemoveRange(earlier);
            return new DomainVerdict(domain, attempt, refusal);
        }, ct);

    /// <summary>An operator's word counts like a proof by DNS, and is not looked for again.</summary>
    /// <param name="reason">A checked name.</param>
    public Task<Result<DomainVerdict>> VouchAsync(Id<Organization> organization, Id<OrganizationDomain> id, string reason, CancellationToken ct) =>
        locks.InLocksAsync(organization, id, async (domain, rivals) =>
        {
            if (domain is { Status: DomainStatus.Verified, VerifiedBy: { } held } && held.ProvesMail()) return DomainErrors.AlreadyVerified;
            var watch = await WatchAsync(domain, VerificationMethod.Operator, ct);
            var refusal = await ProvenAsync(domain, watch, rivals, VerificationMethod.Operator, reason, clock.GetUtcNow(), ct);
            return refusal is null ? new DomainVerdict(domain, null, null) : refusal;
        }, ct);

    /// <summary>Takes the domain over at the end of the notice, on an operator's word, for which there is nothing to look at.</summary>
    internal Task<Result<DomainVerdict>> TakeOverAsync(Id<Organization> organization, Id<OrganizationDomain> id, CancellationToken ct) =>
        locks.InLocksAsync(organization, id, async (domain, rivals) =>
        {
            var now = clock.GetUtcNow();
            var watch = await WatchAsync(domain, VerificationMethod.Operator, ct);
            if (watch.Method != VerificationMethod.Operator) return DomainErrors.NotFound;
            var isDue = domain.TransferAt <= now;
            var refusal = isDue ? await ProvenAsync(domain, watch, rivals, VerificationMethod.Operator, domain.VerificationReason, now, ct) : null;
            if (!domain.IsHeld && (refusal is not null || domain.TransferAt is null))
            {
                await CancelAsync(domain, rivals, now, ct);
                watch.Stop(); // nothing to look for: the operator may say it again
            }

            return new DomainVerdict(domain, null, refusal);
        }, ct);

    /// <summary>Gives a claim another token and its fourteen days anew; the caller holds the lock and saves.</summary>
    internal async Task<Result> RearmAsync(OrganizationDomain domain, VerificationMethod method, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var replaced = domain.ReplaceChallenge(now);
        if (!replaced.IsOk) return replaced;
        domain.Rearm(now);
        (await WatchAsync(domain, method, ct)).Arm(method, now);
        return Result.Ok;
    }

    private async Task<DomainWatch> WatchAsync(OrganizationDomain domain, VerificationMethod method, CancellationToken ct)
    {
        if (await db.DomainWatches.SingleOrDefaultAsync(w => w.OrganizationId == domain.OrganizationId && w.DomainId == domain.Id, ct) is { } known) return known;
        var watch = DomainWatch.Over(domain, method, clock.GetUtcNow());
        db.DomainWatches.Add(watch);
        return watch;
    }

    /// <summary>The rows of the others are saved first, in their scope; ours are left to the caller.</summary>
    private async Task<Error?> ProvenAsync(OrganizationDomain domain, DomainWatch watch, IReadOnlyList<OrganizationDomain> rivals, VerificationMethod method, string? reason, DateTimeOffset now, CancellationToken ct)
    {
        if (domain.IsHeld) return await ProvenAgainAsync(domain, watch, rivals, method, reason, now, ct);
        if (rivals.SingleOrDefault(r => r.IsHeld) is not { } holder)
        {
            await HoldAsync(domain, watch, method, reason, now, EventTypes.DomainVerified, ct);
            return null;
        }

        if (holder.Status != DomainStatus.Lapsed)
        {
            if (domain.TransferAt is not null) await CancelAsync(domain, rivals, now, ct);
            return DomainErrors.Unavailable;
        }

        if (!holder.IsMatchedBy(method)) return DomainErrors.NeedsDnsProof;
        if (domain.TransferAt is null) return await AnnounceAsync(domain, watch, holder, rivals, method, reason, now, ct);
        if (domain.TransferAt > now)
        {
            if (reason is not null) domain.AwaitTransfer(domain.TransferAt.Value, reason, now);
            watch.AwaitTransfer(method, now, domain.TransferAt.Value);
            return null;
        }

        // Its members, their identities and sessions stay as they are: what passes is the domain.
        await InScopeAsync(holder, async () =>
        {
            holder.HandOver(now);
            await db.RememberHolderAsync(holder.OrganizationId, [holder.Host], ct);
            if (await db.DomainWatches.SingleOrDefaultAsync(w => w.OrganizationId == holder.OrganizationId && w.DomainId == holder.Id, ct) is { } theirs) theirs.Stop();
            events.Record(EventTypes.DomainTransferred, holder.OrganizationId, holder.Id.ToString(), new { host = holder.Host.Value });
            await notices.TransferredAsync(holder, ct);
        }, domain, ct);
        await HoldAsync(domain, watch, method, reason, now, EventTypes.DomainVerified, ct);
        return null;
    }

    private async Task<Error?> ProvenAgainAsync(OrganizationDomain domain, DomainWatch watch, IReadOnlyList<OrganizationDomain> rivals, VerificationMethod method, string? reason, DateTimeOffset now, CancellationToken ct)
    {
        var held = domain.VerifiedBy ?? method; // a held one has a method
        // A web server's word neither renews nor rescues what the DNS proved: whoever holds the name's DNS now decides.
        if (!domain.IsMatchedBy(method)) return domain.Status == DomainStatus.Verified ? null : DomainErrors.NeedsDnsProof;
        if (held == VerificationMethod.Operator) return null;
        if (domain.Status == DomainStatus.Lapsed)
        {
            await CancelAsync(domain, rivals, now, ct);
            await HoldAsync(domain, watch, method, reason, now, EventTypes.DomainRestored, ct);
        }
        else if (method.ProvesMail() && !held.ProvesMail())
        {
            await HoldAsync(domain, watch, method, reason, now, EventTypes.DomainVerified, ct);
        }
        else
        {
            if (domain.Status == DomainStatus.AtRisk)
            {
                domain.Recover(now);
                events.Record(EventTypes.DomainRestored, domain.OrganizationId, domain.Id.ToString(), new { host = domain.Host.Value, method });
            }

            if (method == VerificationMethod.Operator) await HoldAsync(domain, watch, method, reason, now, EventTypes.DomainVerified, ct);
            else watch.Proved(held, now);
        }

        return null;
    }

    private async Task HoldAsync(OrganizationDomain domain, DomainWatch watch, VerificationMethod method, string? reason, DateTimeOffset now, string type, CancellationToken ct)
    {
        await db.RememberHolderAsync(domain.OrganizationId, [domain.Host], ct);
        domain.Verify(method, reason, now);
        watch.Proved(method, now);
        events.Record(type, domain.OrganizationId, domain.Id.ToString(), new { host = domain.Host.Value, method, reason });
    }

    private async Task<Error?> AnnounceAsync(
        OrganizationDomain domain, DomainWatch watch, OrganizationDomain holder, IReadOnlyList<OrganizationDomain> rivals, VerificationMethod method, string? reason, DateTimeOffset now, CancellationToken ct)
    {
        if (rivals.Any(r => !r.IsHeld)) return DomainErrors.Unavailable; // somebody else waits already
        var at = now + DomainWatch.TransferNotice;
        // Who claims, proves and gives up again and again moves the day back, and sends no mails with it.
        var isTold = holder.TransferAt is not null;
        await InScopeAsync(holder, async () =>
        {
            holder.AnnounceTransfer(at, now);
            events.Record(EventTypes.DomainTransferAnnounced, holder.OrganizationId, holder.Id.ToString(), new { host = holder.Host.Value, transferAt = at, gains = false });
            if (!isTold) await notices.TransferAnnouncedAsync(holder, at, ct);
        }, domain, ct);
        domain.AwaitTransfer(at, reason, now);
        watch.AwaitTransfer(method, now, at);
        events.Record(EventTypes.DomainTransferAnnounced, domain.OrganizationId, domain.Id.ToString(), new { host = domain.Host.Value, transferAt = at, gains = true });
        return null;
    }

    /// <summary>Ends a transfer that was announced, on both rows; ours is saved by the caller.</summary>
    private async Task CancelAsync(OrganizationDomain domain, IReadOnlyList<OrganizationDomain> rivals, DateTimeOffset now, CancellationToken ct)
    {
        if (domain.TransferAt is null) return;
        foreach (var other in rivals.Where(r => r.TransferAt is not null))
        {
            await InScopeAsync(other, () =>
            {
                Cancelled(other, now);
                return Task.CompletedTask;
            }, domain, ct);
        }

        Cancelled(domain, now);
    }

    private void Cancelled(OrganizationDomain domain, DateTimeOffset now)
    {
        domain.CancelTransfer(now);
        events.Record(EventTypes.DomainTransferCancelled, domain.OrganizationId, domain.Id.ToString(), new { host = domain.Host.Value });
    }

    private async Task MissedAsync(OrganizationDomain domain, DomainWatch watch, IReadOnlyList<OrganizationDomain> rivals, DomainEvidence evidence, DateTimeOffset now, CancellationToken ct)
    {
        if (!evidence.Conclusive)
        {
            watch.Postpone(now);
            return;
        }

        watch.Missed(now, domain.IsHeld);
        if (domain.IsHeld)
        {
            // Whoever announced it may be gone, or have given the claim up.
            if (domain.TransferAt is not null && rivals.Count == 0) Cancelled(domain, now);
            if (domain.Status == DomainStatus.Verified && watch.IsOverdue(now))
            {
                domain.PutAtRisk(now);
                events.Record(EventTypes.DomainAtRisk, domain.OrganizationId, domain.Id.ToString(), new { host = domain.Host.Value, method = domain.VerifiedBy, lapsesAt = now + DomainWatch.AtRiskFor });
                await notices.AtRiskAsync(domain, now + DomainWatch.AtRiskFor, ct);
            }
            else if (domain is { Status: DomainStatus.AtRisk, AtRiskAt: { } since } && now - since >= DomainWatch.AtRiskFor)
            {
                domain.Lapse(now);
                events.Record(EventTypes.DomainLapsed, domain.OrganizationId, domain.Id.ToString(), new { host = domain.Host.Value, method = domain.VerifiedBy });
                await notices.LapsedAsync(domain, ct);
            }
        }
        else
        {
            if (domain.TransferAt is not null)
            {
                await CancelAsync(domain, rivals, now, ct);
                watch.Arm(watch.Method, now);
            }
            else if (now - watch.ArmedAt >= DomainWatch.PendingFor)
            {
                domain.Fail(now);
                watch.Stop();
                events.Record(EventTypes.DomainFailed, domain.OrganizationId, domain.Id.ToString(), new { host = domain.Host.Value, method = evidence.Method });
            }
        }
    }

    /// <summary>Somebody looked by hand: a claim that had failed is looked for again, and one that is open by what they asked for.</summary>
    private static void Asked(OrganizationDomain domain, DomainWatch watch, DomainEvidence evidence, DateTimeOffset now)
    {
        watch.Looked(now);
        switch (domain.Status)
        {
            case DomainStatus.Failed or DomainStatus.Transferred:
                domain.Rearm(now);
                watch.Arm(evidence.Method, now);
                break;
            case DomainStatus.Pending:
                watch.Ask(evidence.Method, now);
                break;
        }
    }

    /// <summary>Changes a row of another organization in its own scope and saves it, and comes back.</summary>
    private async Task InScopeAsync(OrganizationDomain other, Func<Task> change, OrganizationDomain ours, CancellationToken ct)
    {
        await db.SaveChangesAsync(ct); // what is ours so far
        db.EnterOrganization(other.OrganizationId);
        await change();
        await db.SaveChangesAsync(ct);
        db.EnterOrganization(ours.OrganizationId);
    }
}
