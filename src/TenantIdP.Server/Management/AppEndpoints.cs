using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class AppEndpoints
{
    public static void MapApps(this RouteGroupBuilder api)
    {
        var apps = api.MapGroup("/apps").WithTags("Apps").RequireInstance();
        Error[] map = [ClaimMap.Invalid, ClaimMap.Reserved];

        apps.MapPost("/", CreateAsync).WithName("CreateApp").WithErrors(map);
        apps.MapGet("/", ListAsync).WithName("ListApps");
        apps.MapGet("/{appId}", FindAsync).WithName("GetApp");
        apps.MapPatch("/{appId}", UpdateAsync).WithName("UpdateApp").WithErrors(map);
        apps.MapDelete("/{appId}", DeleteAsync).WithName("DeleteApp");
        apps.MapPost("/{appId}/secret", RotateSecretAsync).WithName("RotateAppSecret")
            .WithDescription("Makes a new secret, shown once. The old ones stop at once, or with `overlapSeconds` the newest of them after that time.");
        apps.MapPost("/{appId}/secrets", CreateSecretAsync).WithName("CreateAppSecret")
            .WithDescription("Makes a second secret, shown once: deploy it, then delete the first. With `overlapSeconds` those there are end after that time.");
        apps.MapGet("/{appId}/secrets", ListSecretsAsync).WithName("ListAppSecrets");
        apps.MapDelete("/{appId}/secrets/{secretId}", DeleteSecretAsync).WithName("DeleteAppSecret");
    }

    private static async Task<Results<Created<CreatedAppResponse>, ProblemHttpResult>> CreateAsync(CreateAppRequest request, AppService apps, CancellationToken ct)
    {
        var created = await apps.CreateAsync(request.ToNew(), ct);
        return created.ToCreated(CreatedAppResponse.From, a => $"{ManagementEndpoints.Path}/apps/{a.App.Id}");
    }

    private static Task<Results<Ok<ListResponse<AppResponse>>, ProblemHttpResult>> ListAsync([AsParameters] SortQuery sort, [AsParameters] PageQuery query, AppService apps, CancellationToken ct) =>
        query.AnswerAsync(sort, page => apps.ListAsync(page, ct), AppResponse.From);

    private static async Task<Results<Ok<AppResponse>, ProblemHttpResult>> FindAsync(Id<App> appId, AppService apps, CancellationToken ct) =>
        (await apps.FindAsync(appId, ct)).ToOk(AppResponse.From);

    private static async Task<Results<Ok<AppResponse>, ProblemHttpResult>> UpdateAsync(
        Id<App> appId, AppChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, AppService apps, CancellationToken ct) =>
        (await apps.UpdateAsync(appId, changes, EntityTags.Expected(ifMatch), ct)).ToOk(AppResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(Id<App> appId, AppService apps, CancellationToken ct) => (await apps.DeleteAsync(appId, ct)).ToNoContent();

    private static async Task<Results<Ok<CreatedAppResponse>, ProblemHttpResult>> RotateSecretAsync(Id<App> appId, int? overlapSeconds, AppSecretService secrets, CancellationToken ct) =>
        (await secrets.RotateAsync(appId, overlapSeconds, ct)).ToOk(CreatedAppResponse.From);

    private static async Task<Results<Created<CreatedAppSecretResponse>, ProblemHttpResult>> CreateSecretAsync(
        Id<App> appId, CreateAppSecretRequest request, AppSecretService secrets, CancellationToken ct) =>
        (await secrets.CreateAsync(appId, request.ExpiresAt, request.OverlapSeconds, ct)).ToCreated(CreatedAppSecretResponse.From, s => $"{ManagementEndpoints.Path}/apps/{appId}/secrets/{s.Kept.Id}");

    private static async Task<Results<Ok<ListResponse<AppSecretResponse>>, ProblemHttpResult>> ListSecretsAsync(Id<App> appId, AppSecretService secrets, CancellationToken ct) =>
        (await secrets.ListAsync(appId, ct)).ToOk(page => new ListResponse<AppSecretResponse>([.. page.Items.Select(AppSecretResponse.From)], page.Next));

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteSecretAsync(Id<App> appId, Id<AppSecret> secretId, AppSecretService secrets, CancellationToken ct) =>
        (await secrets.DeleteAsync(appId, secretId, ct)).ToNoContent();
}

/// <param name="BackchannelLogoutUri">Where it is told that somebody is signed out (OpenID Connect Back-Channel Logout 1.0).</param>
/// <param name="BackchannelLogoutSessionRequired">It needs the <c>sid</c>, which is always there.</param>
/// <param name="DefaultApi">Identifier of the API whose audience tokens carry when the request names none.</param>
/// <param name="Apis">Identifiers of further APIs the app may name by <c>resource</c>, and whose tokens it may introspect.</param>
/// <param name="RequirePkce">Off only for apps with a secret.</param>
/// <param name="RequireConsent">The app is somebody else's: each person is asked before it gets anything of theirs.</param>
/// <param name="GrantTypes">What its kind usually needs when left out.</param>
/// <param name="AccessTokenSeconds">60 to 86400; shortens what the API allows and never lengthens it.</param>
/// <param name="RefreshTokenDays">1 to 365; shortens what the instance allows and never lengthens it.</param>
/// <param name="RefreshTokenAbsoluteDays">1 to 730; shortens what the instance allows and never lengthens it.</param>
/// <param name="TokenEndpointAuthMethod">client_secret_basic, client_secret_post, private_key_jwt, or none for a public app; then no other works. Either form of the secret when left out.</param>
/// <param name="Jwks">The public keys of private_key_jwt, at most 10: RSA from 2048 bits or EC on P-256.</param>
/// <param name="JwksUri">Where the app publishes them instead, by https.</param>
/// <param name="ClaimMap">Claims under other names as well, at most 20.</param>
public sealed record CreateAppRequest(
    [property: Required] string DisplayName, [property: Required] AppKind? Kind, IReadOnlyList<string>? RedirectUris = null, IReadOnlyList<string>? PostLogoutRedirectUris = null,
    string? InitiateLoginUri = null, string? BackchannelLogoutUri = null, bool BackchannelLogoutSessionRequired = false, IReadOnlyList<string>? AllowedOrigins = null, IReadOnlyList<string>? Scopes = null, string? DefaultApi = null,
    IReadOnlyList<string>? Apis = null, bool RequirePkce = true,
    bool RequireOrganization = false, bool RequireConsent = false, string? IdTokenAlgorithm = null, IReadOnlyList<string>? GrantTypes = null,
    int? AccessTokenSeconds = null, int? RefreshTokenDays = null, int? RefreshTokenAbsoluteDays = null, IReadOnlyList<ClaimRule>? ClaimMap = null,
    string? TokenEndpointAuthMethod = null, AppKeySet? Jwks = null, string? JwksUri = null)
{
    internal NewApp ToNew() => new(DisplayName, Kind!.Value) // required, so validation has seen it
    {
        RedirectUris = RedirectUris ?? [], PostLogoutRedirectUris = PostLogoutRedirectUris ?? [], InitiateLoginUri = InitiateLoginUri,
        BackchannelLogoutUri = BackchannelLogoutUri, BackchannelLogoutSessionRequired = BackchannelLogoutSessionRequired, AllowedOrigins = AllowedOrigins ?? [], Scopes = Scopes ?? [],
        DefaultApi = DefaultApi, Apis = Apis ?? [], RequirePkce = RequirePkce, RequireOrganization = RequireOrganization, RequireConsent = RequireConsent, IdTokenAlgorithm = IdTokenAlgorithm ?? "RS256",
        GrantTypes = GrantTypes, AccessTokenSeconds = AccessTokenSeconds, RefreshTokenDays = RefreshTokenDays, RefreshTokenAbsoluteDays = RefreshTokenAbsoluteDays, ClaimMap = ClaimMap ?? [],
        TokenEndpointAuthMethod = TokenEndpointAuthMethod, Jwks = Jwks, JwksUri = JwksUri,
    };
}

public sealed record AppResponse(
    Id<App> Id, string ClientId, string DisplayName, AppKind Kind, IReadOnlyList<string> RedirectUris, IReadOnlyList<string> PostLogoutRedirectUris, string? InitiateLoginUri,
    string? BackchannelLogoutUri, bool BackchannelLogoutSessionRequired,
    IReadOnlyList<string> AllowedOrigins, IReadOnlyList<string> Scopes, string? DefaultApi, IReadOnlyList<string> Apis, bool RequirePkce, bool RequireOrganization, bool RequireConsent, string IdTokenAlgorithm,
    IReadOnlyList<string> GrantTypes, int? AccessTokenSeconds, int? RefreshTokenDays, int? RefreshTokenAbsoluteDays, IReadOnlyList<ClaimRule> ClaimMap,
    string? TokenEndpointAuthMethod, AppKeySet? Jwks, string? JwksUri, int Version) : IVersionedResponse
{
    internal static AppResponse From(App a) =>
        new(a.Id, a.ClientId, a.DisplayName, a.Kind, a.RedirectUris, a.PostLogoutRedirectUris, a.InitiateLoginUri, a.BackchannelLogoutUri, a.BackchannelLogoutSessionRequired, a.AllowedOrigins, a.Scopes, a.DefaultApi, a.Apis, a.RequirePkce, a.RequireOrganization, a.RequireConsent, a.IdTokenAlgorithm,
            a.GrantTypes, a.AccessTokenSeconds, a.RefreshTokenDays, a.RefreshTokenAbsoluteDays, a.ClaimMap, a.TokenEndpointAuthMethod, a.Jwks, a.JwksUri, a.Version);
}

/// <param name="ClientSecret">Shown here and never again; null for an app without one.</param>
public sealed record CreatedAppResponse(AppResponse App, string? ClientSecret)
{
    internal static CreatedAppResponse From(CreatedApp c) => new(AppResponse.From(c.App), c.ClientSecret);
}

/// <param name="ExpiresAt">The end of the new secret; none when left out.</param>
/// <param name="OverlapSeconds">The end of the secrets there are, from now; they stay as they are when left out.</param>
public sealed record CreateAppSecretRequest(DateTimeOffset? ExpiresAt = null, int? OverlapSeconds = null);

/// <param name="Prefix">How the secret begins.</param>
public sealed record AppSecretResponse(Id<AppSecret> Id, string Prefix, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt)
{
    internal static AppSecretResponse From(AppSecret s) => new(s.Id, s.Prefix, s.CreatedAt, s.ExpiresAt);
}

/// <param name="ClientSecret">Shown here and never again.</param>
public sealed record CreatedAppSecretResponse(AppSecretResponse Secret, string ClientSecret)
{
    internal static CreatedAppSecretResponse From(MadeSecret m) => new(AppSecretResponse.From(m.Kept), m.Secret);
}
