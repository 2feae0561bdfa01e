using System.Security.Claims;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using TenantIdP.Core;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Workspaces;
using TenantIdP.Engine.OpenIddict.Stores;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>Userinfo: what is true now, not what the token said when it was made.</summary>
public sealed class UserInfo(OidcSession session, AccessReader reader, AppCache apps) : IOpenIddictServerHandler<HandleUserInfoRequestContext>
{
    public async ValueTask HandleAsync(HandleUserInfoRequestContext context)
    {
        var token = context.AccessTokenPrincipal;
        var claims = token.GetAuthorizationId() is { } grant ? await LiveGrant.ClaimsAsync(session, reader, apps, grant, token, null, context.CancellationToken) : null;
        if (claims is null)
        {
            context.Reject(Errors.InvalidToken, "The session behind this token has ended.");
            return;
        }

        foreach (var claim in claims)
        {
            if (claim.Name is Claims.Subject) context.Subject = (string)claim.Value;
            else if (claim.Kinds.HasFlag(TokenKinds.Id) && claim.Name is not ("auth_time" or "acr" or "amr")) context.Claims[claim.Name] = LiveGrant.ToParameter(claim);
        }
    }
}

/// <summary>Introspection (RFC 7662): inactive as soon as session, membership or grant ended; roles and permissions as of now.</summary>
public sealed class Introspection(OidcSession session, AccessReader reader, AppCache apps, IdpDbContext db, ApiCatalog catalog) : IOpenIddictServerHandler<HandleIntrospectionRequestContext>
{
    public async ValueTask HandleAsync(HandleIntrospectionRequestContext context)
    {
        var token = context.GenericTokenPrincipal;
        // Not context.ClientId: that is a member of the answer, filled from the token.
        var caller = context.Request.ClientId is { } client && await apps.FindByClientIdAsync(session, client, context.CancellationToken) is { } row ? AppRegistry.ToApp(row) : null;
        if (caller is null || !MayRead(caller, token))
        {
            context.Reject(Errors.InvalidToken, "The token is not for this client.");
            return;
        }

        var audience = token.GetAudiences().FirstOrDefault();
        var api = audience is null ? null : await catalog.FindAsync(db, audience, context.CancellationToken);
        var grant = token.GetAuthorizationId();
        if (grant is null && token.GetClaim("org_id") is null)
        {
            // An app's own token has no session; it ends with the app.
            if (token.GetPresenters() is not [{ } own, ..] || await apps.FindByClientIdAsync(session, own, context.CancellationToken) is null) context.Reject(Errors.InvalidToken, "The app behind this token has ended.");
            return;
        }

        var claims = grant is null
            ? await LiveGrant.ClaimsOfAppAsync(session, reader, apps, token, api, context.CancellationToken)
            : await LiveGrant.ClaimsAsync(session, reader, apps, grant, token, api, context.CancellationToken);
        if (claims is null)
        {
            context.Reject(Errors.InvalidToken, "The session behind this token has ended.");
            return;
        }

        foreach (var claim in claims.Where(c => c.Kinds.HasFlag(TokenKinds.Access) && c.Name != Claims.Subject))
        {
            context.Claims[claim.Name] = LiveGrant.ToParameter(claim);
        }

        // Who acts is the token's own and does not change.
        if (token.GetClaim("act") is { } act) context.Claims["act"] = new OpenIddictParameter(System.Text.Json.JsonDocument.Parse(act).RootElement);
    }

    /// <summary>The app the token was given to; for access tokens also one that serves the API it is for. Only apps that authenticated get this far.</summary>
    private static bool MayRead(App caller, ClaimsPrincipal token) =>
        token.HasPresenter(caller.ClientId)
        || (token.HasTokenType(TokenTypeIdentifiers.AccessToken) && token.GetAudiences().Any(caller.Serves));
}

internal static class LiveGrant
{
    /// <summary>A claim as a member of a JSON answer; arrays stay arrays.</summary>
    public static OpenIddictParameter ToParameter(TokenClaim claim) => claim.Value switch
    {
        string text => text,
        bool flag => flag,
        long number => number,
        IEnumerable<string> values => new OpenIddictParameter([.. values]),
        _ => default,
    };

    /// <summary>As below, of an app's own token for an organization: what that grants it now.</summary>
    public static async Task<IReadOnlyList<TokenClaim>?> ClaimsOfAppAsync(OidcSession session, AccessReader reader, AppCache apps, ClaimsPrincipal token, Api? api, CancellationToken ct)
    {
        if (token.GetClaim("org_id") is not { } organization || token.GetPresenters() is not [{ } presenter, ..] || await apps.FindByClientIdAsync(session, presenter, ct) is not { } row) return null;
        var app = AppRegistry.ToApp(row);
        return await reader.ReadAppAsync(organization, app.Id, ct) is { } access ? TokenClaims.ForApp(app, access, api) : null;
    }

    /// <summary>The claims a token of this grant would carry if it were made now, or null when it could not be made.</summary>
    /// <remarks>An access token speaks of its own organization and workspace, also after its grant has moved on to another one; a refresh token of its grant's.</remarks>
    public static async Task<IReadOnlyList<TokenClaim>?> ClaimsAsync(
        OidcSession session, AccessReader reader, AppCache apps, string grantId, ClaimsPrincipal token, Api? api, CancellationToken ct)
    {
        if (!Guid.TryParse(grantId, out var id) || await session.Db.Authorizations.FindAsync([id], ct) is not { Status: Statuses.Valid } row) return null;
        var grant = Grants.ToGrant(row, Guid.Empty);
        var isAccess = token.HasTokenType(TokenTypeIdentifiers.AccessToken);
        var target = !isAccess ? grant.OrganizationId : Id<Organization>.TryParse(token.GetClaim("org_id"), out var named) ? named : null as Id<Organization>?;
        var workspace = !isAccess ? grant.WorkspaceId : Id<Workspace>.TryParse(token.GetClaim("workspace_id"), out var inside) ? inside : null as Id<Workspace>?;
        var facts = await reader.ReadAsync(grant.UserId, grant.SessionId, target, WorkspaceName.Of(workspace), grant.Proofs, ct);
        if (facts is null) return null;
        var judgement = AccessPolicy.Judge(facts);
        if (judgement.Proof is null) return null;
        var client = token.GetPresenters() is [{ } presenter, ..] ? await apps.FindByClientIdAsync(session, presenter, ct) : null;
        return client is null ? null : TokenClaims.For(facts, judgement.Proof, grant.SessionId, token.GetScopes(), api, AppRegistry.ToApp(client).ClaimMap);
    }
}
