using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>Permission checks: of any organization for an app's backend, of one organization for its own people.</summary>
internal static class AuthorizationEndpoints
{
    public static void MapAuthorization(this RouteGroupBuilder api) =>
        api.MapPost("/authorization/check", CheckAsync).WithTags("Authorization").WithName("CheckPermissions").RequireInstance(ManagementApi.CheckScope)
            .WithSummary("May these people do these things?").WithDescription("Up to 100 questions, answered in their order from the rows as they are now. With `explain` each answer says which role grants it and what gave the role.");

    public static void MapOrganizationAuthorization(this RouteGroupBuilder organization) =>
        organization.MapPost("/authorization/check", CheckInOrganizationAsync).WithTags("Authorization").WithName("CheckOrganizationPermissions").RequireOrganization(Permission.MembersRead)
            .WithSummary("May these members do these things?").WithDescription("As CheckPermissions, for one organization.");

    private static Task<Results<Ok<PermissionCheckResponse>, ProblemHttpResult>> CheckAsync(CheckPermissionsRequest request, PermissionChecks checks, IHostEnvironment environment, CancellationToken ct) =>
        AnswerAsync([.. request.Checks.Select(c => new PermissionQuestion(c.UserId, c.OrganizationId, c.Permission, c.Api) { Workspace = c.Workspace })], request.Explain, checks, environment, ct);

    private static Task<Results<Ok<PermissionCheckResponse>, ProblemHttpResult>> CheckInOrganizationAsync(
        Id<Organization> organizationId, CheckOrganizationPermissionsRequest request, PermissionChecks checks, IHostEnvironment environment, CancellationToken ct) =>
        AnswerAsync([.. request.Checks.Select(c => new PermissionQuestion(c.UserId, organizationId, c.Permission, c.Api) { Workspace = c.Workspace })], request.Explain, checks, environment, ct);

    private static async Task<Results<Ok<PermissionCheckResponse>, ProblemHttpResult>> AnswerAsync(
        IReadOnlyList<PermissionQuestion> questions, bool explain, PermissionChecks checks, IHostEnvironment environment, CancellationToken ct)
    {
        var answers = await checks.AnswerAsync(questions, ct);
        // A misspelt permission is a no for ever: its developer should hear of it, its users should not.
        if (environment.IsDevelopment() && answers.Select((a, i) => (a.Reason, i)).FirstOrDefault(a => a.Reason == PermissionReason.PermissionUnknown) is { Reason: PermissionReason.PermissionUnknown, i: var at })
            return Problems.From(RoleErrors.PermissionUndeclared(questions[at].Permission));
        return TypedResults.Ok(new PermissionCheckResponse([.. answers.Select(a => PermissionCheckResult.From(a, explain))]));
    }
}

/// <param name="Api">The identifier of the API whose permission it is; left out, any API's counts.</param>
/// <param name="Workspace">The roles that the person has in this workspace of the organization count as well.</param>
public sealed record PermissionCheck(
    Id<User> UserId, Id<Organization> OrganizationId, [property: Required, MaxLength(Permission.MaxLength)] string Permission, [property: MaxLength(200)] string? Api = null, Id<Workspace>? Workspace = null);

/// <param name="Explain">Say which role grants it and what gave the role.</param>
public sealed record CheckPermissionsRequest([property: Required, MinLength(1), MaxLength(PermissionChecks.Most)] IReadOnlyList<PermissionCheck> Checks, bool Explain = false);

/// <param name="Workspace">As in <see cref="PermissionCheck"/>.</param>
public sealed record OrganizationPermissionCheck(
    Id<User> UserId, [property: Required, MaxLength(Permission.MaxLength)] string Permission, [property: MaxLength(200)] string? Api = null, Id<Workspace>? Workspace = null);

public sealed record CheckOrganizationPermissionsRequest([property: Required, MinLength(1), MaxLength(PermissionChecks.Most)] IReadOnlyList<OrganizationPermissionCheck> Checks, bool Explain = false);

public sealed record PermissionCheckResponse(IReadOnlyList<PermissionCheckResult> Results);

/// <param name="Workspace">Where the role is held; null for the organization as a whole.</param>
/// <param name="ByDefault">The API gives the permission to this built-in role; the role's own list does not name it.</param>
public sealed record PermissionPathResponse(string Role, bool ByDefault, RoleSource Source, string? SourceId, DateTimeOffset Since, Id<Workspace>? Workspace);

/// <param name="Paths">Only when they were asked for.</param>
public sealed record PermissionCheckResult(bool Allowed, PermissionReason Reason, IReadOnlyList<PermissionPathResponse>? Paths)
{
    internal static PermissionCheckResult From(PermissionAnswer a, bool explain) =>
        new(a.Allowed, a.Reason, explain ? [.. a.Paths.Select(p => new PermissionPathResponse(p.Role, p.ByDefault, p.Source, p.SourceId, p.Since, p.Workspace))] : null);
}
