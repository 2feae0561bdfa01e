using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>The bearer tokens of a directory.</summary>
internal static class DirectoryTokenEndpoints
{
    private const string Creating = "Makes a token, shown here and never again. A directory has at most two live ones. A person must have signed in within the last 15 minutes.";
    private const string Rotating = "Makes the token that follows this one, shown here and never again. This one goes on for `overlapSeconds` more (a day when left out; at most 2592000; 0: it ends now), so that the "
        + "identity provider moves without a gap. A person must have signed in within the last 15 minutes.";

    public static void MapDirectoryTokens(this RouteGroupBuilder organization)
    {
        var tokens = organization.MapGroup("/directories/{directoryId}/tokens").WithTags("Directories");
        tokens.MapGet("/", ListAsync).WithName("ListDirectoryTokens").RequireOrganization(Permission.DirectoriesRead).WithDescription("Those that are live, and those that ended in the last 30 days; never the tokens themselves.");
        tokens.MapPost("/", CreateAsync).WithName("CreateDirectoryToken").RequireOrganization(Permission.DirectoriesWrite).RequireRecentSignIn().WithDescription(Creating);
        tokens.MapPost("/{tokenId}/rotate", RotateAsync).WithName("RotateDirectoryToken").RequireOrganization(Permission.DirectoriesWrite).RequireRecentSignIn().WithDescription(Rotating);
        tokens.MapDelete("/{tokenId}", RevokeAsync).WithName("RevokeDirectoryToken").RequireOrganization(Permission.DirectoriesWrite).WithDescription("The next request with it is refused.");
    }

    private static Task<Results<Ok<ListResponse<DirectoryTokenResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, [AsParameters] PageQuery query, DirectoryTokens tokens, CancellationToken ct) =>
        query.AnswerAsync(page => tokens.ListAsync(organizationId, directoryId, page, ct), DirectoryTokenResponse.From);

    private static async Task<Results<Created<CreatedDirectoryTokenResponse>, ProblemHttpResult>> CreateAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, CreateDirectoryTokenRequest? request, DirectoryTokens tokens, CancellationToken ct)
    {
        var made = await tokens.CreateAsync(organizationId, directoryId, request?.ExpiresAt, ct);
        return made.ToCreated(CreatedDirectoryTokenResponse.From, _ => $"{ManagementEndpoints.Path}/organizations/{organizationId}/directories/{directoryId}/tokens");
    }

    private static async Task<Results<Ok<CreatedDirectoryTokenResponse>, ProblemHttpResult>> RotateAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, Id<DirectoryToken> tokenId, RotateDirectoryTokenRequest? request, DirectoryTokens tokens, CancellationToken ct) =>
        (await tokens.RotateAsync(organizationId, directoryId, tokenId, request?.OverlapSeconds, request?.ExpiresAt, ct)).ToOk(CreatedDirectoryTokenResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, Id<DirectoryToken> tokenId, DirectoryTokens tokens, CancellationToken ct) =>
        (await tokens.RevokeAsync(organizationId, directoryId, tokenId, ct)).ToNoContent();
}

/// <param name="ExpiresAt">Within ten years; left out: never.</param>
public sealed record CreateDirectoryTokenRequest(DateTimeOffset? ExpiresAt = null);

/// <param name="OverlapSeconds">How long the old one goes on: 0 to 2592000; a day when left out.</param>
/// <param name="ExpiresAt">Of the new one: within ten years; left out: never.</param>
public sealed record RotateDirectoryTokenRequest(int? OverlapSeconds = null, DateTimeOffset? ExpiresAt = null);

/// <param name="Prefix">How the token begins.</param>
/// <param name="CreatedBy">The id of whoever made it.</param>
/// <param name="LastUsedAt">To within a minute; null: never.</param>
public sealed record DirectoryTokenResponse(Id<DirectoryToken> Id, string Prefix, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt)
{
    internal static DirectoryTokenResponse From(DirectoryToken t) => new(t.Id, t.Prefix, t.CreatedBy, t.CreatedAt, t.ExpiresAt, t.LastUsedAt);
}

/// <param name="Secret">The token itself, shown here and never again.</param>
public sealed record CreatedDirectoryTokenResponse(DirectoryTokenResponse Token, string Secret)
{
    internal static CreatedDirectoryTokenResponse From(MadeDirectoryToken m) => new(DirectoryTokenResponse.From(m.Token), m.Secret);
}
