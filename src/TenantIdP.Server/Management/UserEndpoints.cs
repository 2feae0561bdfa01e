using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class UserEndpoints
{
    private static readonly Error StatusInvalid = new(ErrorKind.Invalid, "status_invalid", "A status is active, suspended, merged or erased.", "status");

    public static void MapUsers(this RouteGroupBuilder api)
    {
        var users = api.MapGroup("/users").WithTags("Users").RequireInstance().WithErrors(MemberErrors.LastOwner);

        users.MapPost("/", CreateAsync).WithName("CreateUser").WithSummary("Creates a user.");
        users.MapGet("/", ListAsync).WithName("ListUsers").WithErrors(Sorting.PrefixInvalid).WithSummary("Lists users; finds them by an email address or its beginning, or by your own id.");
        users.MapGet("/by-external-id/{externalId}", FindByExternalIdAsync).WithName("GetUserByExternalId").WithSummary("Finds the user with your own id.");
        users.MapPut("/by-external-id/{externalId}", UpsertAsync).WithName("UpsertUserByExternalId").WithSummary("Creates the user with your own id, or makes the profile so; addresses are added, none is taken away.");
        users.MapGet("/{userId}", FindAsync).WithName("GetUser").WithSummary("Finds a user.");
        users.MapPatch("/{userId}", UpdateAsync).WithName("UpdateUser").WithSummary("Changes profile, external id and metadata by a merge patch.");
        users.MapPost("/{userId}/suspend", SuspendAsync).WithName("SuspendUser").WithSummary("Locks a user out everywhere, at once.");
        users.MapPost("/{userId}/resume", ResumeAsync).WithName("ResumeUser").WithSummary("Lets a suspended user in again.");
    }

    private static async Task<Results<Created<UserResponse>, ProblemHttpResult>> CreateAsync(CreateUserRequest request, UserService users, CancellationToken ct) =>
        (await users.CreateAsync(request.ToNewUser(), ct)).ToCreated(UserResponse.From, u => Location(u.Id));

    private static async Task<Results<Ok<ListResponse<UserResponse>>, ProblemHttpResult>> ListAsync(
        [AsParameters] UserQuery wanted, [AsParameters] SortQuery sort, [AsParameters] PageQuery query, UserService users, CancellationToken ct)
    {
        if (!EnumTexts.TryRead<UserStatus>(wanted.Status, out var status)) return Problems.From(StatusInvalid);
        if (Sorting.CheckPrefix(wanted.Q) is { IsOk: false, Error: { } invalid }) return Problems.From(invalid);
        return await query.AnswerAsync(sort, page => users.ListAsync(new UserFilter(wanted.Email, wanted.ExternalId, status, wanted.Q), page, ct), UserResponse.From);
    }

    private static async Task<Results<Ok<UserResponse>, ProblemHttpResult>> FindByExternalIdAsync(string externalId, UserService users, CancellationToken ct) =>
        (await users.FindByExternalIdAsync(FromPath(externalId), ct)).ToOk(UserResponse.From);

    private static async Task<Results<Ok<UserResponse>, Created<UserResponse>, ProblemHttpResult>> UpsertAsync(string externalId, UpsertUserRequest request, UserService users, CancellationToken ct)
    {
        var done = await users.UpsertAsync(FromPath(externalId), request.ToNewUser(), ct);
        if (!done.IsOk) return Problems.From(done.Error);
        var response = UserResponse.From(done.Value.User);
        return done.Value.Created ? TypedResults.Created(Location(response.Id), response) : TypedResults.Ok(response);
    }

    private static async Task<Results<Ok<UserResponse>, ProblemHttpResult>> FindAsync(Id<User> userId, UserService users, CancellationToken ct) =>
        (await users.FindAsync(userId, ct)).ToOk(UserResponse.From);

    private static async Task<Results<Ok<UserResponse>, ProblemHttpResult>> UpdateAsync(
        Id<User> userId, UserChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, UserService users, CancellationToken ct) =>
        (await users.UpdateAsync(userId, changes, EntityTags.Expected(ifMatch), ct)).ToOk(UserResponse.From);

    private static async Task<Results<Ok<UserResponse>, ProblemHttpResult>> SuspendAsync(Id<User> userId, UserService users, CancellationToken ct) =>
        (await users.SuspendAsync(userId, ct)).ToOk(UserResponse.From);

    private static async Task<Results<Ok<UserResponse>, ProblemHttpResult>> ResumeAsync(Id<User> userId, UserService users, CancellationToken ct) =>
        (await users.ResumeAsync(userId, ct)).ToOk(UserResponse.From);

    private static string FromPath(string externalId) => ManagementEndpoints.FromPath(externalId);

    private static string Location(Id<User> id) => $"{ManagementEndpoints.Path}/users/{id}";
}

public sealed record UserQuery
{
    /// <summary>Exactly this address, verified or not.</summary>
    public string? Email { get; init; }

    public string? ExternalId { get; init; }

    /// <summary><c>active</c>, <c>suspended</c>, <c>merged</c> or <c>erased</c>; without it the first two.</summary>
    public string? Status { get; init; }

    /// <summary>How one of their addresses begins, verified or not, in any case.</summary>
    public string? Q { get; init; }
}

/// <param name="Verified">You vouch that the mailbox is this person's.</param>
public sealed record CreateUserEmailRequest([property: Required, MaxLength(EmailAddress.MaxLength)] string Address, bool Verified = false);

/// <param name="Password">15 to 256 characters; leave it out for a person who signs in by SSO.</param>
/// <param name="Picture">An https address.</param>
/// <param name="PhoneNumber">E.164, such as +4930901820.</param>
/// <param name="Locale">A language tag, such as de-CH.</param>
/// <param name="ZoneInfo">A name of the tz database, such as Europe/Zurich.</param>
/// <param name="ExternalId">Your own id of this person.</param>
/// <param name="Metadata">A JSON object of at most 50 keys and 16 KB.</param>
public sealed record CreateUserRequest(
    [property: MaxLength(UserService.MaxEmails)] IReadOnlyList<CreateUserEmailRequest>? Emails = null, string? Name = null, string? GivenName = null, string? FamilyName = null, string? Password = null,
    string? Picture = null, string? PhoneNumber = null, string? Locale = null, string? ZoneInfo = null, string? ExternalId = null, JsonElement? Metadata = null)
{
    internal NewUser ToNewUser() => new([.. (Emails ?? []).Select(e => new NewUserEmail(e.Address, e.Verified))], Name, GivenName, FamilyName, Password)
    {
        Picture = Picture, PhoneNumber = PhoneNumber, Locale = Locale, ZoneInfo = ZoneInfo, ExternalId = ExternalId, Metadata = Metadata,
    };
}

/// <summary>The whole profile: what is left out is removed. Metadata is merged.</summary>
public sealed record UpsertUserRequest(
    [property: MaxLength(UserService.MaxEmails)] IReadOnlyList<CreateUserEmailRequest>? Emails = null, string? Name = null, string? GivenName = null, string? FamilyName = null,
    string? Picture = null, string? PhoneNumber = null, string? Locale = null, string? ZoneInfo = null, JsonElement? Metadata = null)
{
    internal NewUser ToNewUser() => new CreateUserRequest(Emails, Name, GivenName, FamilyName, null, Picture, PhoneNumber, Locale, ZoneInfo, null, Metadata).ToNewUser();
}

/// <param name="MergedInto">The account that this one became.</param>
public sealed record UserResponse(
    Id<User> Id, string? ExternalId, string? Name, string? GivenName, string? FamilyName, string? Picture, string? PhoneNumber, string? Locale, string? ZoneInfo, JsonElement Metadata,
    UserStatus Status, Id<User>? MergedInto, bool IsOperator, IReadOnlyList<UserEmailResponse> Emails, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    internal static UserResponse From(User u) =>
        new(u.Id, u.ExternalId, u.Name, u.GivenName, u.FamilyName, u.Picture, u.PhoneNumber, u.Locale, u.ZoneInfo, u.Metadata.ToElement(), u.Status, u.MergedInto, u.IsOperator,
            [.. u.Emails.OrderBy(e => e.Id).Select(UserEmailResponse.From)], u.CreatedAt, u.UpdatedAt, u.Version);
}
