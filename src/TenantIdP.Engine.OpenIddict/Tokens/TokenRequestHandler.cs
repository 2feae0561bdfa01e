using System.Security.Claims;
using OpenIddict.Abstractions;
using OpenIddict.Server;
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

/// <summary>
/// The token endpoint for every grant. The principal is made anew from facts read now; from the code or refresh token it keeps only who, which grant and which scopes.
/// </summary>
public sealed class TokenRequestHandler(OidcSession session, AccessReader reader, Audiences audiences, TokenRefusals refusals, TokenOptions options, TimeProvider clock)
    : IOpenIddictServerHandler<HandleTokenRequestContext>
{
    /// <summary>Transaction property: the organization a refusal is about.</summary>
    internal const string RefusedOrganization = "tenantidp.refused_organization";

    /// <summary>Transaction property: the grant as it was before a switch that was granted.</summary>
    internal const string SwitchedFrom = "tenantidp.switched_from";

    public async ValueTask HandleAsync(HandleTokenRequestContext context)
    {
        var ct = context.CancellationToken;
        if (await refusals.AppAsync(context.ClientId, ct) is not { } app) context.Reject(TokenRefusals.AppGone.Error, TokenRefusals.AppGone.Description);
        else if (context.Request.IsClientCredentialsGrantType()) await ForAppAsync(context, app, ct);
        else if (context.Request.IsAuthorizationCodeGrantType()) await ForUserAsync(context, app, context.AuthorizationCodePrincipal!, ct); // validated by the engine
        else if (context.Request.IsRefreshTokenGrantType()) await ForUserAsync(context, app, context.RefreshTokenPrincipal!, ct); // as above
        else if (context.Request.IsDeviceCodeGrantType()) await ForUserAsync(context, app, context.DeviceCodePrincipal!, ct); // as above
        else if (!context.Request.IsTokenExchangeGrantType()) context.Reject(Errors.UnsupportedGrantType, "This grant type is not supported.");
    }

    private async Task ForAppAsync(HandleTokenRequestContext context, App app, CancellationToken ct)
    {
        if (await audiences.FindAsync(context.Request, app, null, ct) is not { } target)
        {
            context.Reject(Errors.InvalidTarget, "The app may not ask for tokens of that API.");
            return;
        }

        AppAccess? access = null;
        if (Requested(context.Request) is { } wanted && (access = await reader.ReadAppAsync(wanted, app.Id, ct)) is null)
        {
            context.Reject(OrganizationSwitch.NotGranted.Error, OrganizationSwitch.NotGranted.Description);
            return;
        }

        if (access is not null && ManagementApi.Scopes.Any(context.Request.HasScope))
        {
            context.Reject(Errors.InvalidScope, "That scope is for the whole instance. A token of one organization needs none: it has the permissions that were granted.");
            return;
        }

        var principal = Principals.From(TokenClaims.ForApp(app, access, target.Api));
        principal.SetScopes(context.Request.GetScopes());
        Finish(context, app, principal, target, options, TimeSpan.MaxValue);
    }

    private async Task ForUserAsync(HandleTokenRequestContext context, App app, ClaimsPrincipal earlier, CancellationToken ct)
    {
        // Validated a moment ago with the token's own row, so it is in memory.
        var row = await session.Db.Authorizations.FindAsync([Guid.Parse(earlier.GetAuthorizationId()!)], ct);
        var grant = Grants.ToGrant(row!, app.Id.Value); // both validations are on: a token without a standing grant does not come here

        var (target, isSwitch) = (grant.OrganizationId, false);
        if (context.Request.IsRefreshTokenGrantType() && Requested(context.Request) is { } wanted)
        {
            var found = await refusals.ResolveAsync(wanted, ct);
            if (found is null)
            {
                await RefuseAsync(context, grant, OrganizationSwitch.UnknownTarget, ct);
                return;
            }

            (target, isSwitch) = (found, found != grant.OrganizationId);
        }

        // Looked for in the target organization alone; that of another one is as unknown as one that does not exist.
        var named = context.Request.IsRefreshTokenGrantType() ? RequestedWorkspace(context.Request) : null;
        var asked = named is not null && !WorkspaceName.IsNone(named) ? WorkspaceName.Of(named) : (WorkspaceName?)null;
        var workspace = named is not null ? asked : isSwitch ? null : WorkspaceName.Of(grant.WorkspaceId);
        var facts = await reader.ReadAsync(grant.UserId, grant.SessionId, target, workspace, grant.Proofs, ct);
        var judgement = facts is null ? new Judgement(Verdict.GrantDead, null) : AccessPolicy.Judge(facts);
        if (facts is null || judgement.Proof is null || OrganizationSwitch.Refusal(judgement, facts, isSwitch) is not null)
        {
            await RefuseAsync(context, grant, facts is null ? new TokenRefusal(Errors.InvalidGrant, "The account no longer exists.") : OrganizationSwitch.Refusal(judgement, facts, isSwitch)!, ct);
            return;
        }

        if (asked is not null && facts.Workspace is null)
        {
            await RefuseAsync(context, grant, OrganizationSwitch.UnknownWorkspace, ct);
            return;
        }

        var before = earlier.GetResources() is [{ } resource] ? resource : null;
        if (await audiences.FindAsync(context.Request, app, before, ct) is not { } audience)
        {
            context.Reject(Errors.InvalidTarget, "The app may not ask for tokens of that API.");
            return;
        }

        if (audience.Api is not null && audience.Audience != before && !await audiences.IsAllowedAsync(app, grant.UserId, audience.Audience, ct))
        {
            context.Reject(Errors.ConsentRequired, "The person has not been asked whether the app may use that API.");
            return;
        }

        var scopes = Narrow(context.Request, earlier);
        var principal = Principals.From(TokenClaims.For(facts, judgement.Proof, grant.SessionId, scopes, audience.Api, app.ClaimMap));

        // The grant keeps its scopes (RFC 6749 section 6); the engine narrows the access token to those asked for.
        principal.SetScopes(earlier.GetScopes());
        principal.SetAuthorizationId(row!.Id.ToString()); // not null, see above
        principal.SetRefreshTokenLifetime(RefreshLifetime(row, app));

        // Saved with the successor token, in the transaction that spends the old one. A workspace that is gone or not the person's any more leaves the grant here.
        row.WorkspaceId = facts.Workspace?.Id.Value;
        if (isSwitch) (row.OrganizationId, row.Proofs) = (target?.Value, Grants.Write(facts.Proofs));
        if (isSwitch || (named is not null && facts.Workspace?.Id != grant.WorkspaceId)) context.Transaction.SetProperty(SwitchedFrom, grant);

        Finish(context, app, principal, audience, options, TimeSpan.MaxValue);
    }

    /// <param name="atMost">A bound of the lifetime besides those of API and app.</param>
    internal static void Finish(HandleTokenRequestContext context, App app, ClaimsPrincipal principal, (string Audience, Api? Api) target, TokenOptions options, TimeSpan atMost)
    {
        var lifetime = TimeSpan.FromSeconds(Math.Min(target.Api?.AccessTokenSeconds ?? options.AccessTokenSeconds, app.AccessTokenSeconds ?? int.MaxValue));
        principal.SetResources(target.Audience);
        principal.SetAccessTokenLifetime(lifetime < atMost ? lifetime : atMost);
        context.Transaction.SetProperty(TokenShape.AccessTokenAlgorithm, target.Api?.SigningAlgorithm ?? SecurityAlgorithm.Default);
        context.SignIn(principal);
    }

    private async Task RefuseAsync(HandleTokenRequestContext context, Grant grant, TokenRefusal refusal, CancellationToken ct)
    {
        await refusals.Events.RecordAsync(grant, refusal, Requested(context.Request) ?? RequestedWorkspace(context.Request), ct);
        if (refusal.Organization is { } organization) context.Transaction.SetProperty(RefusedOrganization, organization.ToString());
        context.Reject(refusal.Error, refusal.Description);
    }

    private TimeSpan RefreshLifetime(OidcAuthorization row, App app)
    {
        var sliding = TimeSpan.FromDays(Math.Min(options.RefreshTokenDays, app.RefreshTokenDays ?? int.MaxValue));
        var created = new DateTimeOffset(DateTime.SpecifyKind(row.CreationDate ?? clock.GetUtcNow().UtcDateTime, DateTimeKind.Utc));
        var left = created + TimeSpan.FromDays(Math.Min(options.RefreshTokenAbsoluteDays, app.RefreshTokenAbsoluteDays ?? int.MaxValue)) - clock.GetUtcNow();
        return left < sliding ? left : sliding;
    }

    /// <summary>A refresh may ask for fewer scopes, never for more (RFC 6749 section 6; the engine refuses more).</summary>
    private static IReadOnlyCollection<string> Narrow(OpenIddictRequest request, ClaimsPrincipal earlier)
    {
        var granted = earlier.GetScopes();
        var asked = request.IsRefreshTokenGrantType() ? request.GetScopes() : [];
        return asked.Length == 0 ? granted : [.. granted.Where(asked.Contains)];
    }

    internal static string? Requested(OpenIddictRequest request) => (string?)request["organization"] ?? (string?)request["organization_id"];

    internal static string? RequestedWorkspace(OpenIddictRequest request) => (string?)request[WorkspaceName.Parameter];
}

/// <summary>What every token request needs from the database besides its facts.</summary>
public sealed class TokenRefusals(AuthorizeService authorize, AppCache apps, OidcSession session, TokenEvents events)
{
    public static readonly TokenRefusal AppGone = new(Errors.InvalidClient, "The client is not known.");

    public TokenEvents Events => events;

    /// <summary>The app that the engine has authenticated; null when it was deleted meanwhile.</summary>
    public async ValueTask<App?> AppAsync(string? clientId, CancellationToken ct) =>
        clientId is not null && await apps.FindByClientIdAsync(session, clientId, ct) is { } row ? AppRegistry.ToApp(row) : null;

    /// <summary>An id is taken as it is: the policy's own read finds out whether it exists. A slug costs a statement.</summary>
    public async Task<Id<Organization>?> ResolveAsync(string idOrSlug, CancellationToken ct) =>
        Id<Organization>.TryParse(idOrSlug, out var id) && id != Organization.Instance ? id : (await authorize.FindAsync(idOrSlug, ct))?.Id;
}
