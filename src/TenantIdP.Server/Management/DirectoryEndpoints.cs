using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Http;
using TenantIdP.Server.Scim;

namespace TenantIdP.Server.Management;

/// <summary>The SCIM directories of an organization. Their tokens and logs are in <see cref="DirectoryTokenEndpoints"/> and <see cref="DirectoryLogEndpoints"/>.</summary>
internal static class DirectoryEndpoints
{
    private const string Creating = "Answers the base URL and one bearer token for the identity provider; the token is shown here and never again. A person must have signed in within the last 15 minutes.";
    private const string Deleting = "Its tokens and its log go with it. Members stay members, without the roles that the directory's groups gave. `dryRun=true` changes nothing and says how many members lose roles.";

    public static void MapDirectories(this RouteGroupBuilder organization)
    {
        var read = organization.MapGroup("/directories").WithTags("Directories").RequireOrganization(Permission.DirectoriesRead);
        read.MapGet("/", ListAsync).WithName("ListDirectories");
        read.MapGet("/{directoryId}", FindAsync).WithName("GetDirectory");

        var write = organization.MapGroup("/directories").WithTags("Directories").RequireOrganization(Permission.DirectoriesWrite);
        write.MapPost("/", CreateAsync).WithName("CreateDirectory").WithDescription(Creating).RequireRecentSignIn().WithErrors(RoleErrors.Escalation);
        write.MapPatch("/{directoryId}", UpdateAsync).WithName("UpdateDirectory").WithErrors(RoleErrors.Escalation);
        write.MapDelete("/{directoryId}", DeleteAsync).WithName("DeleteDirectory").WithDescription(Deleting);
        organization.MapDirectoryTokens();
        organization.MapDirectoryLog();
        organization.MapDirectoryPreview();
    }

    private static Task<Results<Ok<ListResponse<DirectoryResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, [AsParameters] SortQuery sort, [AsParameters] PageQuery query, DirectoryService directories, IssuerOptions issuer, CancellationToken ct) =>
        query.AnswerAsync(sort, page => directories.ListAsync(organizationId, page, ct), d => DirectoryResponse.From(d, issuer));

    private static async Task<Results<Ok<DirectoryResponse>, ProblemHttpResult>> FindAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, DirectoryService directories, IssuerOptions issuer, CancellationToken ct) =>
        (await directories.FindAsync(organizationId, directoryId, ct)).ToOk(d => DirectoryResponse.From(d, issuer));

    private static async Task<Results<Created<CreatedDirectoryResponse>, ProblemHttpResult>> CreateAsync(
        Id<Organization> organizationId, CreateDirectoryRequest request, DirectoryService directories, ManagementCaller caller, IssuerOptions issuer, CancellationToken ct)
    {
        var made = await directories.CreateAsync(organizationId, request.ToSettings(), request.TokenExpiresAt, caller.Granter, ct);
        return made.ToCreated(m => CreatedDirectoryResponse.From(m, issuer), m => $"{ManagementEndpoints.Path}/organizations/{organizationId}/directories/{m.Directory.Id}");
    }

    private static async Task<Results<Ok<DirectoryResponse>, ProblemHttpResult>> UpdateAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, DirectoryChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, DirectoryService directories,
        ManagementCaller caller, IssuerOptions issuer, CancellationToken ct) =>
        (await directories.UpdateAsync(organizationId, directoryId, changes, caller.Granter, EntityTags.Expected(ifMatch), ct)).ToOk(d => DirectoryResponse.From(d, issuer));

    private static async Task<Results<Ok<DirectoryImpactResponse>, NoContent, ProblemHttpResult>> DeleteAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, bool? dryRun, [FromHeader(Name = "If-Match")] string? ifMatch, DirectoryDeletion deletion, CancellationToken ct)
    {
        if (dryRun != true) return await deletion.DeleteAsync(organizationId, directoryId, EntityTags.Expected(ifMatch), ct) is { IsOk: false, Error: { } refused } ? Problems.From(refused) : TypedResults.NoContent();
        var impact = await deletion.ImpactAsync(organizationId, directoryId, ct);
        return impact.IsOk ? TypedResults.Ok(DirectoryImpactResponse.From(impact.Value)) : Problems.From(impact.Error);
    }
}

/// <param name="OutsideDomains">What becomes of a user whose address is outside the organization's verified domains; <c>reject</c> when left out.</param>
/// <param name="CorrelateBy">The attribute that the organization's connections send as the subject or address of the same person; <c>user_name</c> when left out.</param>
/// <param name="OwnsProfile">Name and address of its members are the directory's, and nobody else changes them; true when left out.</param>
/// <param name="DefaultRole">Key of the role of who comes in by it, <c>member</c> when left out; never owner or admin.</param>
/// <param name="TokenExpiresAt">Of the first token: within ten years; left out: never.</param>
/// <param name="CustomAttributes">What its users have besides the attributes of the standard: in SCIM's schema `urn:tenantidp:params:scim:schemas:extension:custom:2.0:User`, of this directory only.</param>
public sealed record CreateDirectoryRequest(
    [property: Required] string DisplayName, OutsideDomains? OutsideDomains = null, CorrelateBy? CorrelateBy = null, bool? OwnsProfile = null, string? DefaultRole = null, DateTimeOffset? TokenExpiresAt = null,
    IReadOnlyList<DirectoryAttribute>? CustomAttributes = null)
{
    internal DirectorySettings ToSettings()
    {
        var usual = DirectorySettings.Named(DisplayName);
        return new DirectorySettings(DisplayName, OutsideDomains ?? usual.OutsideDomains, CorrelateBy ?? usual.CorrelateBy, OwnsProfile ?? usual.OwnsProfile, DefaultRole ?? usual.DefaultRole)
        {
            CustomAttributes = CustomAttributes ?? usual.CustomAttributes,
        };
    }
}

/// <param name="BaseUrl">What the identity provider is given as the SCIM base URL or tenant URL.</param>
/// <param name="LastSeenAt">When a request was let in last, to within a minute; null: never.</param>
public sealed record DirectoryResponse(
    Id<OrganizationDirectory> Id, string DisplayName, DirectoryStatus Status, string BaseUrl, OutsideDomains OutsideDomains, CorrelateBy CorrelateBy, bool OwnsProfile, string DefaultRole,
    IReadOnlyList<DirectoryAttribute> CustomAttributes, DateTimeOffset? LastSeenAt, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    internal static DirectoryResponse From(OrganizationDirectory d, IssuerOptions issuer) => new(
        d.Id, d.DisplayName, d.Status, ScimRequest.BaseAddressOf(issuer, d.Id), d.OutsideDomains, d.CorrelateBy, d.OwnsProfile, d.DefaultRoleKey, d.CustomAttributes, d.LastSeenAt, d.CreatedAt, d.UpdatedAt, d.Version);
}

public sealed record CreatedDirectoryResponse(DirectoryResponse Directory, CreatedDirectoryTokenResponse Token)
{
    internal static CreatedDirectoryResponse From(MadeDirectory m, IssuerOptions issuer) => new(DirectoryResponse.From(m.Directory, issuer), CreatedDirectoryTokenResponse.From(m.Token));
}

/// <param name="MembersLosingRoles">Members who lose a role that only the directory's groups gave; they stay members.</param>
public sealed record DirectoryImpactResponse(int MembersLosingRoles)
{
    internal static DirectoryImpactResponse From(DirectoryImpact i) => new(i.MembersLosingRoles);
}
