using System.Globalization;
using TenantIdP.Core;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Scim;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Scim;

/// <summary>
/// The one place that lets identity providers in to a directory, before anything of the request is read. Who has no token learns nothing: an unknown token and an unknown directory
/// are answered alike; with the token of another directory nothing is there.
/// </summary>
internal sealed class ScimAccess(IdpDbContext db, ScimCallers callers, RateLimits limits, ActorContext actor, ScimRequest request)
{
    public const string DirectoryParameter = "directoryId";

    internal static readonly ScimError Unauthenticated = new(401, null, "Send the directory's bearer token: it is missing, unknown, revoked or has ended.");
    internal static readonly ScimError NotThere = new(404, null, "There is no such directory for this token. Check the base URL.");

    private static readonly ScimError TooMany = new(429, null, "Too many requests without a good token came from this address: go on after the seconds of Retry-After.");
    private static readonly ScimError Disabled = new(403, null, "This directory is disabled. An administrator of the organization can enable it.");
    private static readonly ScimError Suspended = new(403, null, "The organization is suspended.");

    /// <summary>Enters the organization's scope.</summary>
    /// <returns>Null when let in; otherwise what is answered.</returns>
    public async Task<ScimAnswer?> AdmitAsync(HttpContext context)
    {
        actor.TraceId = RequestTrace.Of(context);
        var found = await callers.FindAsync(context, Parse(context));
        if (!found.IsOk)
        {
            if (found.Error.Status == StatusCodes.Status401Unauthorized && limits.RefuseAnonymous(context) is { } wait)
            {
                ScimAnswer.ComeBack(context, wait);
                return ScimAnswer.Of(TooMany);
            }

            if (found.Error.Status == StatusCodes.Status401Unauthorized) context.Response.Headers.WWWAuthenticate = context.Request.Headers.Authorization.Count > 0 ? "Bearer error=\"invalid_token\"" : "Bearer";
            if (found.Error.Status == StatusCodes.Status403Forbidden) context.Response.Headers.WWWAuthenticate = "Bearer error=\"insufficient_scope\""; // RFC 6750 section 3.1
            return ScimAnswer.Of(found.Error);
        }

        var (admitted, app) = found.Value;
        if (Parse(context) != admitted.Directory.Id) return ScimAnswer.Of(NotThere);
        request.IsOf(admitted.Directory, context);
        if (admitted.Organization != OrganizationStatus.Active) return ScimAnswer.Of(Suspended);
        if (admitted.Directory.Status != DirectoryStatus.Active) return ScimAnswer.Of(Disabled);
        actor.Actor = new Actor(ActorKind.Directory, admitted.Directory.Id.ToString()) { Act = app };
        db.EnterOrganization(admitted.Directory.OrganizationId);
        context.Features.Set(admitted);
        return null;
    }

    private static Id<OrganizationDirectory>? Parse(HttpContext context) =>
        Id<OrganizationDirectory>.TryParse(Convert.ToString(context.GetRouteValue(DirectoryParameter), CultureInfo.InvariantCulture), out var id) ? id : null;
}
