using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class OrganizationEndpoints
{
    internal static readonly Error StatusInvalid = new(ErrorKind.Invalid, "status_invalid", "A status of an organization is active, suspended or deleting.", "status");

    public static void MapOrganizations(this RouteGroupBuilder api)
    {
        var organizations = api.MapGroup("/organizations").WithTags("Organizations");

        organizations.MapPost("/", CreateAsync).WithName("CreateOrganization").RequireInstance().WithErrors(UserErrors.EmailInvalid, MemberErrors.SingleOrganization, DomainErrors.HostInvalid, DomainErrors.Reserved, DomainErrors.PublicSuffix, DomainErrors.Consumer, DomainErrors.Disposable, DomainErrors.LimitReached, DomainErrors.AlreadyClaimed)
            .WithDescription("With its first owner, a user that there is or somebody who is invited, and with domains, claimed and to be verified: all of it or nothing. A slug or external id that another one has is refused with its `existingId`.");
        organizations.MapGet("/", ListAsync).WithName("ListOrganizations").RequireInstance().SortedBy(ListOrder.DisplayName).WithErrors(StatusInvalid, Sorting.PrefixInvalid);
        organizations.MapGet("/by-external-id/{externalId}", FindByExternalIdAsync).WithName("GetOrganizationByExternalId").RequireInstance();
        organizations.MapPut("/by-external-id/{externalId}", UpsertAsync).WithName("UpsertOrganizationByExternalId").RequireInstance()
            .WithSummary("Creates the organization with your own id, or sets its name and slug; metadata is merged.");
        organizations.MapGet("/by-slug/{slug}", FindBySlugAsync).WithName("GetOrganizationBySlug").RequireInstance();
        organizations.MapGet("/{organizationId}", FindAsync).WithName("GetOrganization").RequireOrganization(Permission.OrganizationRead);
        organizations.MapPatch("/{organizationId}", UpdateAsync).WithName("UpdateOrganization").RequireOrganization(Permission.OrganizationWrite);
        organizations.MapPost("/{organizationId}/suspend", SuspendAsync).WithName("SuspendOrganization").RequireInstance();
        organizations.MapPost("/{organizationId}/resume", ResumeAsync).WithName("ResumeOrganization").RequireInstance();
        organizations.MapDelete("/{organizationId}", DeleteAsync).WithName("DeleteOrganization").RequireOrganization(Permission.OrganizationDelete)
            .WithDescription("The first of two phases: nobody gets in any more, nothing is lost, and `purgeAfter` says when it is. Until then it can be restored.");
        organizations.MapPost("/{organizationId}/restore", RestoreAsync).WithName("RestoreOrganization").RequireInstance();
        organizations.MapPost("/{organizationId}/purge", PurgeAsync).WithName("PurgeOrganization").RequireInstance()
            .WithDescription("The second phase before its time: everything of the organization is deleted for good, with the people whom only its own sign-in knew. Its events stay, without personal data.");
    }

    private static async Task<Results<Created<OrganizationResponse>, ProblemHttpResult>> CreateAsync(CreateOrganizationRequest request, OrganizationService organizations, CancellationToken ct)
    {
        var created = await organizations.CreateAsync(request.ToNew(), ct);
        return created.IsOk ? created.ToCreated(OrganizationResponse.From, o => Location(o.Id)) : Problems.From(await organizations.NamingExistingAsync(created.Error, request.Slug, request.ExternalId, ct));
    }

    private static async Task<Results<Ok<OrganizationResponse>, Created<OrganizationResponse>, ProblemHttpResult>> UpsertAsync(
        string externalId, UpsertOrganizationRequest request, OrganizationService organizations, CancellationToken ct)
    {
        var done = await organizations.UpsertAsync(ManagementEndpoints.FromPath(externalId), new NewOrganization(request.DisplayName, request.Slug) { Metadata = request.Metadata }, ct);
        if (!done.IsOk) return Problems.From(await organizations.NamingExistingAsync(done.Error, request.Slug, null, ct));
        var response = OrganizationResponse.From(done.Value.Organization);
        return done.Value.Created ? TypedResults.Created(Location(response.Id), response) : TypedResults.Ok(response);
    }

    private static string Location(Id<Organization> id) => $"{ManagementEndpoints.Path}/organizations/{id}";

    private static async Task<Results<Ok<ListResponse<OrganizationResponse>>, ProblemHttpResult>> ListAsync(
        [AsParameters] OrganizationQuery wanted, [AsParameters] SortQuery sort, [AsParameters] PageQuery query, OrganizationList organizations, CancellationToken ct)
    {
        var filter = wanted.Read();
        return filter.IsOk ? await query.AnswerAsync(sort, page => organizations.ListAsync(filter.Value, page, ct), OrganizationResponse.From) : Problems.From(filter.Error);
    }

    private static async Task<Results<Ok<OrganizationResponse>, ProblemHttpResult>> FindByExternalIdAsync(string externalId, OrganizationService organizations, CancellationToken ct) =>
        (await organizations.FindByExternalIdAsync(ManagementEndpoints.FromPath(externalId), ct)).ToOk(OrganizationResponse.From);

    private static async Task<Results<Ok<OrganizationResponse>, ProblemHttpResult>> FindBySlugAsync(string slug, OrganizationService organizations, CancellationToken ct) =>
        (await organizations.FindBySlugAsync(slug, ct)).ToOk(OrganizationResponse.From);

    private static async Task<Results<Ok<OrganizationResponse>, ProblemHttpResult>> FindAsync(Id<Organization> organizationId, OrganizationService organizations, CancellationToken ct) =>
        (await organizations.FindAsync(organizationId, ct)).ToOk(OrganizationResponse.From);

    private static async Task<Results<Ok<OrganizationResponse>, ProblemHttpResult>> UpdateAsync(
        Id<Organization> organizationId, OrganizationChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, OrganizationService organizations, MembersOutsideDomains outside, ManagementCaller caller, CancellationToken ct)
    {
        // Whoever controls the sign-in controls the organization (DESIGN.md section 6.3); the external id and what a plan allows are the application's.
        if ((changes.RequireSso.IsPresent || changes.AcceptHomeSso.IsPresent) && !caller.Has(Permission.ConnectionsWrite)) return Problems.From(ManagementErrors.PermissionMissing(Permission.ConnectionsWrite));
        if ((changes.ExternalId.IsPresent || changes.MemberLimit.IsPresent || changes.ExclusiveMembership.IsPresent) && !caller.IsInstance) return Problems.From(ManagementErrors.OperatorRequired);
        if (changes.DirectoryAuthoritative.IsPresent && !caller.Has(Permission.DirectoriesWrite)) return Problems.From(ManagementErrors.PermissionMissing(Permission.DirectoriesWrite));
        var restricts = changes.MembershipDomains.IsPresent || changes.MembershipDomainList.IsPresent;
        if (restricts && !caller.Has(Permission.DomainsWrite)) return Problems.From(ManagementErrors.PermissionMissing(Permission.DomainsWrite));
        var updated = await organizations.UpdateAsync(organizationId, changes, caller.Granter, EntityTags.Expected(ifMatch), ct);
        if (updated.IsOk && restricts)
        {
            var left = await outside.CountAsync(organizationId, ct);
            return updated.ToOk(o => OrganizationResponse.From(o) with { MembersOutsideDomains = left });
        }

        if (updated.IsOk || !caller.IsInstance) return updated.ToOk(OrganizationResponse.From); // whose the slug is, is no other organization's to know
        return Problems.From(await organizations.NamingExistingAsync(updated.Error, changes.Slug.Value, changes.ExternalId.Value, ct));
    }

    private static async Task<Results<Ok<OrganizationResponse>, ProblemHttpResult>> SuspendAsync(Id<Organization> organizationId, OrganizationService organizations, CancellationToken ct) =>
        (await organizations.SuspendAsync(organizationId, ct)).ToOk(OrganizationResponse.From);

    private static async Task<Results<Ok<OrganizationResponse>, ProblemHttpResult>> DeleteAsync(
        Id<Organization> organizationId, [FromHeader(Name = "If-Match")] string? ifMatch, OrganizationDeletion deletion, CancellationToken ct) =>
        (await deletion.DeleteAsync(organizationId, EntityTags.Expected(ifMatch), ct)).ToOk(OrganizationResponse.From);

    private static async Task<Results<Ok<OrganizationResponse>, ProblemHttpResult>> RestoreAsync(Id<Organization> organizationId, OrganizationDeletion deletion, CancellationToken ct) =>
        (await deletion.RestoreAsync(organizationId, ct)).ToOk(OrganizationResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> PurgeAsync(Id<Organization> organizationId, PurgeOrganizationRequest request, OrganizationDeletion deletion, CancellationToken ct) =>
        (await deletion.PurgeAsync(organizationId, request.Confirm, ct)).ToNoContent();

    private static async Task<Results<Ok<OrganizationResponse>, ProblemHttpResult>> ResumeAsync(Id<Organization> organizationId, OrganizationService organizations, CancellationToken ct) =>
        (await organizations.ResumeAsync(organizationId, ct)).ToOk(OrganizationResponse.From);
}

public sealed record OrganizationQuery
{
    /// <summary><c>active</c>, <c>suspended</c> or <c>deleting</c>; all when left out.</summary>
    public string? Status { get; init; }

    /// <summary>Your own id of it.</summary>
    public string? ExternalId { get; init; }

    /// <summary>How the name begins, in any case.</summary>
    public string? Q { get; init; }

    internal Result<OrganizationFilter> Read()
    {
        if (Sorting.CheckPrefix(Q) is { IsOk: false, Error: { } invalid }) return invalid;
        return EnumTexts.TryRead<OrganizationStatus>(Status, out var status) ? new OrganizationFilter(status, ExternalId, Q) : OrganizationEndpoints.StatusInvalid;
    }
}

/// <param name="Confirm">The organization's slug.</param>
public sealed record PurgeOrganizationRequest([property: Required, MaxLength(Slug.MaxLength)] string Confirm);

/// <param name="Slug">Made from the name when left out.</param>
/// <param name="OwnerUserId">A user who becomes the first owner; the same as <c>owner.userId</c>.</param>
/// <param name="Metadata">A JSON object of at most 50 keys and 16 KB, which is kept and never read.</param>
/// <param name="Owner">Who becomes the first owner: a user that there is, or an address that is sent an invitation when nobody has verified it.</param>
/// <param name="Domains">Hosts that it claims; each is to be verified before it means anything. At most 20.</param>
public sealed record CreateOrganizationRequest(
    [property: Required] string DisplayName, [property: MaxLength(Slug.MaxLength)] string? Slug = null, [property: MaxLength(200)] string? ExternalId = null, Id<User>? OwnerUserId = null,
    JsonElement? Metadata = null, OrganizationOwnerRequest? Owner = null, [property: MaxLength(20)] IReadOnlyList<string>? Domains = null) : IValidatableObject
{
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (OwnerUserId is not null && Owner is not null) yield return new ValidationResult("Name the owner once.", [nameof(Owner)]);
        if (Owner is { UserId: null } == Owner is { Email: null } && Owner is not null) yield return new ValidationResult("Name the owner by userId or by email.", [nameof(Owner)]);
    }

    internal NewOrganization ToNew() => new(DisplayName, Slug, ExternalId, OwnerUserId ?? Owner?.UserId) { OwnerEmail = Owner?.Email, Domains = Domains ?? [], Metadata = Metadata };
}

/// <param name="UserId">This or <paramref name="Email"/>.</param>
/// <param name="Email">An address that the user has verified, or will by accepting the invitation that is sent to it.</param>
public sealed record OrganizationOwnerRequest(Id<User>? UserId = null, [property: MaxLength(EmailAddress.MaxLength)] string? Email = null);

/// <param name="Slug">Made from the name when left out of a new one; left as it is otherwise.</param>
/// <param name="Metadata">Merged with what is there.</param>
public sealed record UpsertOrganizationRequest([property: Required] string DisplayName, [property: MaxLength(Slug.MaxLength)] string? Slug = null, JsonElement? Metadata = null);

/// <param name="Slug">For 90 days after a change the former one leads here, too, and to nobody else.</param>
/// <param name="MemberLimit">How many active and pending members it may have; null: any number.</param>
/// <param name="ExclusiveMembership">Its members are in no other organization.</param>
/// <param name="MembershipDomains">Which addresses people join with, whichever way they come: any, those of verified domains, or those of `membershipDomainList`. Who is in already stays.</param>
/// <param name="MembershipDomainList">Hosts, exactly these; empty unless the mode is list.</param>
/// <param name="DirectoryAuthoritative">Where a directory gives a member roles, people don't.</param>
/// <param name="AllowDifferentEmail">Who opens an invitation and has another address may ask the inviter to be let in with that one.</param>
/// <param name="RoleSetId">Which roles of the instance it has; null: all of them.</param>
/// <param name="RequireSso">Somebody has to come through the organization's own connection: everybody, unless <paramref name="SsoEnforcement"/> says whom that spares.</param>
/// <param name="SsoEnforcement">Whom a required sign-on spares, and until when; null: nobody. <c>PUT …/sso-enforcement</c> changes it.</param>
/// <param name="OwnerlessSince">Since when nobody owns it, because its directory has ended the last owner; null once somebody does again.</param>
/// <param name="PurgeAfter">When everything of it is deleted for good; null unless it is being deleted.</param>
public sealed record OrganizationResponse(
    Id<Organization> Id, string DisplayName, string Slug, string? ExternalId, OrganizationStatus Status, bool RequireSso, SsoLimitsResponse? SsoEnforcement, bool AcceptHomeSso, int? MemberLimit, bool ExclusiveMembership, MembershipDomains MembershipDomains, IReadOnlyList<string> MembershipDomainList, bool DirectoryAuthoritative, bool AllowDifferentEmail, Id<RoleSet>? RoleSetId, JsonElement Metadata,
    DateTimeOffset? OwnerlessSince, DateTimeOffset? PurgeAfter, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    /// <summary>In the answer to a change of `membershipDomains` or its list: how many members it would not take today. They stay; GET …/members-outside-domains lists them.</summary>
    public int? MembersOutsideDomains { get; init; }

    internal static OrganizationResponse From(Organization o) =>
        new(o.Id, o.DisplayName, o.Slug.Value, o.ExternalId, o.Status, o.RequireSso, SsoLimitsResponse.From(o.Sso), o.AcceptHomeSso, o.MemberLimit, o.ExclusiveMembership, o.MembershipDomains, o.MembershipDomainList, o.DirectoryAuthoritative, o.AllowDifferentEmail, o.RoleSetId, o.Metadata.ToElement(), o.OwnerlessSince, o.PurgeAfter, o.CreatedAt, o.UpdatedAt, o.Version);
}

/// <param name="ExceptRoles">Spared is who holds none but these.</param>
/// <param name="RolloutPercent">1 to 100.</param>
/// <param name="RolloutRoles">Required only of those who hold one of these; null: of all.</param>
public sealed record SsoLimitsResponse(IReadOnlyList<string> ExceptRoles, int RolloutPercent, IReadOnlyList<string>? RolloutRoles)
{
    internal static SsoLimitsResponse? From(SsoEnforcement sso) => sso.IsOfEverybody ? null : new(sso.ExceptRoles, sso.RolloutPercent, sso.RolloutRoles);
}
