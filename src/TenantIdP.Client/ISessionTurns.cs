namespace TenantIdP.Client;

/// <summary>
/// Lets one refresh of a session run at a time, because a refresh token works once. The one that is registered knows this process only: an application on several nodes keeps
/// a browser at one node (session affinity), or registers its own over a lock that all nodes share.
/// </summary>
public interface ISessionTurns
{
    /// <summary>Waits for the turn; disposing what is returned ends it.</summary>
    Task<IAsyncDisposable> TakeAsync(string session, CancellationToken ct);
}
