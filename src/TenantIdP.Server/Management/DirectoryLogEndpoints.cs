using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>What identity providers asked of a directory, and how it ended.</summary>
internal static class DirectoryLogEndpoints
{
    private const string Listing = "One entry for each request that wrote or was refused, the newest first, kept for 30 days and 20,000 entries. It appears within a second. Bodies are masked: of what may be a person's, a first letter.";

    private static readonly Error OutcomeInvalid = new(ErrorKind.Invalid, "outcome_invalid", "An outcome is succeeded, refused or failed.", "outcome");

    public static void MapDirectoryLog(this RouteGroupBuilder organization) =>
        organization.MapGroup("/directories/{directoryId}").WithTags("Directories").MapGet("/log", ListAsync).WithName("ListDirectoryLog").RequireOrganization(Permission.DirectoriesRead).WithDescription(Listing).WithErrors(OutcomeInvalid);

    private static async Task<Results<Ok<ListResponse<DirectoryLogResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, [AsParameters] DirectoryLogQuery wanted, [AsParameters] PageQuery query, DirectoryLogs logs, CancellationToken ct)
    {
        if (!EnumTexts.TryRead<DirectoryOutcome>(wanted.Outcome, out var outcome)) return Problems.From(OutcomeInvalid);
        return await query.AnswerAsync(page => logs.ListAsync(organizationId, directoryId, new DirectoryLogFilter(outcome, wanted.Operation, wanted.Resource), page, ct), DirectoryLogResponse.From);
    }
}

public sealed record DirectoryLogQuery
{
    /// <summary><c>succeeded</c>, <c>refused</c> or <c>failed</c>.</summary>
    public string? Outcome { get; init; }

    /// <summary><c>create</c>, <c>replace</c>, <c>patch</c>, <c>delete</c>, <c>bulk</c>; of refused ones also <c>get</c>, <c>list</c>, <c>search</c> and <c>discover</c>.</summary>
    public string? Operation { get; init; }

    /// <summary>The SCIM id of a user or group.</summary>
    public string? Resource { get; init; }
}

/// <param name="ResourceType"><c>User</c>, <c>Group</c>, <c>Bulk</c>, …</param>
/// <param name="Outcome"><c>succeeded</c>; <c>refused</c>: the request asks for what can't be; <c>failed</c>: we could not.</param>
/// <param name="Status">Of the HTTP answer.</param>
/// <param name="ScimType">The keyword of the error (RFC 7644 table 9).</param>
/// <param name="Detail">The sentence that the identity provider was given.</param>
/// <param name="Request">Query and body, masked, and cut at 2,000 characters.</param>
public sealed record DirectoryLogResponse(
    Id<DirectoryLogEntry> Id, DateTimeOffset At, string Operation, string ResourceType, string? ResourceId, DirectoryOutcome Outcome, int Status, string? ScimType, string? Detail, int DurationMs, string? TraceId,
    string? Request)
{
    internal static DirectoryLogResponse From(DirectoryLogEntry e) => new(e.Id, e.At, e.Operation, e.ResourceType, e.ResourceId, e.Outcome, e.Status, e.ScimType, e.Detail, e.DurationMs, e.TraceId, e.Request);
}
