using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class UserDataEndpoints
{
    public static void MapUserData(this RouteGroupBuilder api)
    {
        var user = api.MapGroup("/users/{userId}").WithTags("Users").RequireInstance().WithErrors(Core.Members.MemberErrors.LastOwner);

        user.MapGet("/export", ExportAsync).WithName("ExportUser").WithSummary("Everything that is held about a person, without secrets.");
        user.MapPost("/erase", EraseAsync).WithName("EraseUser").WithSummary("Removes everything that is held about a person and keeps the bare id. Can't be undone.");
    }

    private static async Task<Results<Ok<UserExportResponse>, ProblemHttpResult>> ExportAsync(Id<User> userId, UserExport export, CancellationToken ct) =>
        (await export.ExportAsync(userId, ct)).ToOk(UserExportResponse.From);

    private static async Task<Results<Ok<UserResponse>, ProblemHttpResult>> EraseAsync(Id<User> userId, EraseUserRequest request, UserErasure erasure, CancellationToken ct) =>
        (await erasure.EraseAsync(userId, request.Confirm!.Value, ct)).ToOk(UserResponse.From); // required, so validation has seen it
}

/// <param name="Confirm">The id of the user again.</param>
public sealed record EraseUserRequest([property: Required] Id<User>? Confirm);

/// <param name="PasswordChangedAt">Null without a password.</param>
/// <param name="Events">About the person or caused by them.</param>
/// <param name="SignInTraces">Of their sign-ins by connections in the last 30 days; redacted.</param>
/// <param name="DirectoryUsers">What directories say about them.</param>
public sealed record UserExportResponse(
    UserResponse User, DateTimeOffset? PasswordChangedAt, IReadOnlyList<UserIdentityResponse> Identities, IReadOnlyList<UserMembershipResponse> Memberships, IReadOnlyList<ExportedWorkspace> Workspaces, IReadOnlyList<UserSessionResponse> Sessions,
    IReadOnlyList<ExportedEvent> Events, IReadOnlyList<SignInTraceResponse> SignInTraces, IReadOnlyList<ExportedDirectoryUser> DirectoryUsers)
{
    internal static UserExportResponse From(ExportedUser e) =>
        new(UserResponse.From(e.User), e.PasswordChangedAt, [.. e.Identities.Select(UserIdentityResponse.From)], [.. e.Memberships.Select(UserMembershipResponse.From)], e.Workspaces,
            [.. e.Sessions.Select(UserSessionResponse.From)], e.Events, [.. e.SignInTraces.Select(SignInTraceResponse.From)], e.DirectoryUsers);
}
