using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Sessions;

/// <summary>A browser's signed-in state, kept on the server. The browser holds a random token of which only the hash is stored.</summary>
public sealed class Session : IHasIdPrefix
{
    private Session(Id<Session> id, Id<User> userId, string tokenHash, DateTimeOffset createdAt, DateTimeOffset expiresAt) =>
        (Id, UserId, TokenHash, CreatedAt, LastSeenAt, ExpiresAt) = (id, userId, tokenHash, createdAt, createdAt, expiresAt);

    public static string IdPrefix => "ses";

    public Id<Session> Id { get; private set; }
    public Id<User> UserId { get; private set; }
    public string TokenHash { get; private set; }
    public IReadOnlyList<SessionProof> Proofs { get; private set; } = [];
    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset LastSeenAt { get; private set; }

    /// <summary>The absolute end.</summary>
    public DateTimeOffset ExpiresAt { get; private set; }

    /// <summary>Signed out or revoked. Idle expiry leaves this null: it ends the browser's session, not the apps' grants.</summary>
    public DateTimeOffset? EndedAt { get; private set; }

    public string? UserAgent { get; private set; }

    /// <returns>The session and the token for the cookie, which is stored nowhere.</returns>
    public static (Session Session, string Token) Start(Id<User> user, SessionProof proof, TimeSpan absolute, string? userAgent, DateTimeOffset now)
    {
        var token = MachineSecret.New("");
        var session = new Session(Id<Session>.New(now), user, MachineSecret.Hash(token), now, now + absolute)
        {
            Proofs = [proof],
            UserAgent = Kernel.DisplayName.Clean(userAgent is { Length: > 200 } ? userAgent[..200] : userAgent),
        };
        return (session, token);
    }

    /// <summary>Adds a proof, replacing an older one of the same connection or credential, and gives the browser a new token (ASVS 7.2.4).</summary>
    public string Prove(SessionProof proof, DateTimeOffset now)
    {
        var token = MachineSecret.New("");
        Proofs = [.. Proofs.Where(p => p.ConnectionId != proof.ConnectionId), proof];
        (TokenHash, LastSeenAt) = (MachineSecret.Hash(token), now);
        return token;
    }

    /// <summary>
    /// A second factor of this instance is the person's, and not one proof's: every proof of the session is worth more from now on, and the browser gets a new token (ASVS 7.2.4). What is proven later
    /// starts with its own methods again.
    /// </summary>
    public string Strengthen(string method, DateTimeOffset now)
    {
        var token = MachineSecret.New("");
        Proofs = [.. Proofs.Select(p => p.WithSecondFactor(now, method))];
        (TokenHash, LastSeenAt) = (MachineSecret.Hash(token), now);
        return token;
    }

    public bool IsLive(TimeSpan idle, DateTimeOffset now) => EndedAt is null && now < ExpiresAt && now < LastSeenAt + idle;

    public void Seen(DateTimeOffset now) => LastSeenAt = now;

    public void End(DateTimeOffset now) => EndedAt ??= now;
}
