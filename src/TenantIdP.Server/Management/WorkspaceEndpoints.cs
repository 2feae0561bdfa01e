using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Workspaces;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class WorkspaceEndpoints
{
    private static readonly Error StatusInvalid = new(ErrorKind.Invalid, "status_invalid", "A status of a workspace is active or archived.", "status");

    public static void MapWorkspaces(this RouteGroupBuilder organization)
    {
        var read = organization.MapGroup("/workspaces").WithTags("Workspaces").RequireOrganization(Permission.WorkspacesRead);
        read.MapGet("/", ListAsync).WithName("ListWorkspaces").WithErrors(StatusInvalid);
        read.MapGet("/{workspaceId}", FindAsync).WithName("GetWorkspace");

        var write = organization.MapGroup("/workspaces").WithTags("Workspaces").RequireOrganization(Permission.WorkspacesWrite);
        write.MapPost("/", CreateAsync).WithName("CreateWorkspace").WithErrors(OrganizationErrors.SlugInvalid);
        write.MapPatch("/{workspaceId}", UpdateAsync).WithName("UpdateWorkspace").WithErrors(OrganizationErrors.SlugInvalid)
            .WithDescription("A merge patch. `isDefault: true` makes it the workspace that new members join, in place of the one that was it.");
        write.MapPost("/{workspaceId}/archive", ArchiveAsync).WithName("ArchiveWorkspace")
            .WithDescription("Nobody gets a token for it any more; tokens in use lose it at their next refresh. Its members stay, and it can be restored.");
        write.MapPost("/{workspaceId}/restore", RestoreAsync).WithName("RestoreWorkspace");
        write.MapDelete("/{workspaceId}", DeleteAsync).WithName("DeleteWorkspace").WithDescription("For good, with its members. Only an archived one.");
    }

    private static async Task<Results<Ok<ListResponse<WorkspaceResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, [AsParameters] WorkspaceQuery wanted, [AsParameters] SortQuery sort, [AsParameters] PageQuery query, WorkspaceService workspaces, CancellationToken ct)
    {
        if (!EnumTexts.TryRead<WorkspaceStatus>(wanted.Status, out var status)) return Problems.From(StatusInvalid);
        return await query.AnswerAsync(sort, page => workspaces.ListAsync(organizationId, status, page, ct), WorkspaceResponse.From);
    }

    private static async Task<Results<Ok<WorkspaceResponse>, ProblemHttpResult>> FindAsync(
        Id<Organization> organizationId, Id<Workspace> workspaceId, WorkspaceService workspaces, CancellationToken ct) =>
        (await workspaces.FindAsync(organizationId, workspaceId, ct)).ToOk(WorkspaceResponse.From);

    private static async Task<Results<Created<WorkspaceResponse>, ProblemHttpResult>> CreateAsync(
        Id<Organization> organizationId, CreateWorkspaceRequest request, WorkspaceService workspaces, CancellationToken ct)
    {
        var created = await workspaces.CreateAsync(organizationId, new NewWorkspace(request.DisplayName, request.Slug) { Metadata = request.Metadata, IsDefault = request.IsDefault }, ct);
        return created.ToCreated(WorkspaceResponse.From, w => $"{ManagementEndpoints.Path}/organizations/{organizationId}/workspaces/{w.Id}");
    }

    private static async Task<Results<Ok<WorkspaceResponse>, ProblemHttpResult>> UpdateAsync(
        Id<Organization> organizationId, Id<Workspace> workspaceId, WorkspaceChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, WorkspaceService workspaces, CancellationToken ct) =>
        (await workspaces.UpdateAsync(organizationId, workspaceId, changes, EntityTags.Expected(ifMatch), ct)).ToOk(WorkspaceResponse.From);

    private static async Task<Results<Ok<WorkspaceResponse>, ProblemHttpResult>> ArchiveAsync(
        Id<Organization> organizationId, Id<Workspace> workspaceId, WorkspaceService workspaces, CancellationToken ct) =>
        (await workspaces.ArchiveAsync(organizationId, workspaceId, ct)).ToOk(WorkspaceResponse.From);

    private static async Task<Results<Ok<WorkspaceResponse>, ProblemHttpResult>> RestoreAsync(
        Id<Organization> organizationId, Id<Workspace> workspaceId, WorkspaceService workspaces, CancellationToken ct) =>
        (await workspaces.RestoreAsync(organizationId, workspaceId, ct)).ToOk(WorkspaceResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        Id<Organization> organizationId, Id<Workspace> workspaceId, [FromHeader(Name = "If-Match")] string? ifMatch, WorkspaceService workspaces, CancellationToken ct) =>
        (await workspaces.DeleteAsync(organizationId, workspaceId, EntityTags.Expected(ifMatch), ct)).ToNoContent();
}

public sealed record WorkspaceQuery
{
    /// <summary><c>active</c> or <c>archived</c>; all when left out.</summary>
    public string? Status { get; init; }
}

/// <param name="Slug">Made from the name when left out; unique in the organization.</param>
/// <param name="Metadata">A JSON object of at most 50 keys and 16 KB, which is kept and never read.</param>
/// <param name="IsDefault">New members of the organization join it, in place of the one that was the default.</param>
public sealed record CreateWorkspaceRequest(
    [property: Required] string DisplayName, [property: MaxLength(Slug.MaxLength)] string? Slug = null, JsonElement? Metadata = null, bool IsDefault = false);

public sealed record WorkspaceResponse(
    Id<Workspace> Id, Id<Organization> OrganizationId, string DisplayName, string Slug, WorkspaceStatus Status, bool IsDefault, JsonElement Metadata,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? ArchivedAt, int Version) : IVersionedResponse
{
    internal static WorkspaceResponse From(Workspace w) =>
        new(w.Id, w.OrganizationId, w.DisplayName, w.Slug.Value, w.Status, w.IsDefault, w.Metadata.ToElement(), w.CreatedAt, w.UpdatedAt, w.ArchivedAt, w.Version);
}
