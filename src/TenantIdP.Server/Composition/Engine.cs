using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;

namespace TenantIdP.Server.Composition;

/// <summary>The OpenID Connect engine.</summary>
internal static class Engine
{
    public static void AddEngine(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddScoped<IAuthorizationRequests, NoEngine>();
        services.AddScoped<IGrantRevoker, NoEngine>();
    }

    public static void MapEngine(this WebApplication app)
    {
    }

    private sealed class NoEngine : IAuthorizationRequests, IGrantRevoker
    {
        public Task<AuthorizationRequest?> FindAsync(string returnUrl, CancellationToken ct) => Task.FromResult<AuthorizationRequest?>(null);

        public string With(string returnUrl, Interaction interaction) => returnUrl;

        public Task<string?> CancelUrlAsync(string returnUrl, CancellationToken ct) => Task.FromResult<string?>(null);

        public Task EndSessionAsync(Id<Session> session, CancellationToken ct) => Task.CompletedTask;

        public Task EndUserAsync(Id<User> user, CancellationToken ct) => Task.CompletedTask;

        public Task EndMembershipAsync(Id<Organization> organization, Id<User> user, CancellationToken ct) => Task.CompletedTask;
    }
}
