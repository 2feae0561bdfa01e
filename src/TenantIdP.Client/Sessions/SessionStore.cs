using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Caching.Distributed;

namespace TenantIdP.Client.Sessions;

/// <summary>
/// Sessions on the server, in the application's <see cref="IDistributedCache"/>. A cookie that carried the tokens would present a spent refresh token as soon as two requests
/// of one browser overlap, which ends the whole family; it would outgrow a header, too. What is stored is encrypted for its key: who reads the cache has no tokens, who writes
/// it cannot give one session to another.
/// </summary>
internal sealed class SessionStore(IDistributedCache cache, IDataProtectionProvider protection, EndedSessions ended, TimeProvider clock)
{
    public static string NewKey() => WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));

    public async Task<Session?> FindAsync(string key, CancellationToken ct)
    {
        if (await cache.GetAsync(EntryOf(key), ct) is not { } sealedTicket || Open(key, sealedTicket) is not { } ticket)
            return null;

        var session = new Session(key, ticket);
        return session.HasEnded(clock.GetUtcNow()) || await ended.ContainAsync(session, ct) ? null : session;
    }

    public Task SaveAsync(Session session, CancellationToken ct)
    {
        var left = session.EndsAt - clock.GetUtcNow();
        return left <= TimeSpan.Zero
            ? RemoveAsync(session.Key, ct)
            : cache.SetAsync(EntryOf(session.Key), Protector(session.Key).Protect(TicketSerializer.Default.Serialize(session.Ticket)), new() { AbsoluteExpirationRelativeToNow = left }, ct);
    }

    public Task RemoveAsync(string key, CancellationToken ct) => cache.RemoveAsync(EntryOf(key), ct);

    private AuthenticationTicket? Open(string key, byte[] sealedTicket)
    {
        try
        {
            return TicketSerializer.Default.Deserialize(Protector(key).Unprotect(sealedTicket));
        }
        catch (CryptographicException)
        {
            return null; // of another key ring, or another session's
        }
    }

    private IDataProtector Protector(string key) => protection.CreateProtector("TenantIdP.Client.Session", "v1", key);

    // The key opens the session; its hash does not.
    private static string EntryOf(string key) => "tenantidp:session:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(key)));
}
