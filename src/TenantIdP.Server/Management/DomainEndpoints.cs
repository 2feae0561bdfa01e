using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class DomainEndpoints
{
    public static void MapDomains(this RouteGroupBuilder organization)
    {
        var domains = organization.MapGroup("/domains").WithTags("Domains");

        domains.MapGet("/", ListAsync).WithName("ListDomains").RequireOrganization(Permission.DomainsRead);
        domains.MapGet("/{domainId}", FindAsync).WithName("GetDomain").RequireOrganization(Permission.DomainsRead);
        domains.MapPatch("/{domainId}", UpdateAsync).WithName("UpdateDomain").RequireOrganization(Permission.DomainsWrite).WithErrors(RoleErrors.Escalation)
            .WithSummary("Where people of the domain sign in, and how they join.");
        domains.MapPost("/", ClaimAsync).WithName("ClaimDomain").RequireOrganization(Permission.DomainsWrite);
        domains.MapDelete("/{domainId}", ReleaseAsync).WithName("ReleaseDomain").RequireOrganization(Permission.DomainsWrite);
        domains.MapPost("/{domainId}/verify-by-operator", VerifyByOperatorAsync).WithName("VerifyDomainByOperator").RequireInstance();
    }

    private static Task<Results<Ok<ListResponse<DomainResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, [AsParameters] PageQuery query, DomainService domains, CancellationToken ct) =>
        query.AnswerAsync(page => domains.ListAsync(organizationId, page, ct), DomainResponse.From);

    private static async Task<Results<Ok<DomainResponse>, ProblemHttpResult>> FindAsync(
        Id<Organization> organizationId, Id<OrganizationDomain> domainId, DomainService domains, CancellationToken ct) =>
        (await domains.FindAsync(organizationId, domainId, ct)).ToOk(DomainResponse.From);

    private static async Task<Results<Created<DomainResponse>, ProblemHttpResult>> ClaimAsync(
        Id<Organization> organizationId, ClaimDomainRequest request, DomainService domains, CancellationToken ct)
    {
        var claimed = await domains.ClaimAsync(organizationId, request.Host, request.IncludeSubdomains, ct);
        return claimed.ToCreated(DomainResponse.From, d => $"{ManagementEndpoints.Path}/organizations/{organizationId}/domains/{d.Id}");
    }

    private static async Task<Results<Ok<DomainResponse>, ProblemHttpResult>> UpdateAsync(
        Id<Organization> organizationId, Id<OrganizationDomain> domainId, DomainChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, DomainRouting routing, ManagementCaller caller, CancellationToken ct) =>
        (await routing.UpdateAsync(organizationId, domainId, changes, caller.Granter, EntityTags.Expected(ifMatch), ct)).ToOk(DomainResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> ReleaseAsync(
        Id<Organization> organizationId, Id<OrganizationDomain> domainId, DomainService domains, CancellationToken ct) =>
        (await domains.ReleaseAsync(organizationId, domainId, ct)).ToNoContent();

    private static async Task<Results<Ok<DomainResponse>, ProblemHttpResult>> VerifyByOperatorAsync(
        Id<Organization> organizationId, Id<OrganizationDomain> domainId, VerifyDomainByOperatorRequest request, DomainService domains, CancellationToken ct) =>
        (await domains.VerifyByOperatorAsync(organizationId, domainId, request.Reason, ct)).ToOk(DomainResponse.From);
}

/// <param name="Host">As pasted: a host, <c>@host</c> or a URL.</param>
public sealed record ClaimDomainRequest([property: Required, MaxLength(2_000)] string Host, bool IncludeSubdomains = false);

/// <param name="Reason">Why you vouch; kept with the domain and in the event.</param>
public sealed record VerifyDomainByOperatorRequest([property: Required] string Reason);

/// <param name="Challenge">The token that a proof must show.</param>
/// <param name="Assignment">What happens with a person who has a verified address here and is no member.</param>
/// <param name="DefaultRole">The key of the role of those who join by this domain.</param>
/// <param name="Connections">Which connections its people go to, in their order; empty: all active ones.</param>
public sealed record DomainResponse(
    Id<OrganizationDomain> Id, string Host, bool IncludeSubdomains, AssignmentMode Assignment, string DefaultRole, IReadOnlyList<DomainConnectionRule> Connections, string Challenge, bool Verified, DateTimeOffset? VerifiedAt, VerificationMethod? VerifiedBy, string? VerificationReason,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    internal static DomainResponse From(OrganizationDomain d) =>
        new(d.Id, d.Host.Value, d.IncludeSubdomains, d.Assignment, d.DefaultRoleKey, [.. d.Connections.OrderBy(c => c.Position).Select(c => new DomainConnectionRule(c.ConnectionId, c.Host))], d.Challenge, d.IsVerified, d.VerifiedAt, d.VerifiedBy, d.VerificationReason, d.ClaimedAt, d.UpdatedAt, d.Version);
}
