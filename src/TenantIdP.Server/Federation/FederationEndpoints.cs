using Microsoft.AspNetCore.Authentication;
using TenantIdP.Core.Instance;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Http;
using TenantIdP.Server.Http.Outbound;

namespace TenantIdP.Server.Federation;

internal static class FederationEndpoints
{
    public static void AddFederation(this IServiceCollection services, IConfiguration configuration, IssuerOptions issuer)
    {
        services.AddGuardedOutboundHttp(configuration, issuer.IsDevelopmentLoopback);
        services.AddSingleton<ConnectionDirectory>();
        services.AddSingleton<INodeCache>(provider => provider.GetRequiredService<ConnectionDirectory>());
        services.AddSingleton<RealmDirectory>();
        services.AddSingleton<IRealmFacts>(provider => provider.GetRequiredService<RealmDirectory>());
        services.AddSingleton<INodeCache>(provider => provider.GetRequiredService<RealmDirectory>());
        services.AddSingleton<ConnectionOptions>();
        services.AddSingleton<ReturnCookie>();
        services.AddSingleton<SignOutCookie>();
        services.AddScoped<UpstreamSignOut>();
        services.AddTransient<ConnectionHandler>();
        services.AddScoped<ConnectionEvents>();
        services.AddScoped<ConnectionChallenge>();
        services.AddScoped<OidcChallenge>();
        services.AddSingleton<TestResultCookie>();
        services.AddScoped<SignInRehearsal>();
        services.AddScoped<ConnectionTestFinish>();
        services.AddScoped<FederationFinish>();
        services.AddSingleton<RefusalBudget>();
        services.AddSingleton<RefusalMeans>();
        services.AddScoped<SignInRefusals>();
    }

    // GET only: response_mode=query, so that the Lax cookies of the flow come along.
    public static void MapFederation(this WebApplication app) => app.MapGet(FederationPaths.CallbackTemplate, CallbackAsync);

    private static async Task CallbackAsync(string connectionId, HttpContext context, IAuthenticationHandlerProvider handlers)
    {
        // Unknown, deleted and disabled look alike.
        if (await handlers.GetHandlerAsync(context, connectionId) is not ConnectionHandler handler || !await handler.HandleRequestAsync())
            FederationFinish.Show(context, FailureFacts.From(SignInErrors.ConnectionUnavailable));
    }
}
