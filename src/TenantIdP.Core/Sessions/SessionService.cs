using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Sessions;

/// <summary>How long a browser stays signed in.</summary>
public sealed record SessionOptions
{
    public const string Section = "TenantIdP:Sessions";

    /// <summary>Hours without a request after which the person signs in again.</summary>
    [Range(1, 24 * 30)]
    public int IdleHours { get; init; } = 24;

    /// <summary>Days after which the person signs in again whatever they do.</summary>
    [Range(1, 90)]
    public int AbsoluteDays { get; init; } = 14;

    public TimeSpan Idle => TimeSpan.FromHours(IdleHours);

    public TimeSpan Absolute => TimeSpan.FromDays(AbsoluteDays);
}

/// <summary>Browser sessions: found by the hash of the cookie's token, started and strengthened by proofs, ended with their grants.</summary>
public sealed class SessionService(IdpDbContext db, EventLog events, IGrantRevoker grants, SecretBox box, SessionOptions options, TimeProvider clock)
{
    private static readonly TimeSpan SeenGranularity = TimeSpan.FromMinutes(5);

    /// <summary>The live session of a cookie's token, tracked, or null. Costs one statement; a second one, at most every five minutes, notes that it was seen.</summary>
    public async Task<Session?> FindAsync(string token, CancellationToken ct)
    {
        if (token.Length is < 40 or > 64) return null;
        var hash = MachineSecret.Hash(token);
        var session = await db.Sessions.SingleOrDefaultAsync(s => s.TokenHash == hash, ct);
        var now = clock.GetUtcNow();
        if (session is null || !session.IsLive(options.Idle, now)) return null;
        if (now - session.LastSeenAt >= SeenGranularity)
        {
            session.Seen(now);
            try
            {
                await db.SaveChangesAsync(ct);
            }
            catch (DbUpdateConcurrencyException)
            {
                // Proven or removed in this moment: the cookie's token is an old one.
                await db.Entry(session).ReloadAsync(ct);
                return null;
            }
            catch (DbUpdateException)
            {
                // No room for it, or the database went away between two statements. It was only noted: reading goes on.
                db.DiscardChanges();
            }
        }

        return session;
    }

    /// <summary>
    /// Records a proof for a user in the caller's transaction. The same user keeps the session (with a new token); anyone else's session in this browser ends with its grants.
    /// </summary>
    /// <param name="upstream">What the identity provider of the proof's connection calls its session; null where it has no such name.</param>
    /// <returns>The session and the new token for the cookie.</returns>
    public async Task<(Session Session, string Token)> ProveAsync(Session? current, Id<User> user, SessionProof proof, string? userAgent, UpstreamSessionFacts? upstream, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (current is not null && current.UserId == user)
        {
            var token = "";
            if (upstream is not null) await RenewAsync(current.Id, proof, upstream, ct);
            await SaveAsync(current, () => token = current.Prove(proof, now), ct);
            if (current.EndedAt is null) return (current, token);
        }

        if (current is { EndedAt: null }) await EndAsync(current, ct);
        var started = Session.Start(user, proof, options.Absolute, userAgent, now);
        db.Sessions.Add(started.Session);
        if (upstream is not null && proof is { OrganizationId: { } owner, ConnectionId: { } connection }) db.UpstreamSessions.Add(UpstreamSession.Remember(owner, connection, started.Session.Id, upstream, box));
        await db.SaveChangesAsync(ct);
        return started;
    }

    /// <summary>Records, in the caller's transaction, that the session's person has shown a second factor of this instance.</summary>
    /// <param name="method"><see cref="ProofMethods.Otp"/> or <see cref="ProofMethods.Recovery"/>.</param>
    /// <returns>The new token for the cookie; null when the session has ended meanwhile.</returns>
    public async Task<string?> StrengthenAsync(Session current, string method, CancellationToken ct)
    {
        var (now, token) = (clock.GetUtcNow(), "");
        await SaveAsync(current, () => token = current.Strengthen(method, now), ct);
        return current.EndedAt is null ? token : null;
    }

    /// <summary>A session that goes on is called by its newest name at each identity provider.</summary>
    private async Task RenewAsync(Id<Session> session, SessionProof proof, UpstreamSessionFacts upstream, CancellationToken ct)
    {
        if (proof is not { OrganizationId: { } owner, ConnectionId: { } connection }) return;
        var known = await db.UpstreamSessions.SingleOrDefaultAsync(u => u.OrganizationId == owner && u.ConnectionId == connection && u.SessionId == session, ct);
        if (known is null) db.UpstreamSessions.Add(UpstreamSession.Remember(owner, connection, session, upstream, box));
        else known.Renew(upstream, box);
    }

    /// <summary>Ends a session and every grant that rests on it, at once on every node.</summary>
    public async Task EndAsync(Session session, CancellationToken ct)
    {
        if (session.EndedAt is not null) return;
        await db.InTransactionAsync<bool>(
            async () =>
            {
                events.RecordForInstance(EventTypes.SessionEnded, session.Id.ToString(), new { userId = session.UserId });
                await SaveAsync(session, () => session.End(clock.GetUtcNow()), ct);
                await grants.EndSessionAsync(session.Id, ct);
                return true;
            }, ct);
    }

    /// <summary>Ends every session of a user and every grant of theirs, at once on every node, in the caller's transaction. The caller records why.</summary>
    /// <returns>How many sessions there were.</returns>
    public async Task<int> EndAllAsync(Id<User> user, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var ended = await db.Sessions.Where(s => s.UserId == user && s.EndedAt == null).ExecuteUpdateAsync(set => set.SetProperty(s => s.EndedAt, now), ct);
        await grants.EndUserAsync(user, ct);
        return ended;
    }

    /// <summary>Ends the user's sessions that hold a proof of this connection, or of a credential of this instance when it is null.</summary>
    public async Task EndProvenByAsync(Id<User> user, Id<Connection>? connection, CancellationToken ct)
    {
        var standing = await db.Sessions.Where(s => s.UserId == user && s.EndedAt == null).ToListAsync(ct); // proofs are one text: the store can't select by them
        foreach (var session in standing.Where(s => s.Proofs.Any(p => p.ConnectionId == connection))) await EndAsync(session, ct);
    }

    /// <summary>Makes the change to the row as it is: once more when somebody else has changed it meanwhile, so that neither of two proofs nor an end is lost.</summary>
    private async Task SaveAsync(Session session, Action change, CancellationToken ct)
    {
        change();
        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateConcurrencyException raced) when (raced.Entries.Any(e => e.Entity == session))
        {
            await db.Entry(session).ReloadAsync(ct);
            if (db.Entry(session).State == EntityState.Detached) throw;
            change();
            await db.SaveChangesAsync(ct);
        }
    }
}
