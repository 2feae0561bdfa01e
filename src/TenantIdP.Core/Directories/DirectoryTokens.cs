using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Directories;

/// <summary>A token as just made, with its secret for the only time.</summary>
public sealed record MadeDirectoryToken(DirectoryToken Token, string Secret);

/// <summary>The bearer tokens of the directories of the organization that was entered.</summary>
public sealed class DirectoryTokens(IdpDbContext db, EventLog events, ActorContext actor, TimeProvider clock)
{
    private const int DefaultOverlap = 24 * 60 * 60;
    private const int MaxOverlap = 30 * 24 * 60 * 60;

    /// <param name="expiresAt">Null: never.</param>
    public Task<Result<MadeDirectoryToken>> CreateAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, DateTimeOffset? expiresAt, CancellationToken ct) =>
        ChangeAsync<MadeDirectoryToken>(
            organization, directory, async found =>
            {
                if ((await LiveAsync(found, ct)).Count >= DirectoryToken.MaxLive) return DirectoryErrors.TokenLimit;
                return Add(found, expiresAt);
            }, ct);

    /// <summary>Makes the token that follows this one, which goes on for the overlap.</summary>
    /// <param name="overlapSeconds">A day when null; 0: the old one ends now.</param>
    /// <param name="expiresAt">Of the new one; null: never.</param>
    public Task<Result<MadeDirectoryToken>> RotateAsync(
        Id<Organization> organization, Id<OrganizationDirectory> directory, Id<DirectoryToken> id, int? overlapSeconds, DateTimeOffset? expiresAt, CancellationToken ct) =>
        ChangeAsync<MadeDirectoryToken>(
            organization, directory, async found =>
            {
                var overlap = overlapSeconds ?? DefaultOverlap;
                if (overlap is < 0 or > MaxOverlap) return DirectoryErrors.OverlapInvalid;
                if (await FindAsync(found, id, ct) is not { } old) return DirectoryErrors.TokenNotFound;
                var now = clock.GetUtcNow();
                if (!old.IsLive(now)) return DirectoryErrors.TokenEnded;
                old.EndAt(now + TimeSpan.FromSeconds(overlap));
                if ((await LiveAsync(found, ct)).Count(t => t.IsLive(now)) >= DirectoryToken.MaxLive) return DirectoryErrors.TokenLimit;
                events.Record(EventTypes.DirectoryTokenRotated, organization, directory.ToString(), Facts(old));
                return Add(found, expiresAt);
            }, ct);

    /// <summary>The next request with it is refused.</summary>
    public async Task<Result> RevokeAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, Id<DirectoryToken> id, CancellationToken ct)
    {
        var revoked = await ChangeAsync<bool>(
            organization, directory, async found =>
            {
                if (await FindAsync(found, id, ct) is not { } token) return DirectoryErrors.TokenNotFound;
                db.DirectoryTokens.Remove(token);
                events.Record(EventTypes.DirectoryTokenRevoked, organization, directory.ToString(), Facts(token));
                return true;
            }, ct);
        return revoked.IsOk ? Result.Ok : revoked.Error;
    }

    /// <summary>Those that are live, and those that ended in the last 30 days.</summary>
    public async Task<Result<Page<DirectoryToken>>> ListAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, PageRequest page, CancellationToken ct)
    {
        if (!await db.HasDirectoryAsync(organization, directory, ct)) return DirectoryErrors.NotFound;
        return await db.DirectoryTokens.AsNoTracking().Where(t => t.OrganizationId == organization && t.DirectoryId == directory).PageAsync(page, t => t.Id, ct);
    }

    /// <summary>Adds one to the unit of work; the caller saves.</summary>
    internal Result<MadeDirectoryToken> Add(OrganizationDirectory directory, DateTimeOffset? expiresAt)
    {
        var made = DirectoryToken.Create(directory, expiresAt, actor.Actor.Id, clock.GetUtcNow());
        if (!made.IsOk) return made.Error;
        db.DirectoryTokens.Add(made.Value.Token);
        events.Record(EventTypes.DirectoryTokenCreated, directory.OrganizationId, directory.Id.ToString(), Facts(made.Value.Token));
        return new MadeDirectoryToken(made.Value.Token, made.Value.Secret);
    }

    /// <summary>Under the organization's lock: of two at once the second sees what the first made.</summary>
    private Task<Result<T>> ChangeAsync<T>(Id<Organization> organization, Id<OrganizationDirectory> id, Func<OrganizationDirectory, Task<Result<T>>> change, CancellationToken ct) where T : notnull =>
        db.InTransactionAsync<T>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                if (await db.Directories.AsNoTracking().SingleOrDefaultAsync(d => d.OrganizationId == organization && d.Id == id, ct) is not { } directory) return DirectoryErrors.NotFound;
                var changed = await change(directory);
                if (!changed.IsOk) return changed;
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? changed : saved.Error;
            }, ct);

    private Task<DirectoryToken?> FindAsync(OrganizationDirectory directory, Id<DirectoryToken> id, CancellationToken ct) =>
        db.DirectoryTokens.SingleOrDefaultAsync(t => t.OrganizationId == directory.OrganizationId && t.DirectoryId == directory.Id && t.Id == id, ct);

    private async Task<IReadOnlyList<DirectoryToken>> LiveAsync(OrganizationDirectory directory, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        return await db.DirectoryTokens.Where(t => t.OrganizationId == directory.OrganizationId && t.DirectoryId == directory.Id && (t.ExpiresAt == null || t.ExpiresAt > now)).ToListAsync(ct);
    }

    /// <summary>How it begins says which; of the rest nothing is left.</summary>
    private static object Facts(DirectoryToken t) => new { token = t.Id, t.Prefix, t.ExpiresAt };
}
