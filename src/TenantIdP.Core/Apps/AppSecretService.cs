using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Apps;

/// <summary>A secret as just made, with its text for the only time.</summary>
public sealed record MadeSecret(AppSecret Kept, string Secret);

/// <summary>The secrets of apps: at most two live at once, so that an app moves from one to the next without a moment in which it has none.</summary>
public sealed class AppSecretService(AppEdits edits, IAppRegistry registry, TimeProvider clock)
{
    private const int MaxOverlap = 30 * 24 * 60 * 60;

    /// <summary>Those that are live, of which there are two at most.</summary>
    public async Task<Result<Page<AppSecret>>> ListAsync(Id<App> id, CancellationToken ct) =>
        await registry.FindAsync(id, ct) is null ? AppErrors.NotFound : new Page<AppSecret>(Live(await registry.SecretsAsync(id, ct)), null);

    /// <param name="expiresAt">The end of the new one.</param>
    /// <param name="overlapSeconds">The end of those there are; null leaves them.</param>
    public async Task<Result<MadeSecret>> CreateAsync(Id<App> id, DateTimeOffset? expiresAt, int? overlapSeconds, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (expiresAt <= now) return AppErrors.SecretExpiryInvalid;
        if (overlapSeconds is < 0 or > MaxOverlap) return AppErrors.OverlapInvalid;
        var (kept, secret) = AppSecret.Make(now, expiresAt);
        var made = await edits.ChangeAsync(
            id, null, async app =>
            {
                if (!app.HasSecret) return AppErrors.SecretInUse;
                var live = Live(await registry.SecretsAsync(id, ct));
                var left = overlapSeconds is { } seconds ? Live(live.Select(s => s.EndingAt(now.AddSeconds(seconds)))) : live;
                if (left.Count >= AppSecrets.MaxLive) return AppErrors.SecretLimit;
                return new AppEdit(app, EventTypes.AppSecretCreated, new { secretId = kept.Id, kept.Prefix, kept.ExpiresAt, overlapSeconds }, [.. left, kept]);
            }, ct);
        return made.IsOk ? new MadeSecret(kept, secret) : made.Error;
    }

    /// <summary>Makes a new secret, shown once. The old ones stop at once, or the newest of them after the overlap.</summary>
    public async Task<Result<CreatedApp>> RotateAsync(Id<App> id, int? overlapSeconds, CancellationToken ct)
    {
        if (overlapSeconds is < 0 or > MaxOverlap) return AppErrors.OverlapInvalid;
        var now = clock.GetUtcNow();
        var (kept, secret) = AppSecret.Make(now, null);
        var rotated = await edits.ChangeAsync(
            id, null, async app =>
            {
                if (!app.HasSecret) return AppErrors.SecretInUse;
                var newest = Live(await registry.SecretsAsync(id, ct)).OrderByDescending(s => s.CreatedAt).Take(1);
                var left = Live(newest.Select(s => s.EndingAt(now.AddSeconds(overlapSeconds ?? 0))));
                return new AppEdit(app, EventTypes.AppSecretCreated, new { secretId = kept.Id, kept.Prefix, replaced = true, overlapSeconds }, [.. left, kept]);
            }, ct);
        return rotated.IsOk ? new CreatedApp(rotated.Value, secret) : rotated.Error;
    }

    /// <summary>The last one, too: a secret that leaked must go, whatever then stands still.</summary>
    public async Task<Result> DeleteAsync(Id<App> id, Id<AppSecret> secretId, CancellationToken ct)
    {
        var deleted = await edits.ChangeAsync(
            id, null, async app =>
            {
                var live = Live(await registry.SecretsAsync(id, ct));
                if (live.FirstOrDefault(s => s.Id == secretId) is not { } found) return AppErrors.SecretNotFound;
                return new AppEdit(app, EventTypes.AppSecretDeleted, new { secretId, found.Prefix }, [.. live.Where(s => s.Id != secretId)]);
            }, ct);
        return deleted.IsOk ? Result.Ok : deleted.Error;
    }

    private List<AppSecret> Live(IEnumerable<AppSecret> secrets) => [.. secrets.Where(s => s.IsLive(clock.GetUtcNow()))];
}
