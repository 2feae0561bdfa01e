using TenantIdP.Core.Tokens;
using TenantIdP.Engine.OpenIddict;

namespace TenantIdP.Server.Composition;

/// <summary>The OpenID Connect engine. Another one is named here and nowhere else.</summary>
internal static class Engine
{
    public static void AddEngine(this IServiceCollection services, IConfiguration configuration, IssuerOptions issuer) => services.AddOpenIddictEngine(configuration, issuer);

    public static void MapEngine(this WebApplication app) => app.MapOpenIddictEngine();
}
