using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.WebUtilities;

namespace TenantIdP.Demo.SampleApp;

/// <summary>
/// Sessions on the server, so that two requests of one browser see the same refresh token: a cookie that carries it
/// would present a spent one and lose the whole family to reuse detection.
/// </summary>
internal sealed class SessionStore(TimeProvider clock) : ITicketStore
{
    private const string KeyItem = "ledgerline.session";

    private readonly ConcurrentDictionary<string, Session> _sessions = new();

    public static string? KeyOf(AuthenticationTicket? ticket) => ticket?.Properties.GetString(KeyItem);

    /// <summary>One at a time for each session: rotation is strict. Read the ticket again after the wait.</summary>
    public async Task<IDisposable> TakeTurnAsync(string key, CancellationToken ct)
    {
        var turn = _sessions.TryGetValue(key, out var session) ? session.Turn : new SemaphoreSlim(1, 1);
        await turn.WaitAsync(ct);
        return new TurnEnd(turn);
    }

    public Task<string> StoreAsync(AuthenticationTicket ticket)
    {
        foreach (var (expired, _) in _sessions.Where(entry => HasEnded(entry.Value.Ticket)))
            _sessions.TryRemove(expired, out _);

        var key = WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));
        ticket.Properties.SetString(KeyItem, key);
        _sessions[key] = new(ticket, new SemaphoreSlim(1, 1));
        return Task.FromResult(key);
    }

    public Task RenewAsync(string key, AuthenticationTicket ticket)
    {
        ticket.Properties.SetString(KeyItem, key);
        // A session that was ended meanwhile stays ended.
        if (_sessions.TryGetValue(key, out var session))
            _sessions.TryUpdate(key, session with { Ticket = ticket }, session);
        return Task.CompletedTask;
    }

    public Task<AuthenticationTicket?> RetrieveAsync(string key) =>
        Task.FromResult(_sessions.TryGetValue(key, out var session) && !HasEnded(session.Ticket) ? session.Ticket : null);

    public Task RemoveAsync(string key)
    {
        _sessions.TryRemove(key, out _);
        return Task.CompletedTask;
    }

    private bool HasEnded(AuthenticationTicket ticket) => ticket.Properties.ExpiresUtc <= clock.GetUtcNow();

    private sealed record Session(AuthenticationTicket Ticket, SemaphoreSlim Turn);

    private sealed class TurnEnd(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
