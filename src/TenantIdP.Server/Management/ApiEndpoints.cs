using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class ApiEndpoints
{
    public static void MapApis(this RouteGroupBuilder api)
    {
        var apis = api.MapGroup("/apis").WithTags("APIs").RequireInstance().WithErrors(RoleErrors.PermissionInvalid("resource:action"));

        apis.MapPost("/", CreateAsync).WithName("CreateApi");
        apis.MapGet("/", ListAsync).WithName("ListApis");
        apis.MapGet("/{apiId}", FindAsync).WithName("GetApi");
        apis.MapPatch("/{apiId}", UpdateAsync).WithName("UpdateApi");
        apis.MapDelete("/{apiId}", DeleteAsync).WithName("DeleteApi");
    }

    private static async Task<Results<Created<ApiResponse>, ProblemHttpResult>> CreateAsync(CreateApiRequest request, ApiService apis, CancellationToken ct) =>
        (await apis.CreateAsync(request.ToNew(), ct)).ToCreated(ApiResponse.From, a => $"{ManagementEndpoints.Path}/apis/{a.Id}");

    private static Task<Results<Ok<ListResponse<ApiResponse>>, ProblemHttpResult>> ListAsync([AsParameters] PageQuery query, ApiService apis, CancellationToken ct) =>
        query.AnswerAsync(page => apis.ListAsync(page, ct), ApiResponse.From);

    private static async Task<Results<Ok<ApiResponse>, ProblemHttpResult>> FindAsync(Id<Api> apiId, ApiService apis, CancellationToken ct) =>
        (await apis.FindAsync(apiId, ct)).ToOk(ApiResponse.From);

    private static async Task<Results<Ok<ApiResponse>, ProblemHttpResult>> UpdateAsync(
        Id<Api> apiId, ApiChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, ApiService apis, CancellationToken ct) =>
        (await apis.UpdateAsync(apiId, changes, EntityTags.Expected(ifMatch), ct)).ToOk(ApiResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(Id<Api> apiId, ApiService apis, CancellationToken ct) => (await apis.DeleteAsync(apiId, ct)).ToNoContent();
}

/// <param name="Identifier">An absolute URI: the audience of its access tokens. Never changes.</param>
/// <param name="AccessTokenSeconds">The instance's default when left out.</param>
public sealed record CreateApiRequest(
    [property: Required] string Identifier, [property: Required] string DisplayName, IReadOnlyList<string>? Scopes = null, IReadOnlyList<ApiPermission>? Permissions = null,
    int? AccessTokenSeconds = null, string? SigningAlgorithm = null)
{
    internal NewApi ToNew() => new(Identifier, DisplayName) { Scopes = Scopes ?? [], Permissions = Permissions ?? [], AccessTokenSeconds = AccessTokenSeconds, SigningAlgorithm = SigningAlgorithm ?? "ES256" };
}

public sealed record ApiResponse(
    Id<Api> Id, string Identifier, string DisplayName, IReadOnlyList<string> Scopes, IReadOnlyList<ApiPermission> Permissions, int? AccessTokenSeconds, string SigningAlgorithm,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    internal static ApiResponse From(Api a) =>
        new(a.Id, a.Identifier, a.DisplayName, a.Scopes, a.Permissions, a.AccessTokenSeconds, a.SigningAlgorithm, a.CreatedAt, a.UpdatedAt, a.Version);
}
