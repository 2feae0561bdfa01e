using TenantIdP.Core.Sessions;

namespace TenantIdP.Server.Federation;

/// <summary>Begins the round through the identity providers that a sign-out here is told to (SAML Profiles 4.4.3.1).</summary>
internal sealed class UpstreamSignOut(UpstreamSessions upstream, SignOutCookie started)
{
    public const string About = "signout";

    /// <summary>What fits into cookies. A longer request ends on our own page instead of at its app.</summary>
    private const int LongestBack = 6_000;

    /// <param name="session">About to end.</param>
    /// <param name="back">See <see cref="StartedSignOut"/>.</param>
    /// <returns>Where the round begins; null when nobody is to be told.</returns>
    public async Task<string?> BeginAsync(HttpContext context, Session session, string? back, CancellationToken ct)
    {
        var told = await upstream.OfAsync(session, ct);
        if (told.Count == 0) return null;
        var handle = FlowHandle.New();
        started.Keep(context, About, handle, new StartedSignOut(back is { Length: > LongestBack } ? null : back, told));
        return FederationPaths.SignOut(handle);
    }
}
