using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>What apps may do in one organization for themselves.</summary>
internal static class AppGrantEndpoints
{
    public static void MapAppGrants(this RouteGroupBuilder organization)
    {
        var grants = organization.MapGroup("/apps").WithTags("App grants");

        grants.MapGet("/", ListAsync).WithName("ListAppGrants").RequireOrganization(Permission.AppsRead);
        grants.MapGet("/{appId}", FindAsync).WithName("GetAppGrant").RequireOrganization(Permission.AppsRead);
        grants.MapPut("/{appId}", GrantAsync).WithName("GrantApp").RequireOrganization(Permission.AppsWrite)
            .WithErrors(RoleErrors.PermissionInvalid("resource:action"), RoleErrors.Escalation)
            .WithDescription("Lets an app ask for tokens of this organization for itself (`client_credentials` with `organization`), with these permissions, which its caller must hold. Replaces what was granted before.");
        grants.MapDelete("/{appId}", RevokeAsync).WithName("RevokeAppGrant").RequireOrganization(Permission.AppsWrite);
    }

    private static Task<Results<Ok<ListResponse<AppGrantResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, [AsParameters] PageQuery query, AppGrantService grants, CancellationToken ct) =>
        query.AnswerAsync(page => grants.ListAsync(organizationId, page, ct), AppGrantResponse.From);

    private static async Task<Results<Ok<AppGrantResponse>, ProblemHttpResult>> FindAsync(Id<Organization> organizationId, Id<App> appId, AppGrantService grants, CancellationToken ct) =>
        (await grants.FindAsync(organizationId, appId, ct)).ToOk(AppGrantResponse.From);

    private static async Task<Results<Ok<AppGrantResponse>, ProblemHttpResult>> GrantAsync(
        Id<Organization> organizationId, Id<App> appId, GrantAppRequest request, [FromHeader(Name = "If-Match")] string? ifMatch, AppGrantService grants, ManagementCaller caller, CancellationToken ct) =>
        (await grants.GrantAsync(organizationId, appId, request.Permissions, caller.Granter, EntityTags.Expected(ifMatch), ct)).ToOk(AppGrantResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(Id<Organization> organizationId, Id<App> appId, AppGrantService grants, CancellationToken ct) =>
        (await grants.RevokeAsync(organizationId, appId, ct)).ToNoContent();
}

/// <param name="Permissions">Of this API and of the application's own, each held by the caller.</param>
public sealed record GrantAppRequest([property: Required] IReadOnlyList<string> Permissions);

public sealed record AppGrantResponse(Id<App> AppId, IReadOnlyList<string> Permissions, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    internal static AppGrantResponse From(AppGrant g) => new(g.AppId, g.Permissions, g.CreatedAt, g.UpdatedAt, g.Version);
}
