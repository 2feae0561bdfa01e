using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace TenantIdP.Client.Sessions;

internal enum RefreshOutcome
{
    /// <summary>The session holds good tokens.</summary>
    Fresh,

    /// <summary>The organization wants more proof. A refresh that somebody asked for leaves the session as it is; one that was due ends its use.</summary>
    InteractionRequired,

    /// <summary>Not for this person. As above.</summary>
    AccessDenied,

    /// <summary>The grant is dead, and the session with it.</summary>
    Ended,

    /// <summary>No answer that can be used.</summary>
    Failed,
}

/// <summary>Keeps sessions fresh: one refresh of a session at a time, because its refresh token works once.</summary>
internal sealed class SessionRefresher(
    SessionStore store, ISessionTurns turns, TokenEndpoint tokens, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<SessionRefresher> log)
{
    public sealed record Result(RefreshOutcome Outcome, Session? Session, string Description = "");

    /// <summary>
    /// The session, refreshed when its access token is about to end; null when it has ended. Where the login host's policy refused the refresh, <see cref="Session.Refused"/> says
    /// so.
    /// </summary>
    public async Task<Session?> CurrentAsync(string key, CancellationToken ct)
    {
        var session = await store.FindAsync(key, ct);
        return session?.IsDue(clock.GetUtcNow()) == true ? (await TakeTurnAsync(key, onlyIfDue: true, target: null, ct)).Session : session;
    }

    /// <summary>Refreshes now; with a target, the successor belongs to that organization.</summary>
    public Task<Result> RefreshAsync(string key, Target? target, CancellationToken ct) => TakeTurnAsync(key, onlyIfDue: false, target, ct);

    /// <summary>Ends the session here. A refresh that is under way ends before this does, so that it does not write the session again.</summary>
    public async Task EndAsync(string key, CancellationToken ct)
    {
        await store.RemoveAsync(key, ct); // at once, also for who waits for the turn
        await using var turn = await turns.TakeAsync(key, ct);
        await store.RemoveAsync(key, ct);
    }

    private async Task<Result> TakeTurnAsync(string key, bool onlyIfDue, Target? target, CancellationToken ct)
    {
        await using var turn = await turns.TakeAsync(key, ct);
        // Read again after the wait: the one before may have refreshed it, or ended it.
        if (await store.FindAsync(key, ct) is not { } session)
            return Ended();
        if (onlyIfDue && !session.IsDue(clock.GetUtcNow()))
            return new(RefreshOutcome.Fresh, session);
        if (session.RefreshToken is not { } refreshToken)
            return new(RefreshOutcome.Failed, session, "This session has no refresh token.");

        // Not the request's token from here: a browser that goes away must not lose the successor of a spent refresh token.
        var answer = await tokens.RefreshAsync(refreshToken, target, lifetime.ApplicationStopping);
        var result = answer switch
        {
            null => new(RefreshOutcome.Failed, session, "The login host did not give an answer that can be read. Try again in a moment."),
            { Error: { } error } => Refused(session, error, answer.ErrorDescription),
            _ => await AcceptAsync(session, answer, target),
        };

        // A sign-out during the exchange stands: what was removed is not written again.
        if (result.Outcome == RefreshOutcome.Ended || await store.FindAsync(key, CancellationToken.None) is null)
        {
            await store.RemoveAsync(key, CancellationToken.None);
            return Ended();
        }

        if (ReferenceEquals(result.Session, session) && onlyIfDue)
            result = result with { Session = session.NotBefore(clock.GetUtcNow(), result.Outcome) };
        if (!ReferenceEquals(result.Session, session))
            await store.SaveAsync(result.Session!, CancellationToken.None); // only an end has none
        return result;
    }

    private async Task<Result> AcceptAsync(Session session, OpenIdConnectMessage answer, Target? target)
    {
        var id = await tokens.IdTokenAsync(answer.IdToken);
        // OpenID Connect Core 12.2: the subject of a refreshed id token is the one of the first. The old refresh token is spent: there is no way back to it.
        if (id is null || answer.AccessToken is null || id.FindFirst("sub")?.Value is not { } subject || subject != session.UserId)
        {
            Log.RefreshNotAccepted(log);
            return Ended();
        }

        var principal = Session.Principal(id, await tokens.AccessTokenAsync(answer.AccessToken));
        var renewed = session.With(principal, answer.IdToken, answer.AccessToken, answer.RefreshToken, clock.GetUtcNow() + TokenEndpoint.LifetimeOf(answer));
        var user = principal.TenantIdP();
        return target is null || target.Organization == user.OrganizationId || target.Organization == user.OrganizationSlug
            ? new(RefreshOutcome.Fresh, renewed)
            : new(RefreshOutcome.Failed, renewed, "The login host answered for another organization.");
    }

    private Result Refused(Session session, string error, string? description)
    {
        if (error == "invalid_grant")
        {
            Log.SessionEnded(log);
            return Ended();
        }

        Log.RefreshRefused(log, error);
        return error switch
        {
            "interaction_required" or "login_required" => new(RefreshOutcome.InteractionRequired, session, description ?? "The organization asks for a sign-in of its own."),
            "access_denied" => new(RefreshOutcome.AccessDenied, session, description ?? "You may not enter this organization."),
            _ => new(RefreshOutcome.Failed, session, description ?? "The login host refused the request."),
        };
    }

    private static Result Ended() => new(RefreshOutcome.Ended, Session: null);
}
