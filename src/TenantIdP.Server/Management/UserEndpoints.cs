using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class UserEndpoints
{
    public static void MapUsers(this RouteGroupBuilder api)
    {
        var users = api.MapGroup("/users").WithTags("Users").RequireInstance().WithErrors(MemberErrors.LastOwner);

        users.MapPost("/", CreateAsync).WithName("CreateUser");
        users.MapGet("/", ListAsync).WithName("ListUsers");
        users.MapGet("/{userId}", FindAsync).WithName("GetUser");
        users.MapPatch("/{userId}", UpdateAsync).WithName("UpdateUser");
        users.MapPost("/{userId}/suspend", SuspendAsync).WithName("SuspendUser");
        users.MapPost("/{userId}/resume", ResumeAsync).WithName("ResumeUser");
    }

    private static async Task<Results<Created<UserResponse>, ProblemHttpResult>> CreateAsync(CreateUserRequest request, UserService users, CancellationToken ct)
    {
        var emails = (request.Emails ?? []).Select(e => new NewUserEmail(e.Address, e.Verified)).ToList();
        var created = await users.CreateAsync(new NewUser(emails, request.Name, request.GivenName, request.FamilyName, request.Password), ct);
        return created.ToCreated(UserResponse.From, u => $"{ManagementEndpoints.Path}/users/{u.Id}");
    }

    private static Task<Results<Ok<ListResponse<UserResponse>>, ProblemHttpResult>> ListAsync([AsParameters] PageQuery query, string? email, UserService users, CancellationToken ct) =>
        query.AnswerAsync(page => users.ListAsync(email, page, ct), UserResponse.From);

    private static async Task<Results<Ok<UserResponse>, ProblemHttpResult>> FindAsync(Id<User> userId, UserService users, CancellationToken ct) =>
        (await users.FindAsync(userId, ct)).ToOk(UserResponse.From);

    private static async Task<Results<Ok<UserResponse>, ProblemHttpResult>> UpdateAsync(
        Id<User> userId, UserChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, UserService users, CancellationToken ct) =>
        (await users.UpdateAsync(userId, changes, EntityTags.Expected(ifMatch), ct)).ToOk(UserResponse.From);

    private static async Task<Results<Ok<UserResponse>, ProblemHttpResult>> SuspendAsync(Id<User> userId, UserService users, CancellationToken ct) =>
        (await users.SuspendAsync(userId, ct)).ToOk(UserResponse.From);

    private static async Task<Results<Ok<UserResponse>, ProblemHttpResult>> ResumeAsync(Id<User> userId, UserService users, CancellationToken ct) =>
        (await users.ResumeAsync(userId, ct)).ToOk(UserResponse.From);
}

/// <param name="Verified">You vouch that the mailbox is this person's.</param>
public sealed record CreateUserEmailRequest([property: Required, MaxLength(EmailAddress.MaxLength)] string Address, bool Verified = false);

/// <param name="Password">15 to 256 characters; leave it out for a person who signs in by SSO.</param>
public sealed record CreateUserRequest(
    [property: MaxLength(UserService.MaxEmails)] IReadOnlyList<CreateUserEmailRequest>? Emails = null, string? Name = null, string? GivenName = null, string? FamilyName = null, string? Password = null);

public sealed record UserEmailResponse(string Address, bool Primary, bool Verified);

public sealed record UserResponse(
    Id<User> Id, string? Name, string? GivenName, string? FamilyName, UserStatus Status, bool IsOperator, IReadOnlyList<UserEmailResponse> Emails,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    internal static UserResponse From(User u) =>
        new(u.Id, u.Name, u.GivenName, u.FamilyName, u.Status, u.IsOperator, [.. u.Emails.Select(e => new UserEmailResponse(e.Address, e.IsPrimary, e.VerifiedAt is not null))], u.CreatedAt, u.UpdatedAt, u.Version);
}
