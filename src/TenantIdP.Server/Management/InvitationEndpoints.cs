using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>Offers of membership to email addresses.</summary>
internal static class InvitationEndpoints
{
    internal static readonly Error StatusInvalid = new(ErrorKind.Invalid, "status_invalid", "A status of an invitation is pending, accepted, declined, revoked or expired.", "status");

    public static void MapInvitations(this RouteGroupBuilder organization)
    {
        var invitations = organization.MapGroup("/invitations").WithTags("Invitations");
        invitations.MapGet("/", ListAsync).WithName("ListInvitations").RequireOrganization(Permission.InvitationsRead).WithErrors(StatusInvalid, UserErrors.EmailInvalid);
        invitations.MapGet("/{invitationId}", FindAsync).WithName("GetInvitation").RequireOrganization(Permission.InvitationsRead);
        invitations.MapPost("/", CreateAsync).WithName("CreateInvitation").RequireOrganization(Permission.InvitationsWrite).WithErrors([.. Wrong])
            .WithDescription("Mails a link by which the person joins, once. The caller must be able to give every role. An address that is pending already is answered as it is, or sent again with `resend`; a member is answered as one. An operator's app, and nobody else, gets the link, here and never again.");
        invitations.MapPost("/bulk", CreateAllAsync).WithName("CreateInvitations").RequireOrganization(Permission.InvitationsWrite)
            .WithDescription("At most 500 at once, each by itself: one that is refused keeps no other back. Results come in the order of the request.");
        invitations.MapPost("/{invitationId}/resend", ResendAsync).WithName("ResendInvitation").RequireOrganization(Permission.InvitationsWrite)
            .WithErrors(InvitationErrors.ExpiryInvalid, InvitationErrors.NotOpen, InvitationErrors.Bounded, InvitationErrors.ResendLimit, InvitationErrors.AddressLimit, RoleErrors.Unknown, RoleErrors.Escalation)
            .WithDescription("A new link; the old one stops working at once. Also for one that has expired. Five times in 24 hours at most.");
        invitations.MapPost("/{invitationId}/revoke", RevokeAsync).WithName("RevokeInvitation").RequireOrganization(Permission.InvitationsWrite).WithErrors(InvitationErrors.NotOpen);
        invitations.MapPost("/{invitationId}/approve", ApproveAsync).WithName("ApproveInvitationRequest").RequireOrganization(Permission.InvitationsWrite)
            .WithErrors(InvitationErrors.NotOpen, InvitationErrors.NoRequest, InvitationErrors.AccountUnavailable, RoleErrors.Escalation, MemberErrors.LimitReached, MemberErrors.SingleOrganization, MemberErrors.Ended, MemberErrors.TooManyRoles)
            .WithSummary("Lets in who asks to accept with another address than the invited one.");
        invitations.MapPost("/{invitationId}/deny", DenyAsync).WithName("DenyInvitationRequest").RequireOrganization(Permission.InvitationsWrite).WithErrors(InvitationErrors.NoRequest);
    }

    private static IEnumerable<Error> Wrong =>
    [
        UserErrors.EmailInvalid, UserErrors.LocaleInvalid, InvitationErrors.MessageInvalid, InvitationErrors.ExpiryInvalid, InvitationErrors.AppInvalid, InvitationErrors.WorkspaceUnknown, InvitationErrors.TooManyWorkspaces, WorkspaceErrors.OwnerRole,
        InvitationErrors.NotOpen, InvitationErrors.Bounded, InvitationErrors.ResendLimit, InvitationErrors.AddressLimit, RoleErrors.Unknown, RoleErrors.Escalation, MemberErrors.TooManyRoles, MemberErrors.EmailDomainNotAllowed, OrganizationErrors.Deleting,
    ];

    private static async Task<Results<Ok<ListResponse<InvitationResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, [AsParameters] InvitationQuery wanted, [AsParameters] SortQuery sort, [AsParameters] PageQuery query, InvitationList invitations, CancellationToken ct)
    {
        var filter = wanted.Read();
        return filter.IsOk ? await query.AnswerAsync(sort, page => invitations.ListAsync(organizationId, filter.Value, page, ct), InvitationResponse.From) : Problems.From(filter.Error);
    }

    private static async Task<Results<Ok<InvitationResponse>, ProblemHttpResult>> FindAsync(Id<Organization> organizationId, Id<Invitation> invitationId, InvitationList invitations, CancellationToken ct) =>
        (await invitations.FindAsync(organizationId, invitationId, ct)).ToOk(InvitationResponse.From);

    private static async Task<Results<Created<InviteResponse>, Ok<InviteResponse>, ProblemHttpResult>> CreateAsync(
        Id<Organization> organizationId, CreateInvitationRequest request, InvitationService invitations, InvitationAnswers answers, ManagementCaller caller, CancellationToken ct)
    {
        var made = await invitations.CreateAsync(organizationId, request.ToNew(), caller.Granter, ct);
        if (!made.IsOk) return Problems.From(made.Error);
        var response = (await answers.OfAsync([made.Value], ct))[0];
        return made.Value is { Outcome: InvitationOutcome.Created, Invitation: { } invitation }
            ? TypedResults.Created($"{ManagementEndpoints.Path}/organizations/{organizationId}/invitations/{invitation.Id}", response)
            : TypedResults.Ok(response);
    }

    private static async Task<Results<Ok<BulkInviteResponse>, ProblemHttpResult>> CreateAllAsync(
        Id<Organization> organizationId, CreateInvitationsRequest request, InvitationService invitations, InvitationAnswers answers, ManagementCaller caller, CancellationToken ct)
    {
        var made = await invitations.CreateAllAsync(organizationId, [.. request.Invitations.Select(i => i.ToNew())], caller.Granter, ct);
        var responses = new Queue<InviteResponse>(await answers.OfAsync([.. made.Where(m => m.IsOk).Select(m => m.Value!)], ct)); // filtered in the same expression
        return TypedResults.Ok(new BulkInviteResponse([.. made.Select((m, i) => new BulkInviteRow(request.Invitations[i].Email, m.IsOk ? responses.Dequeue() : null, m.Error?.Code, m.Error?.Message))]));
    }

    private static async Task<Results<Ok<InviteResponse>, ProblemHttpResult>> ResendAsync(
        Id<Organization> organizationId, Id<Invitation> invitationId, ResendInvitationRequest? request, InvitationService invitations, InvitationAnswers answers, ManagementCaller caller, CancellationToken ct)
    {
        var sent = await invitations.ResendAsync(organizationId, invitationId, request?.ExpiresInHours, caller.Granter, ct);
        return sent.IsOk ? TypedResults.Ok((await answers.OfAsync([sent.Value], ct))[0]) : Problems.From(sent.Error);
    }

    private static async Task<Results<Ok<InvitationResponse>, ProblemHttpResult>> RevokeAsync(
        Id<Organization> organizationId, Id<Invitation> invitationId, InvitationService invitations, InvitationAnswers answers, CancellationToken ct) =>
        await answers.OfAsync(await invitations.RevokeAsync(organizationId, invitationId, ct), ct);

    private static async Task<Results<Ok<InvitationResponse>, ProblemHttpResult>> ApproveAsync(
        Id<Organization> organizationId, Id<Invitation> invitationId, InvitationService invitations, InvitationAnswers answers, ManagementCaller caller, CancellationToken ct) =>
        await answers.OfAsync(await invitations.ApproveAsync(organizationId, invitationId, caller.Granter, ct), ct);

    private static async Task<Results<Ok<InvitationResponse>, ProblemHttpResult>> DenyAsync(
        Id<Organization> organizationId, Id<Invitation> invitationId, InvitationService invitations, InvitationAnswers answers, CancellationToken ct) =>
        await answers.OfAsync(await invitations.DenyAsync(organizationId, invitationId, ct), ct);
}

/// <summary>Describes what was done, and gives a link to whom it may be given.</summary>
internal sealed class InvitationAnswers(InvitationList list, ManagementCaller caller, IssuerOptions issuer)
{
    /// <summary>The link of a new one goes to an operator's app only: an admin who could read it could accept for somebody else (SECURITY.md C4).</summary>
    public async Task<IReadOnlyList<InviteResponse>> OfAsync(IReadOnlyList<InvitationResult> results, CancellationToken ct)
    {
        var views = (await list.DescribeAsync([.. results.Select(r => r.Invitation).OfType<Invitation>().DistinctBy(i => i.Id)], ct)).ToDictionary(v => v.Invitation.Id);
        return
        [
            .. results.Select(r => new InviteResponse(
                r.Outcome, r.Invitation is { } i ? InvitationResponse.From(views[i.Id]) : null, r.MemberId,
                r is { Outcome: InvitationOutcome.Created, Token: { } token } && caller.IsInstance ? $"{issuer.Issuer}{InteractionPaths.InvitationLink}/{token}" : null)),
        ];
    }

    public async Task<Results<Ok<InvitationResponse>, ProblemHttpResult>> OfAsync(Result<Invitation> changed, CancellationToken ct) =>
        changed.IsOk ? TypedResults.Ok(InvitationResponse.From((await list.DescribeAsync([changed.Value], ct))[0])) : Problems.From(changed.Error);
}

public sealed record InvitationQuery
{
    /// <summary><c>pending</c>, <c>accepted</c>, <c>declined</c>, <c>revoked</c> or <c>expired</c>; all when left out.</summary>
    public string? Status { get; init; }

    /// <summary>Exactly this address, in any case.</summary>
    public string? Email { get; init; }

    internal Result<InvitationFilter> Read() => EnumTexts.TryRead<InvitationStatus>(Status, out var status) ? new InvitationFilter(status, Email) : InvitationEndpoints.StatusInvalid;
}

/// <param name="Roles">Keys, each of which the caller can give; the role member when left out.</param>
/// <param name="Workspaces">That the person joins, too. At most 50.</param>
/// <param name="Message">Your own words in the mail: at most 500 characters.</param>
/// <param name="Locale">Of the mail: a language tag, such as de-CH.</param>
/// <param name="AppId">Where the person goes when they have joined: an app with an <c>initiateLoginUri</c>. There is no other redirect.</param>
/// <param name="Metadata">A JSON object of at most 50 keys and 16 KB, kept with the invitation and never read.</param>
/// <param name="ExpiresInHours">1 to 2,160; 168 (a week) when left out, unless the instance says otherwise.</param>
/// <param name="Resend">Send one that is pending again.</param>
public sealed record CreateInvitationRequest(
    [property: Required, MaxLength(EmailAddress.MaxLength)] string Email, [property: MaxLength(50)] IReadOnlyList<string>? Roles = null, [property: MaxLength(InvitationChecks.MaxWorkspaces)] IReadOnlyList<InvitedWorkspaceRequest>? Workspaces = null,
    [property: MaxLength(2_000)] string? Message = null, [property: MaxLength(UserProfile.MaxLocaleLength)] string? Locale = null, Id<App>? AppId = null, JsonElement? Metadata = null, int? ExpiresInHours = null, bool Resend = false)
{
    internal NewInvitation ToNew() => new(Email, Roles ?? [])
    {
        Workspaces = [.. (Workspaces ?? []).Select(w => new WantedWorkspace(w.WorkspaceId!.Value, w.Roles ?? []))], // required, so validation has seen it
        Message = Message, Locale = Locale, AppId = AppId, Metadata = Metadata, Hours = ExpiresInHours, Resend = Resend,
    };
}

/// <param name="Roles">Keys; the role member when left out.</param>
public sealed record InvitedWorkspaceRequest([property: Required] Id<Workspace>? WorkspaceId, [property: MaxLength(20)] IReadOnlyList<string>? Roles = null);

/// <param name="Invitations">1 to 500.</param>
public sealed record CreateInvitationsRequest([property: Required, MinLength(1), MaxLength(InvitationService.MaxBulk)] IReadOnlyList<CreateInvitationRequest> Invitations);

/// <param name="ExpiresInHours">From now: 1 to 2,160; as for a new one when left out.</param>
public sealed record ResendInvitationRequest(int? ExpiresInHours = null);

/// <param name="Roles">Keys.</param>
public sealed record InvitedWorkspaceResponse(Id<Workspace> WorkspaceId, IReadOnlyList<string> Roles);

/// <param name="Kind">Of the actor, as in events.</param>
public sealed record InviterResponse(ActorKind Kind, string Id);

/// <summary>Somebody who asks to accept with another address than the invited one.</summary>
/// <param name="Email">That they have verified.</param>
public sealed record InvitationRequestResponse(Id<User> UserId, string? Email, DateTimeOffset RequestedAt);

/// <param name="Roles">Keys of those that still exist.</param>
/// <param name="SentAt">When the link that works was made.</param>
/// <param name="AcceptedBy">Who joined by it.</param>
/// <param name="Request">Waits to be approved or denied.</param>
public sealed record InvitationResponse(
    Id<Invitation> Id, string Email, InvitationStatus Status, IReadOnlyList<string> Roles, IReadOnlyList<InvitedWorkspaceResponse> Workspaces, string? Message, string? Locale, Id<App>? AppId, JsonElement Metadata,
    InviterResponse InvitedBy, DateTimeOffset SentAt, DateTimeOffset ExpiresAt, int ResentCount, Id<User>? AcceptedBy, Id<Membership>? MemberId, InvitationRequestResponse? Request, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt,
    DateTimeOffset? EndedAt, int Version) : IVersionedResponse
{
    internal static InvitationResponse From(InvitationView v)
    {
        var i = v.Invitation;
        return new(
            i.Id, i.Address, v.Status, v.Roles, [.. v.Workspaces.Select(w => new InvitedWorkspaceResponse(w.Id, w.Roles))], i.Message, i.Locale, i.AppId, i.Metadata.ToElement(), new InviterResponse(i.InviterKind, i.InviterId),
            i.IssuedAt, i.ExpiresAt, i.ResentCount, i.AcceptedBy, i.MembershipId, i is { HasRequest: true, RequestedBy: { } by, RequestedAt: { } at } ? new InvitationRequestResponse(by, v.RequestedAddress, at) : null,
            i.CreatedAt, i.UpdatedAt, i.EndedAt, i.Version);
    }
}

/// <param name="MemberId">Of somebody who is a member already.</param>
/// <param name="Url">The link of a new invitation: for an operator's app, here and never again.</param>
public sealed record InviteResponse(InvitationOutcome Outcome, InvitationResponse? Invitation, Id<Membership>? MemberId, string? Url);

/// <param name="Result">Null for a row that was refused.</param>
/// <param name="Code">Why it was refused.</param>
public sealed record BulkInviteRow(string Email, InviteResponse? Result, string? Code, string? Message);

/// <param name="Results">One for each row, in their order.</param>
public sealed record BulkInviteResponse(IReadOnlyList<BulkInviteRow> Results);
