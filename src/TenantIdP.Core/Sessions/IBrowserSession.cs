namespace TenantIdP.Core.Sessions;

/// <summary>The session of the browser that made the current request. Implemented by the server, which owns the cookie.</summary>
public interface IBrowserSession
{
    /// <summary>The live session or null; read at most once per request.</summary>
    ValueTask<Session?> FindAsync(CancellationToken ct);

    /// <summary>Ends the session with its grants and clears the cookie; nothing when there is none.</summary>
    Task EndAsync(CancellationToken ct);
}
