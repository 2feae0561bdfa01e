using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Instance;

/// <summary>A request that its caller named.</summary>
/// <param name="Caller">Whose key it is; another's key of the same text is another key.</param>
/// <param name="Fingerprint">SHA-256 of method, address and body.</param>
public sealed record NamedRequest(string Caller, string Key, string Fingerprint);

/// <summary>What a named request was answered with.</summary>
public sealed record KeptAnswer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body);

/// <summary>What to do with a named request.</summary>
public abstract record NamedRequestState
{
    private NamedRequestState() { }

    /// <summary>Run it, then finish or release this attempt.</summary>
    public sealed record Begun(int Attempt) : NamedRequestState;

    public sealed record Answered(KeptAnswer Answer) : NamedRequestState;

    /// <summary>The key belongs to another request.</summary>
    public sealed record OfAnother : NamedRequestState;

    public sealed record UnderWay(TimeSpan RetryAfter) : NamedRequestState;
}

/// <summary>
/// Runs a named request once and remembers its answer. Each step commits by itself, around the transaction of the use case: see docs/decisions/0006-idempotency.md for what
/// a crash between them means.
/// </summary>
public sealed class IdempotencyKeys(IdpDbContext db, SecretBox box, TimeProvider clock)
{
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    /// <summary>How long a node that died blocks a key. The request itself is given less.</summary>
    public static readonly TimeSpan Reserved = TimeSpan.FromSeconds(60);

    private static readonly Dictionary<string, Error> Taken = new() { ["pk_idempotency_keys"] = VersionErrors.ChangedMeanwhile };

    public async Task<NamedRequestState> BeginAsync(NamedRequest request, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (await FindAsync(request, ct) is not { } found)
        {
            var reservation = new IdempotencyKey(request.Caller, request.Key, request.Fingerprint, now + Reserved);
            db.IdempotencyKeys.Add(reservation);
            if ((await db.TrySaveAsync(Taken, ct)).IsOk)
            {
                db.Entry(reservation).State = EntityState.Detached;
                return new NamedRequestState.Begun(reservation.Attempt);
            }

            found = await FindAsync(request, ct);
            if (found is null) return new NamedRequestState.UnderWay(TimeSpan.FromSeconds(1)); // released between the two statements
        }

        if (found.ExpiresAt <= now) return await TakeUpAsync(request, found.Attempt, now + Reserved, ct);
        if (found.Fingerprint != request.Fingerprint) return new NamedRequestState.OfAnother();
        return found is { Status: { } status, Answer: { } answer } ? new NamedRequestState.Answered(Open(request, status, answer)) : new NamedRequestState.UnderWay(found.ExpiresAt - now);
    }

    public async Task FinishAsync(NamedRequest request, int attempt, KeptAnswer answer, CancellationToken ct)
    {
        var (until, status) = (clock.GetUtcNow() + Kept, (int?)answer.Status);
        var text = box.Seal(JsonSerializer.SerializeToUtf8Bytes(new Sealed(answer.Headers, answer.Body)), PlaceOf(request));
        await Mine(request, attempt).ExecuteUpdateAsync(set => set.SetProperty(k => k.Status, status).SetProperty(k => k.Answer, text).SetProperty(k => k.ExpiresAt, until), ct);
    }

    /// <summary>Forgets an attempt whose answer is not for keeping: the next one runs.</summary>
    public Task ReleaseAsync(NamedRequest request, int attempt, CancellationToken ct) => Mine(request, attempt).ExecuteDeleteAsync(ct);

    /// <summary>The row has run out: its answer is old, or whoever began it never came back.</summary>
    private async Task<NamedRequestState> TakeUpAsync(NamedRequest request, int attempt, DateTimeOffset until, CancellationToken ct)
    {
        var next = attempt + 1;
        var taken = await db.IdempotencyKeys.Where(k => k.Caller == request.Caller && k.Key == request.Key && k.Attempt == attempt)
            .ExecuteUpdateAsync(
                set => set.SetProperty(k => k.Attempt, next).SetProperty(k => k.Fingerprint, request.Fingerprint).SetProperty(k => k.Status, (int?)null)
                    .SetProperty(k => k.Answer, (string?)null).SetProperty(k => k.ExpiresAt, until),
                ct);
        return taken == 1 ? new NamedRequestState.Begun(next) : new NamedRequestState.UnderWay(TimeSpan.FromSeconds(1));
    }

    private Task<IdempotencyKey?> FindAsync(NamedRequest request, CancellationToken ct) =>
        db.IdempotencyKeys.AsNoTracking().SingleOrDefaultAsync(k => k.Caller == request.Caller && k.Key == request.Key, ct);

    private IQueryable<IdempotencyKey> Mine(NamedRequest request, int attempt) =>
        db.IdempotencyKeys.Where(k => k.Caller == request.Caller && k.Key == request.Key && k.Attempt == attempt && k.Status == null);

    private KeptAnswer Open(NamedRequest request, int status, string answer)
    {
        var opened = JsonSerializer.Deserialize<Sealed>(box.Open(answer, PlaceOf(request)))!; // what was sealed above is no null
        return new KeptAnswer(status, opened.Headers, opened.Body);
    }

    private static SecretPlace PlaceOf(NamedRequest request) => new("idempotency_keys", "answer", $"{request.Caller}\n{request.Key}");

    private sealed record Sealed(IReadOnlyDictionary<string, string> Headers, byte[] Body);
}
