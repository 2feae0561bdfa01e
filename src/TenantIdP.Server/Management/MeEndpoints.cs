using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Workspaces;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class MeEndpoints
{
    public static void MapMe(this RouteGroupBuilder api)
    {
        var me = api.MapGroup("/me").WithTags("Me").RequireUser();

        me.MapGet("/organizations", ListOrganizationsAsync).WithName("ListMyOrganizations");
        me.MapGet("/workspaces", ListWorkspacesAsync).WithName("ListMyWorkspaces").WithDescription("The active workspaces of the token's organization that the person is in; none when the token is for no organization.");
    }

    private static async Task<Ok<ListResponse<MyOrganizationResponse>>> ListOrganizationsAsync(ManagementCaller caller, UserOrganizations organizations, CancellationToken ct)
    {
        var mine = await organizations.ListAsync(caller.User!.Value, ct); // RequireUser lets in nobody else
        return TypedResults.Ok(new ListResponse<MyOrganizationResponse>([.. mine.Select(o => MyOrganizationResponse.From(o, caller.Organization))], Next: null));
    }

    private static async Task<Ok<ListResponse<MyWorkspaceResponse>>> ListWorkspacesAsync(ManagementCaller caller, UserWorkspaces workspaces, CancellationToken ct)
    {
        var mine = caller is { User: { } user, Organization: { } organization } ? await workspaces.ListAsync(user, organization, ct) : [];
        return TypedResults.Ok(new ListResponse<MyWorkspaceResponse>([.. mine.Select(w => MyWorkspaceResponse.From(w, caller.Workspace))], Next: null));
    }
}

/// <param name="Current">The token is for this workspace.</param>
public sealed record MyWorkspaceResponse(Id<Workspace> Id, string Slug, string DisplayName, bool IsDefault, IReadOnlyList<string> Roles, bool Current)
{
    internal static MyWorkspaceResponse From(UserWorkspace w, Id<Workspace>? current) => new(w.Id, w.Slug.Value, w.DisplayName, w.IsDefault, w.Roles, w.Id == current);
}

/// <param name="Current">The token is for this organization.</param>
public sealed record MyOrganizationResponse(Id<Organization> Id, string Slug, string DisplayName, IReadOnlyList<string> Roles, bool Current)
{
    internal static MyOrganizationResponse From(UserOrganization o, Id<Organization>? current) => new(o.Id, o.Slug.Value, o.DisplayName, o.Roles, o.Id == current);
}
