using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class SsoEnforcementEndpoints
{
    public static void MapSsoEnforcement(this RouteGroupBuilder organization)
    {
        var enforcement = organization.MapGroup("/sso-enforcement").WithTags("SSO enforcement");

        enforcement.MapGet("/", FindAsync).WithName("GetSsoEnforcement").RequireOrganization(Permission.ConnectionsRead);
        enforcement.MapPut("/", SetAsync).WithName("SetSsoEnforcement").RequireOrganization(Permission.ConnectionsWrite)
            .WithErrors(
                OrganizationErrors.SsoNeedsConnection, OrganizationErrors.SsoUntested, OrganizationErrors.RolloutInvalid, OrganizationErrors.ExceptRolesInvalid, OrganizationErrors.SsoRoleUnknown,
                OrganizationErrors.SsoRolePrivileged, OrganizationErrors.BreakGlassInvalid)
            .WithDescription("Sets the rule as a whole. Every owner is told by mail. Members whom it newly concerns are asked for a sign-in at the organization's connection at their next refresh, switch or authorization.");
        enforcement.MapPost("/unlock", UnlockAsync).WithName("UnlockOrganization").RequireInstance().WithErrors(OrganizationErrors.UnlockReasonInvalid)
            .WithDescription("Lets everybody in again whom the organization's own rule locks out. The reason is kept, and told to the owners. `TenantIdP.Server org unlock` does the same without the API.");
    }

    private static async Task<Results<Ok<SsoEnforcementResponse>, ProblemHttpResult>> FindAsync(Id<Organization> organizationId, OrganizationService organizations, CancellationToken ct) =>
        (await organizations.FindAsync(organizationId, ct)).ToOk(SsoEnforcementResponse.From);

    private static async Task<Results<Ok<SsoEnforcementResponse>, ProblemHttpResult>> SetAsync(
        Id<Organization> organizationId, SetSsoEnforcementRequest request, [FromHeader(Name = "If-Match")] string? ifMatch, SsoEnforcementService enforcement, ManagementCaller caller, CancellationToken ct) =>
        (await enforcement.SetAsync(organizationId, request.ToNew(), caller.Granter, EntityTags.Expected(ifMatch), ct)).ToOk(SsoEnforcementResponse.From);

    private static async Task<Results<Ok<SsoEnforcementResponse>, ProblemHttpResult>> UnlockAsync(
        Id<Organization> organizationId, UnlockOrganizationRequest request, SsoEnforcementService enforcement, CancellationToken ct)
    {
        var unlocked = await enforcement.UnlockAsync(organizationId, request.Reason, ct);
        return unlocked.IsOk ? TypedResults.Ok(SsoEnforcementResponse.From(unlocked.Value.Organization)) : Problems.From(unlocked.Error);
    }
}

/// <param name="Mode"><c>optional</c>, <c>required</c> or <c>required_except_roles</c>.</param>
/// <param name="ExceptRoles">With <c>required_except_roles</c>: keys of roles. Spared is who holds none but these; never an owner or an admin.</param>
/// <param name="RolloutPercent">1 to 100: the part of the members that it is required of already. A larger part has everybody of a smaller one in it.</param>
/// <param name="RolloutRoles">Required only of those who hold one of these roles already; all when left out.</param>
/// <param name="BreakGlass">At most 3 owners with a password here, who may use it past the connection; each use is told to every owner. Those who are named stay when left out.</param>
public sealed record SetSsoEnforcementRequest(
    [property: Required] SsoMode? Mode, [property: MaxLength(SsoEnforcement.MaxRoles)] IReadOnlyList<string>? ExceptRoles = null, [property: Range(1, 100)] int RolloutPercent = 100,
    [property: MaxLength(SsoEnforcement.MaxRoles)] IReadOnlyList<string>? RolloutRoles = null, [property: MaxLength(SsoEnforcement.MaxBreakGlass)] IReadOnlyList<Id<User>>? BreakGlass = null)
{
    internal NewSsoEnforcement ToNew() => new(Mode!.Value) { ExceptRoles = ExceptRoles ?? [], RolloutPercent = RolloutPercent, RolloutRoles = RolloutRoles, BreakGlass = BreakGlass }; // required
}

/// <param name="Reason">1 to 500 characters.</param>
public sealed record UnlockOrganizationRequest([property: Required, MaxLength(SsoEnforcementService.MaxReason)] string Reason);

/// <param name="Version">Of the organization.</param>
public sealed record SsoEnforcementResponse(
    SsoMode Mode, IReadOnlyList<string> ExceptRoles, int RolloutPercent, IReadOnlyList<string>? RolloutRoles, IReadOnlyList<Id<User>> BreakGlass, DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    internal static SsoEnforcementResponse From(Organization o) => new(o.SsoMode, o.Sso.ExceptRoles, o.Sso.RolloutPercent, o.Sso.RolloutRoles, o.Sso.BreakGlass, o.UpdatedAt, o.Version);
}
