using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class AppEndpoints
{
    public static void MapApps(this RouteGroupBuilder api)
    {
        var apps = api.MapGroup("/apps").WithTags("Apps").RequireInstance();

        apps.MapPost("/", CreateAsync).WithName("CreateApp");
        apps.MapGet("/", ListAsync).WithName("ListApps");
        apps.MapGet("/{appId}", FindAsync).WithName("GetApp");
        apps.MapPatch("/{appId}", UpdateAsync).WithName("UpdateApp");
        apps.MapDelete("/{appId}", DeleteAsync).WithName("DeleteApp");
        apps.MapPost("/{appId}/secret", RotateSecretAsync).WithName("RotateAppSecret");
    }

    private static async Task<Results<Created<CreatedAppResponse>, ProblemHttpResult>> CreateAsync(CreateAppRequest request, AppService apps, CancellationToken ct)
    {
        var created = await apps.CreateAsync(request.ToNew(), ct);
        return created.ToCreated(CreatedAppResponse.From, a => $"{ManagementEndpoints.Path}/apps/{a.App.Id}");
    }

    private static Task<Results<Ok<ListResponse<AppResponse>>, ProblemHttpResult>> ListAsync([AsParameters] PageQuery query, AppService apps, CancellationToken ct) =>
        query.AnswerAsync(page => apps.ListAsync(page, ct), AppResponse.From);

    private static async Task<Results<Ok<AppResponse>, ProblemHttpResult>> FindAsync(Id<App> appId, AppService apps, CancellationToken ct) =>
        (await apps.FindAsync(appId, ct)).ToOk(AppResponse.From);

    private static async Task<Results<Ok<AppResponse>, ProblemHttpResult>> UpdateAsync(Id<App> appId, AppChanges changes, AppService apps, CancellationToken ct) =>
        (await apps.UpdateAsync(appId, changes, ct)).ToOk(AppResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(Id<App> appId, AppService apps, CancellationToken ct) => (await apps.DeleteAsync(appId, ct)).ToNoContent();

    private static async Task<Results<Ok<CreatedAppResponse>, ProblemHttpResult>> RotateSecretAsync(Id<App> appId, AppService apps, CancellationToken ct) =>
        (await apps.RotateSecretAsync(appId, ct)).ToOk(CreatedAppResponse.From);
}

/// <param name="DefaultApi">Identifier of the API whose audience tokens carry when the request names none.</param>
/// <param name="Apis">Identifiers of further APIs the app may name by <c>resource</c>, and whose tokens it may introspect.</param>
/// <param name="RequirePkce">Off only for apps with a secret.</param>
public sealed record CreateAppRequest(
    [property: Required] string DisplayName, [property: Required] AppKind? Kind, IReadOnlyList<string>? RedirectUris = null, IReadOnlyList<string>? PostLogoutRedirectUris = null,
    string? InitiateLoginUri = null, IReadOnlyList<string>? AllowedOrigins = null, IReadOnlyList<string>? Scopes = null, string? DefaultApi = null,
    IReadOnlyList<string>? Apis = null, bool RequirePkce = true,
    bool RequireOrganization = false, string? IdTokenAlgorithm = null)
{
    internal NewApp ToNew() => new(DisplayName, Kind!.Value) // required, so validation has seen it
    {
        RedirectUris = RedirectUris ?? [], PostLogoutRedirectUris = PostLogoutRedirectUris ?? [], InitiateLoginUri = InitiateLoginUri, AllowedOrigins = AllowedOrigins ?? [], Scopes = Scopes ?? [],
        DefaultApi = DefaultApi, Apis = Apis ?? [], RequirePkce = RequirePkce, RequireOrganization = RequireOrganization, IdTokenAlgorithm = IdTokenAlgorithm ?? "RS256",
    };
}

public sealed record AppResponse(
    Id<App> Id, string ClientId, string DisplayName, AppKind Kind, IReadOnlyList<string> RedirectUris, IReadOnlyList<string> PostLogoutRedirectUris, string? InitiateLoginUri,
    IReadOnlyList<string> AllowedOrigins, IReadOnlyList<string> Scopes, string? DefaultApi, IReadOnlyList<string> Apis, bool RequirePkce, bool RequireOrganization, string IdTokenAlgorithm)
{
    internal static AppResponse From(App a) =>
        new(a.Id, a.ClientId, a.DisplayName, a.Kind, a.RedirectUris, a.PostLogoutRedirectUris, a.InitiateLoginUri, a.AllowedOrigins, a.Scopes, a.DefaultApi, a.Apis, a.RequirePkce, a.RequireOrganization, a.IdTokenAlgorithm);
}

/// <param name="ClientSecret">Shown here and never again; null for a public app.</param>
public sealed record CreatedAppResponse(AppResponse App, string? ClientSecret)
{
    internal static CreatedAppResponse From(CreatedApp c) => new(AppResponse.From(c.App), c.ClientSecret);
}
