using System.Globalization;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>What an endpoint asks of its caller. The last one on an endpoint counts; an endpoint without one lets nobody in.</summary>
/// <param name="Scope">Lets in an app with this scope alone, too.</param>
internal sealed record AccessRequirement(AccessKind Kind, string? Permission = null, string? Scope = null)
{
    /// <summary>What an endpoint without one is described as.</summary>
    public static readonly AccessRequirement Nobody = new(AccessKind.Instance);
}

internal enum AccessKind
{
    /// <summary>An operator's app.</summary>
    Instance,

    /// <summary>An operator's app, a member of the route's organization with the permission, or an app that the organization has granted it.</summary>
    Organization,

    /// <summary>A person, about themselves.</summary>
    User,
}

internal static class AccessRequirements
{
    /// <param name="scope">Lets in an app with this scope alone, too.</param>
    public static TBuilder RequireInstance<TBuilder>(this TBuilder endpoint, string? scope = null) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new AccessRequirement(AccessKind.Instance, Scope: scope));

    public static TBuilder RequireOrganization<TBuilder>(this TBuilder endpoint, string permission) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new AccessRequirement(AccessKind.Organization, permission));

    public static TBuilder RequireUser<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new AccessRequirement(AccessKind.User));
}

/// <summary>
/// The one place that lets callers of the management API in. Runs before anything of the request is bound. A token proves who somebody is; what they may do is read anew
/// from session, grant, membership and policy each time.
/// </summary>
internal sealed class ManagementAccess(IdpDbContext db, IAccessTokens tokens, AccessReader reader, IssuerOptions issuer, ManagementCaller caller, ActorContext actor)
{
    public const string OrganizationParameter = "organizationId";

    /// <returns>False when the request was answered.</returns>
    public async Task<bool> AdmitAsync(HttpContext context)
    {
        if (!(await context.AuthenticateAsync(ManagementAuthentication.SchemeName)).Succeeded) return await ChallengeAsync(context);
        var requirement = context.GetEndpoint()?.Metadata.GetMetadata<AccessRequirement>();
        if (requirement is null) return await RefuseAsync(context, ManagementErrors.OperatorRequired);
        actor.TraceId = RequestTrace.Of(context);
        if (context.Features.Get<KeyFacts>() is { } key)
            return await AdmitBoundAsync(context, requirement, new Actor(ActorKind.Key, key.Id.ToString()), key.OrganizationId, () => Task.FromResult<IReadOnlyList<string>?>(key.Permissions));
        if (context.Features.Get<AccessTokenFacts>() is not { } token) return await ChallengeAsync(context);
        var forUs = requirement.Kind == AccessKind.User || token.Audiences.Contains(issuer.ManagementApi, StringComparer.Ordinal);
        if (!forUs) return await ChallengeAsync(context);
        return token.UserId is { } user ? await AdmitUserAsync(context, requirement, token, user) : await AdmitAppAsync(context, requirement, token);
    }

    private async Task<bool> AdmitAppAsync(HttpContext context, AccessRequirement requirement, AccessTokenFacts token)
    {
        var self = new Actor(ActorKind.App, token.ClientId);
        if (token.OrganizationId is { } bound) return await AdmitBoundAsync(context, requirement, self, bound, () => GrantedAsync(bound, token.ClientId, context.RequestAborted));
        if (requirement.Kind == AccessKind.User) return await RefuseAsync(context, ManagementErrors.UserRequired);
        var manages = token.Scopes.Contains(ManagementApi.Scope);
        if (!manages && (requirement.Scope is not { } enough || !token.Scopes.Contains(enough))) return await RefuseScopeAsync(context, ManagementErrors.ScopeMissing);
        if (context.GetRouteValue(OrganizationParameter) is { } named)
        {
            if (Parse(named) is not { } organization || !await db.Organizations.AnyAsync(o => o.Id == organization, context.RequestAborted)) return await RefuseAsync(context, OrganizationErrors.NotFound);
            db.EnterOrganization(organization);
        }

        actor.Actor = self;
        if (manages) caller.IsApp();
        return true;
    }

    /// <summary>
    /// Nobody's: an app's token of one organization, whatever its scopes, or a key of one. It sees that one only, and does there what it has now, which is read when the
    /// route is its own.
    /// </summary>
    /// <param name="permissions">Null when it has nothing there any more.</param>
    private async Task<bool> AdmitBoundAsync(HttpContext context, AccessRequirement requirement, Actor who, Id<Organization> organization, Func<Task<IReadOnlyList<string>?>> permissions)
    {
        if (requirement.Kind == AccessKind.User) return await RefuseAsync(context, ManagementErrors.UserRequired);
        if (context.GetRouteValue(OrganizationParameter) is { } named && Parse(named) != organization) return await RefuseAsync(context, OrganizationErrors.NotFound);
        if (requirement.Kind != AccessKind.Organization) return await RefuseAsync(context, ManagementErrors.OperatorRequired);
        if (await permissions() is not { } granted) return await RefuseAsync(context, OrganizationErrors.NotFound);

        actor.Actor = who;
        caller.IsBound(organization, granted);
        if (!caller.Has(requirement.Permission!)) return await RefuseAsync(context, ManagementErrors.PermissionMissing(requirement.Permission!)); // RequireOrganization always names one
        db.EnterOrganization(organization);
        return true;
    }

    private async Task<IReadOnlyList<string>?> GrantedAsync(Id<Organization> organization, string clientId, CancellationToken ct) =>
        Id<App>.TryParse(clientId, out var app) ? (await reader.ReadAppAsync(organization.ToString(), app, ct))?.Permissions : null;

    private async Task<bool> AdmitUserAsync(HttpContext context, AccessRequirement requirement, AccessTokenFacts token, Id<User> user)
    {
        if (requirement.Kind == AccessKind.User && !token.Scopes.Contains("openid")) return await RefuseScopeAsync(context, ManagementErrors.OpenIdMissing);

        // Another organization's object is not there, whether it exists or not: decided before anything is read.
        if (context.GetRouteValue(OrganizationParameter) is { } named && (token.OrganizationId is not { } own || Parse(named) != own)) return await RefuseAsync(context, OrganizationErrors.NotFound);

        if (token.SessionId is not { } session || await tokens.FindGrantAsync(token.GrantId, context.RequestAborted) is not { } grant || grant.UserId != user || grant.SessionId != session)
            return await ChallengeAsync(context);
        var facts = await reader.ReadAsync(user, session, token.OrganizationId, grant.Proofs, context.RequestAborted);
        if (facts is null) return await ChallengeAsync(context);
        var judgement = AccessPolicy.Judge(facts);
        switch (judgement.Verdict)
        {
            case Verdict.Granted:
                break;
            case Verdict.SsoRequired or Verdict.ProofRequired:
                return await RefuseAsync(context, ManagementErrors.InteractionRequired);
            case Verdict.NotAMember when requirement.Kind == AccessKind.Organization:
                return await RefuseAsync(context, OrganizationErrors.NotFound);
            default:
                return await ChallengeAsync(context);
        }

        actor.Actor = new Actor(ActorKind.User, user.ToString()) { Act = token.Act };
        caller.IsUser(user, token.OrganizationId, facts.Roles, judgement.Proof?.At);
        caller.Workspace = token.WorkspaceId;
        switch (requirement.Kind)
        {
            case AccessKind.User:
                return true;
            case AccessKind.Organization when token.OrganizationId is { } organization:
                if (!caller.Has(requirement.Permission!)) return await RefuseAsync(context, ManagementErrors.PermissionMissing(requirement.Permission!)); // RequireOrganization always names one
                db.EnterOrganization(organization);
                return true;
            default:
                return await RefuseAsync(context, ManagementErrors.OperatorRequired);
        }
    }

    private static Id<Organization>? Parse(object routeValue) => Id<Organization>.TryParse(Convert.ToString(routeValue, CultureInfo.InvariantCulture), out var id) ? id : null;

    private static async Task<bool> ChallengeAsync(HttpContext context)
    {
        await context.ChallengeAsync(ManagementAuthentication.SchemeName);
        return false;
    }

    private static async Task<bool> RefuseAsync(HttpContext context, Error error)
    {
        await Problems.WriteAsync(context, error);
        return false;
    }

    private static Task<bool> RefuseScopeAsync(HttpContext context, Error error)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer error=\"insufficient_scope\""; // RFC 6750 section 3.1
        return RefuseAsync(context, error);
    }
}
