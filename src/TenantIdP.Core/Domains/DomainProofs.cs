using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Domains;

/// <summary>Looks for the proof of a claim when somebody asks, and keeps what was seen.</summary>
public sealed class DomainProofs(IdpDbContext db, IDomainProver prover, DomainLifeCycle lives, Tallies tallies, DomainOptions options, EventLog events)
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(10);
    private const int MostOfDomain = 20;
    private const int MostOfOrganization = 120;

    /// <summary>Looks now. A claim that had failed is looked for by itself again, by the same token.</summary>
    /// <returns>What was seen, also when it proves nothing; an error when the proof is there and can't count.</returns>
    public async Task<Result<DomainVerdict>> VerifyAsync(Id<Organization> organization, Id<OrganizationDomain> id, VerificationMethod method, CancellationToken ct)
    {
        var claim = await db.Domains.AsNoTracking().Where(d => d.OrganizationId == organization && d.Id == id).Select(d => new { d.Host, d.Challenge }).SingleOrDefaultAsync(ct);
        if (claim is null) return DomainErrors.NotFound;
        if (!options.Methods.Contains(method)) return DomainErrors.MethodOff;
        // A look makes requests to servers that the caller names: nobody is attacked through us.
        if (!await tallies.TakeAsync([new($"domain_checks {organization}", MostOfOrganization, Period), new($"domain_checks {id}", MostOfDomain, Period)], ct)) return DomainErrors.TooManyChecks;

        var evidence = await prover.LookAsync(method, claim.Host, claim.Challenge, organization.ToString(), ct);
        var judged = await lives.JudgeAsync(organization, id, claim.Challenge, evidence, scheduled: false, ct);
        return judged is { IsOk: true, Value.Refusal: { } refusal } ? refusal : judged;
    }

    /// <summary>The last looks, the newest first.</summary>
    public async Task<Result<Page<DomainProofAttempt>>> ListAsync(Id<Organization> organization, Id<OrganizationDomain> id, PageRequest page, CancellationToken ct)
    {
        if (!await db.Domains.AnyAsync(d => d.OrganizationId == organization && d.Id == id, ct)) return DomainErrors.NotFound;
        var cursor = Paging.Cursor<DomainProofAttempt>(page, out var before);
        if (!cursor.IsOk) return cursor.Error;
        var attempts = db.DomainProofAttempts.AsNoTracking().Where(a => a.OrganizationId == organization && a.DomainId == id);
        if (before is { } last) attempts = attempts.Where(a => a.Id < last);
        return await attempts.OrderByDescending(a => a.Id).TakePageAsync(page, a => a.Id.ToString(), ct);
    }

    /// <summary>Another token, and fourteen days for it. Not while the domain is held by the old one.</summary>
    public async Task<Result<OrganizationDomain>> ReplaceChallengeAsync(Id<Organization> organization, Id<OrganizationDomain> id, CancellationToken ct) =>
        await db.InTransactionAsync<OrganizationDomain>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                var domain = await db.Domains.SingleOrDefaultAsync(d => d.OrganizationId == organization && d.Id == id, ct);
                if (domain is null) return DomainErrors.NotFound;
                var replaced = await lives.RearmAsync(domain, options.Methods[0], ct);
                if (!replaced.IsOk) return replaced.Error;
                events.Record(EventTypes.DomainChallengeReplaced, organization, id.ToString(), new { host = domain.Host.Value });
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? domain : saved.Error;
            }, ct);
}
