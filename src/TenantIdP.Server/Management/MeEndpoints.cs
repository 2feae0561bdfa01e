using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class MeEndpoints
{
    public static void MapMe(this RouteGroupBuilder api)
    {
        var me = api.MapGroup("/me").WithTags("Me").RequireUser();

        me.MapGet("/organizations", ListOrganizationsAsync).WithName("ListMyOrganizations");
    }

    private static async Task<Ok<ListResponse<MyOrganizationResponse>>> ListOrganizationsAsync(ManagementCaller caller, UserOrganizations organizations, CancellationToken ct)
    {
        var mine = await organizations.ListAsync(caller.User!.Value, ct); // RequireUser lets in nobody else
        return TypedResults.Ok(new ListResponse<MyOrganizationResponse>([.. mine.Select(o => MyOrganizationResponse.From(o, caller.Organization))], Next: null));
    }
}

/// <param name="Current">The token is for this organization.</param>
public sealed record MyOrganizationResponse(Id<Organization> Id, string Slug, string DisplayName, IReadOnlyList<string> Roles, bool Current)
{
    internal static MyOrganizationResponse From(UserOrganization o, Id<Organization>? current) => new(o.Id, o.Slug.Value, o.DisplayName, o.Roles, o.Id == current);
}
