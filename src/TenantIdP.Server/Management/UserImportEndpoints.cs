using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>People and memberships in bulk: of the whole instance for operators, of one organization for its own admins.</summary>
internal static class UserImportEndpoints
{
    public static void MapUserImport(this RouteGroupBuilder api) =>
        api.MapPost("/users/import", ImportAsync).WithTags("Users").RequireInstance().WithMetadata(new BodyLimit(ImportLines.MaxBody, ImportLines.Ndjson)).WithName("ImportUsers")
            .WithSummary("Creates or updates people and memberships from NDJSON, password hashes included; answers a line for each row.");

    public static void MapMemberImport(this RouteGroupBuilder organization) =>
        organization.MapPost("/import", ImportMembersAsync).WithTags("Members").RequireOrganization(Permission.MembersWrite).WithMetadata(new BodyLimit(ImportLines.MaxBody, ImportLines.Ndjson))
            .WithName("ImportMembers").WithErrors(ImportErrors.TooManyMembers)
            .WithSummary("Brings people of the organization's verified domains into it from NDJSON; answers a line for each row.");

    private static async Task<Results<PushStreamHttpResult, ProblemHttpResult>> ImportAsync(string? match, bool? dryRun, HttpRequest request, UserImport import, CancellationToken ct)
    {
        if (match is not (null or "email")) return Problems.From(ImportErrors.MatchInvalid);
        var lines = await ImportLines.ReadAsync(request, UserImport.MaxRows, ct);
        if (lines.Count > UserImport.MaxRows) return Problems.From(ImportErrors.TooManyRows);
        var options = new ImportOptions(match is not null, dryRun == true);
        return TypedResults.Stream(answer => ImportLines.AnswerAsync<ImportRow>(lines, UserImport.BatchSize, rows => import.RunAsync(rows, options, ct), answer, ct), ImportLines.Ndjson);
    }

    private static async Task<Results<PushStreamHttpResult, ProblemHttpResult>> ImportMembersAsync(
        Id<Organization> organizationId, bool? dryRun, HttpRequest request, MemberImport import, ManagementCaller caller, CancellationToken ct)
    {
        var lines = await ImportLines.ReadAsync(request, MemberImport.MaxRows, ct);
        if (lines.Count > MemberImport.MaxRows) return Problems.From(ImportErrors.TooManyMembers);
        var granter = caller.Granter;
        return TypedResults.Stream(
            answer => ImportLines.AnswerAsync<MemberImportRow>(lines, MemberImport.BatchSize, rows => import.RunAsync(organizationId, rows, dryRun == true, granter, ct), answer, ct), ImportLines.Ndjson);
    }
}
