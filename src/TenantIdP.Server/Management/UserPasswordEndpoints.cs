using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class UserPasswordEndpoints
{
    public static void MapUserPasswords(this RouteGroupBuilder api)
    {
        var user = api.MapGroup("/users/{userId}").WithTags("Users").RequireInstance();

        user.MapPost("/unlock", UnlockAsync).WithName("UnlockUser").WithSummary("Forgets the wrong passwords that were tried, so that the right one is taken again.");
        user.MapPut("/password", SetAsync).WithName("SetUserPassword").WithSummary("Sets or replaces the password and ends every session of the user.");
        user.MapDelete("/password", RemoveAsync).WithName("RemoveUserPassword").WithSummary("Removes the password and ends the sessions that it has proven.");
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> UnlockAsync(Id<User> userId, UserCredentials credentials, CancellationToken ct) =>
        (await credentials.UnlockAsync(userId, ct)).ToNoContent();

    private static async Task<Results<NoContent, ProblemHttpResult>> SetAsync(Id<User> userId, SetUserPasswordRequest request, UserCredentials credentials, CancellationToken ct) =>
        (await credentials.SetPasswordAsync(userId, request.Password, ct)).ToNoContent();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Id<User> userId, UserCredentials credentials, CancellationToken ct) =>
        (await credentials.RemovePasswordAsync(userId, ct)).ToNoContent();
}

/// <param name="Password">15 to 256 characters.</param>
public sealed record SetUserPasswordRequest([property: Required] string Password);
