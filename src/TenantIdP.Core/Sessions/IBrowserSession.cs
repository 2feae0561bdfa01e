namespace TenantIdP.Core.Sessions;

/// <summary>The session of the browser that made the current request. Implemented by the server, which owns the cookie.</summary>
public interface IBrowserSession
{
    /// <summary>The live session or null; read at most once per request.</summary>
    ValueTask<Session?> FindAsync(CancellationToken ct);

    /// <summary>Ends the session with its grants and clears the cookie; nothing when there is none.</summary>
    /// <param name="back">The end-session request that the browser comes back to after a round through identity providers; null for our own page.</param>
    /// <returns>A path of ours where that round begins; null when no identity provider is to be told.</returns>
    Task<string?> EndAsync(string? back, CancellationToken ct);
}
