using OpenIddict.Abstractions;
using TenantIdP.Core;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>Which API a token is for (RFC 8707): the one named by <c>resource</c>, else the app's default, else this issuer's userinfo.</summary>
public sealed class Audiences(IdpDbContext db, ApiCatalog catalog, IssuerOptions issuer)
{
    /// <returns>Null when the app may not name that API or there is none; otherwise the audience and the API, which is null for userinfo only.</returns>
    public async ValueTask<(string Audience, Api? Api)?> FindAsync(OpenIddictRequest request, App app, string? earlier, CancellationToken ct)
    {
        var named = request.GetResources();
        if (named.Length > 1) return null;
        var identifier = named is [{ } only] ? only : earlier ?? app.DefaultApi;

        // The scope of checks opens our own API to the app itself and to nobody's token that it holds: with a person's it could do all that the person may.
        var own = ManagementApi.Scopes.Where(s => app.Scopes.Contains(s) && (s == ManagementApi.Scope || request.IsClientCredentialsGrantType())).ToList();
        if (identifier is null && own.Any(request.HasScope)) identifier = issuer.ManagementApi;
        if (identifier is null || identifier == issuer.Issuer) return (issuer.Issuer, null);
        if (identifier != app.DefaultApi && !app.Apis.Contains(identifier) && !(identifier == issuer.ManagementApi && own.Count > 0)) return null;
        return await catalog.FindAsync(db, identifier, ct) is { } api ? (identifier, api) : null;
    }

    /// <summary>Whether the person has allowed an app that must ask them that API: a later request names another one without a page in between.</summary>
    public async ValueTask<bool> IsAllowedAsync(App app, Id<User> user, string identifier, CancellationToken ct) =>
        !app.RequireConsent || await db.HasAllowedAsync(user, app.Id, [], identifier, null, ct);
}
