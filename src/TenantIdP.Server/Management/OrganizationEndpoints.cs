using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class OrganizationEndpoints
{
    public static void MapOrganizations(this RouteGroupBuilder api)
    {
        var organizations = api.MapGroup("/organizations").WithTags("Organizations");

        organizations.MapPost("/", CreateAsync).WithName("CreateOrganization").RequireInstance().WithErrors(UserErrors.NotFound, MemberErrors.SingleOrganization);
        organizations.MapGet("/", ListAsync).WithName("ListOrganizations").RequireInstance();
        organizations.MapGet("/by-external-id/{externalId}", FindByExternalIdAsync).WithName("GetOrganizationByExternalId").RequireInstance();
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
        var created = await organizations.CreateAsync(new NewOrganization(request.DisplayName, request.Slug, request.ExternalId, request.OwnerUserId) { Metadata = request.Metadata }, ct);
        return created.ToCreated(OrganizationResponse.From, o => $"{ManagementEndpoints.Path}/organizations/{o.Id}");
    }

    private static Task<Results<Ok<ListResponse<OrganizationResponse>>, ProblemHttpResult>> ListAsync([AsParameters] PageQuery query, OrganizationService organizations, CancellationToken ct) =>
        query.AnswerAsync(page => organizations.ListAsync(page, ct), OrganizationResponse.From);

    private static async Task<Results<Ok<OrganizationResponse>, ProblemHttpResult>> FindByExternalIdAsync(string externalId, OrganizationService organizations, CancellationToken ct) =>
        (await organizations.FindByExternalIdAsync(externalId, ct)).ToOk(OrganizationResponse.From);

    private static async Task<Results<Ok<OrganizationResponse>, ProblemHttpResult>> FindBySlugAsync(string slug, OrganizationService organizations, CancellationToken ct) =>
        (await organizations.FindBySlugAsync(slug, ct)).ToOk(OrganizationResponse.From);

    private static async Task<Results<Ok<OrganizationResponse>, ProblemHttpResult>> FindAsync(Id<Organization> organizationId, OrganizationService organizations, CancellationToken ct) =>
        (await organizations.FindAsync(organizationId, ct)).ToOk(OrganizationResponse.From);

    private static async Task<Results<Ok<OrganizationResponse>, ProblemHttpResult>> UpdateAsync(
        Id<Organization> organizationId, OrganizationChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, OrganizationService organizations, ManagementCaller caller, CancellationToken ct)
    {
        // Whoever controls the sign-in controls the organization (DESIGN.md section 6.3); the external id and what a plan allows are the application's.
        if ((changes.RequireSso.IsPresent || changes.AcceptHomeSso.IsPresent) && !caller.Has(Permission.ConnectionsWrite)) return Problems.From(ManagementErrors.PermissionMissing(Permission.ConnectionsWrite));
        if ((changes.ExternalId.IsPresent || changes.MemberLimit.IsPresent || changes.ExclusiveMembership.IsPresent) && !caller.IsInstance) return Problems.From(ManagementErrors.OperatorRequired);
        return (await organizations.UpdateAsync(organizationId, changes, caller.Granter, EntityTags.Expected(ifMatch), ct)).ToOk(OrganizationResponse.From);
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

/// <param name="Confirm">The organization's slug.</param>
public sealed record PurgeOrganizationRequest([property: Required, MaxLength(Slug.MaxLength)] string Confirm);

/// <param name="Slug">Made from the name when left out.</param>
/// <param name="OwnerUserId">A user who becomes the first owner.</param>
/// <param name="Metadata">A JSON object of at most 50 keys and 16 KB, which is kept and never read.</param>
public sealed record CreateOrganizationRequest(
    [property: Required] string DisplayName, [property: MaxLength(Slug.MaxLength)] string? Slug = null, [property: MaxLength(200)] string? ExternalId = null, Id<User>? OwnerUserId = null,
    JsonElement? Metadata = null);

/// <param name="Slug">For 90 days after a change the former one leads here, too, and to nobody else.</param>
/// <param name="MemberLimit">How many active and pending members it may have; null: any number.</param>
/// <param name="ExclusiveMembership">Its members are in no other organization.</param>
/// <param name="PurgeAfter">When everything of it is deleted for good; null unless it is being deleted.</param>
public sealed record OrganizationResponse(
    Id<Organization> Id, string DisplayName, string Slug, string? ExternalId, OrganizationStatus Status, bool RequireSso, bool AcceptHomeSso, int? MemberLimit, bool ExclusiveMembership, JsonElement Metadata,
    DateTimeOffset? PurgeAfter, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    internal static OrganizationResponse From(Organization o) =>
        new(o.Id, o.DisplayName, o.Slug.Value, o.ExternalId, o.Status, o.RequireSso, o.AcceptHomeSso, o.MemberLimit, o.ExclusiveMembership, o.Metadata.ToElement(), o.PurgeAfter, o.CreatedAt, o.UpdatedAt, o.Version);
}
