using OpenIddict.Server.AspNetCore;
using TenantIdP.Core.Tokens;
using TenantIdP.Engine.OpenIddict;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Composition;

/// <summary>The OpenID Connect engine. Another one is named here and nowhere else.</summary>
internal static class Engine
{
    public static void AddEngine(this IServiceCollection services, IConfiguration configuration, IssuerOptions issuer) => services.AddOpenIddictEngine(configuration, issuer);

    /// <summary>What the engine refused on its own, when it can't tell the app (an unknown client or redirect URI) and leaves the page to us.</summary>
    public static FailureFacts? FailureOf(HttpContext context) =>
        context.Features.Get<OpenIddictServerAspNetCoreFeature>()?.Transaction?.Response is { Error: { Length: > 0 } error } response
            ? new FailureFacts(context.Response.StatusCode, error, "The application sent a request that can't be answered. Go back to it and start again; if this happens again, tell its makers.") { Detail = response.ErrorDescription }
            : null;

    public static void UseEngine(this WebApplication app) => app.UseOpenIddictEngine();

    public static void MapEngine(this WebApplication app) => app.MapOpenIddictEngine();
}
