using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Scim;
using TenantIdP.Scim.Schemas;
using TenantIdP.Server.Http;
using TenantIdP.Server.Scim;

namespace TenantIdP.Server.Management;

/// <summary>The users that a directory has pushed, with what it says of them beyond a member's name. They are the directory's to change.</summary>
internal static class DirectoryUserEndpoints
{
    public static void MapDirectoryUsers(this RouteGroupBuilder organization)
    {
        var users = organization.MapGroup("/directories/{directoryId}/users").WithTags("Directories").RequireOrganization(Permission.DirectoriesRead).WithErrors(DirectoryErrors.NotFound);
        users.MapGet("/", ListAsync).WithName("ListDirectoryUsers").WithDescription("With `member`, what the directory says of that member.");
        users.MapGet("/{directoryUserId}", FindAsync).WithName("GetDirectoryUser").WithErrors(DirectoryUserErrors.NotFound);
    }

    private static Task<Results<Ok<ListResponse<DirectoryUserResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, Id<Membership>? member, [AsParameters] PageQuery query, DirectoryUserOverview users, CancellationToken ct)
    {
        ScimResourceType? type = null; // of all rows alike
        return query.AnswerAsync(page => users.ListAsync(organizationId, directoryId, member, page, ct), u => DirectoryUserResponse.From(u.User, type ??= UserTypes.Of(u.Directory)));
    }

    private static async Task<Results<Ok<DirectoryUserResponse>, ProblemHttpResult>> FindAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, Id<DirectoryUser> directoryUserId, DirectoryUserOverview users, CancellationToken ct) =>
        (await users.FindAsync(organizationId, directoryId, directoryUserId, ct)).ToOk(u => DirectoryUserResponse.From(u.User, UserTypes.Of(u.Directory)));
}

/// <param name="Id">The user's id in SCIM.</param>
/// <param name="Email">The address that counts, as the directory says it.</param>
/// <param name="Enterprise">SCIM's enterprise extension: department, employee number, manager and the like; null without any.</param>
/// <param name="Custom">The values of the directory's `customAttributes`; null without any.</param>
public sealed record DirectoryUserResponse(
    Id<DirectoryUser> Id, Id<Membership> MemberId, Id<User> UserId, string UserName, string? ExternalId, bool Active, string? Email, string? DisplayName, string? GivenName, string? FamilyName,
    JsonElement? Enterprise, JsonElement? Custom, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    internal static DirectoryUserResponse From(DirectoryUser u, ScimResourceType type)
    {
        var extensions = UserMap.Extensions(u, type);
        return new DirectoryUserResponse(
            u.Id, u.MembershipId, u.UserId, u.UserName, u.ExternalId, u.Active, u.PrimaryEmail, u.DisplayName, u.GivenName, u.FamilyName,
            Of(extensions, ScimUrns.EnterpriseUser), Of(extensions, ScimUrns.CustomUser), u.CreatedAt, u.UpdatedAt, u.Version);
    }

    private static JsonElement? Of(JsonElement extensions, string urn) => extensions.TryGetProperty(urn, out var values) ? values : null;
}
