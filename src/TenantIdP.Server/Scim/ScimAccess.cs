using System.Globalization;
using TenantIdP.Core;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;
using TenantIdP.Scim;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Scim;

/// <summary>
/// The one place that lets identity providers in to a directory, before anything of the request is read. Who has no token learns nothing: an unknown token and an unknown directory
/// are answered alike; with the token of another directory nothing is there.
/// </summary>
internal sealed class ScimAccess(IdpDbContext db, DirectoryReader directories, IAccessTokens tokens, IssuerOptions issuer, ActorContext actor, ScimRequest request)
{
    public const string DirectoryParameter = "directoryId";

    private const string Prefix = "Bearer ";

    private static readonly ScimError Unauthenticated = new(401, null, "Send the directory's bearer token: it is missing, unknown, revoked or has ended.");
    private static readonly ScimError NotThere = new(404, null, "There is no such directory for this token. Check the base URL.");
    private static readonly ScimError Disabled = new(403, null, "This directory is disabled. An administrator of the organization can enable it.");
    private static readonly ScimError Suspended = new(403, null, "The organization is suspended.");

    /// <summary>Enters the organization's scope.</summary>
    /// <returns>Null when let in; otherwise what is answered.</returns>
    public async Task<ScimAnswer?> AdmitAsync(HttpContext context)
    {
        actor.TraceId = RequestTrace.Of(context);
        var found = await FindAsync(context);
        if (!found.IsOk)
        {
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

    private async Task<ScimResult<(DirectoryAdmission Admitted, string? App)>> FindAsync(HttpContext context)
    {
        var header = context.Request.Headers.Authorization;
        if (header is not [{ } single] || !single.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) return Unauthenticated;
        var presented = single[Prefix.Length..].Trim();
        if (!DirectorySecret.IsToken(presented)) return await FindByAppAsync(context, presented);
        return await directories.FindAsync(presented, context.RequestAborted) is { } found ? (found, null) : Unauthenticated;
    }

    /// <summary>An app's token for itself, of one organization, for our API (RFC 6749 section 4.4): what the organization has granted it is asked now.</summary>
    private async Task<ScimResult<(DirectoryAdmission Admitted, string? App)>> FindByAppAsync(HttpContext context, string presented)
    {
        if (await tokens.ReadAsync(presented, context.RequestAborted) is not { UserId: null, OrganizationId: { } organization } token
            || !token.Audiences.Contains(issuer.ManagementApi, StringComparer.Ordinal) || !Id<App>.TryParse(token.ClientId, out var app)) return Unauthenticated;
        if (Parse(context) is not { } directory) return NotThere;
        var found = await directories.FindAsync(app, organization, directory, context.RequestAborted);
        if (found.IsOk) return (found.Value, token.ClientId);
        return found.Error == DirectoryErrors.SyncNotGranted ? ScimAnswer.ErrorOf(found.Error) : NotThere;
    }

    private static Id<OrganizationDirectory>? Parse(HttpContext context) =>
        Id<OrganizationDirectory>.TryParse(Convert.ToString(context.GetRouteValue(DirectoryParameter), CultureInfo.InvariantCulture), out var id) ? id : null;
}
