using TenantIdP.Core.Domains;
using TenantIdP.Server.Composition;

namespace TenantIdP.Server.Background;

/// <summary>Looks for the proofs that are due. What one domain's servers do holds up at most its own place among the <see cref="Parallel"/>, and one that fails none of the others.</summary>
public sealed class DomainChecks(DomainUpkeep upkeep, IServiceScopeFactory scopes, ILogger<DomainChecks> logger) : IScheduledWork
{
    /// <summary>Looks that run at once.</summary>
    public const int Parallel = 8;

    private const int Batch = 200;

    public static string Name => "domain_checks";

    public Task<bool> HasWorkAsync(CancellationToken ct) => upkeep.IsDueAsync(ct);

    /// <summary>One batch: the next look of the schedule goes on.</summary>
    public async Task DoAsync(CancellationToken ct) =>
        await System.Threading.Tasks.Parallel.ForEachAsync(await upkeep.DueAsync(Batch, ct), new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = ct }, CheckAsync);

    private async ValueTask CheckAsync(DueDomain due, CancellationToken ct)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var checkedNow = await scope.ServiceProvider.GetRequiredService<DomainUpkeep>().CheckAsync(due, ct);
            if (!checkedNow.IsOk) Log.DomainNotJudged(logger, due.Domain.ToString(), checkedNow.Error.Code);
        }
        catch (Exception failure) when (!ct.IsCancellationRequested && !StoreFailures.IsOutage(failure))
        {
            // The longest due come first: one that fails each time would be in front of all others for ever.
            Log.DomainCheckFailed(logger, due.Domain.ToString(), failure);
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<DomainUpkeep>().PostponeAsync(due, ct);
        }
    }
}
