using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>
/// An operation that hands out what outlives a session: a person must have proven a moment ago who they are, so that a browser left open, or a stolen access token, is not enough
/// (SECURITY.md E5; RFC 9470). Apps and operators have no sign-in to repeat.
/// </summary>
internal sealed record RecentSignIn
{
    public static readonly TimeSpan Within = TimeSpan.FromMinutes(15);

    /// <returns>False when the request was answered.</returns>
    public static async Task<bool> CheckAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<RecentSignIn>() is null) return true;
        var services = context.RequestServices;
        if (services.GetRequiredService<ManagementCaller>().ProvenAt is not { } proven || services.GetRequiredService<TimeProvider>().GetUtcNow() - proven <= Within) return true;
        context.Response.Headers.WWWAuthenticate = $"Bearer error=\"insufficient_user_authentication\", max_age=\"{(int)Within.TotalSeconds}\"";
        await Problems.WriteAsync(context, ManagementErrors.SignInTooOld);
        return false;
    }
}

internal static class RecentSignIns
{
    public static TBuilder RequireRecentSignIn<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new RecentSignIn()).WithErrors(ManagementErrors.SignInTooOld);
}
