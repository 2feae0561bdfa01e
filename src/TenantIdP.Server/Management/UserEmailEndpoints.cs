using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class UserEmailEndpoints
{
    public static void MapUserEmails(this RouteGroupBuilder api)
    {
        var emails = api.MapGroup("/users/{userId}/emails").WithTags("Users").RequireInstance();

        emails.MapGet("/", ListAsync).WithName("ListUserEmails").WithSummary("Lists the addresses of a user; there are at most 20.");
        emails.MapPost("/", AddAsync).WithName("AddUserEmail").WithSummary("Adds an address.");
        emails.MapPatch("/{emailId}", UpdateAsync).WithName("UpdateUserEmail").WithSummary("Vouches for an address, or makes it the primary one.").WithErrors(MemberErrors.EmailDomainNotAllowed);
        emails.MapDelete("/{emailId}", RemoveAsync).WithName("RemoveUserEmail").WithSummary("Removes an address that is neither the primary one nor the only one.").WithErrors(MemberErrors.EmailDomainNotAllowed);
    }

    private static async Task<Results<Ok<ListResponse<UserEmailResponse>>, ProblemHttpResult>> ListAsync(Id<User> userId, UserEmailService emails, CancellationToken ct) =>
        (await emails.ListAsync(userId, ct)).ToOk(found => new ListResponse<UserEmailResponse>([.. found.Select(UserEmailResponse.From)], Next: null));

    private static async Task<Results<Created<UserEmailResponse>, ProblemHttpResult>> AddAsync(Id<User> userId, CreateUserEmailRequest request, UserEmailService emails, CancellationToken ct) =>
        (await emails.AddAsync(userId, request.Address, request.Verified, ct)).ToCreated(UserEmailResponse.From, e => $"{ManagementEndpoints.Path}/users/{userId}/emails/{e.Id}");

    private static async Task<Results<Ok<UserEmailResponse>, ProblemHttpResult>> UpdateAsync(
        Id<User> userId, Id<UserEmail> emailId, UserEmailChanges changes, UserEmailService emails, CancellationToken ct) =>
        (await emails.UpdateAsync(userId, emailId, changes, ct)).ToOk(UserEmailResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Id<User> userId, Id<UserEmail> emailId, UserEmailService emails, CancellationToken ct) =>
        (await emails.RemoveAsync(userId, emailId, ct)).ToNoContent();
}

public sealed record UserEmailResponse(Id<UserEmail> Id, string Address, bool Primary, bool Verified, DateTimeOffset AddedAt, DateTimeOffset? VerifiedAt)
{
    internal static UserEmailResponse From(UserEmail e) => new(e.Id, e.Address, e.IsPrimary, e.VerifiedAt is not null, e.AddedAt, e.VerifiedAt);
}
