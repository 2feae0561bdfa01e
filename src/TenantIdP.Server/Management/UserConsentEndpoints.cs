using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class UserConsentEndpoints
{
    public static void MapUserConsents(this RouteGroupBuilder api)
    {
        var consents = api.MapGroup("/users/{userId}/consents").WithTags("Users").RequireInstance();

        consents.MapGet("/", ListAsync).WithName("ListUserConsents").WithSummary("Lists the apps that a user was asked about and has allowed something.");
        consents.MapDelete("/{appId}", WithdrawAsync).WithName("WithdrawUserConsent").WithSummary("Takes back what a user has allowed an app, and ends its grants.");
    }

    private static Task<Results<Ok<ListResponse<UserConsentResponse>>, ProblemHttpResult>> ListAsync(Id<User> userId, [AsParameters] PageQuery query, AppConsentService consents, CancellationToken ct) =>
        query.AnswerAsync(page => consents.ListAsync(userId, page, ct), UserConsentResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> WithdrawAsync(Id<User> userId, Id<App> appId, AppConsentService consents, CancellationToken ct) =>
        (await consents.WithdrawAsync(userId, appId, ct)).ToNoContent();
}

/// <param name="AppName">As the user read it.</param>
/// <param name="Apis">Identifiers of the APIs that the app may call as the user.</param>
/// <param name="GivenAt">When the user was asked last.</param>
public sealed record UserConsentResponse(Id<App> AppId, string AppName, IReadOnlyList<string> Scopes, IReadOnlyList<string> Apis, DateTimeOffset GivenAt)
{
    internal static UserConsentResponse From(AppConsent c) => new(c.AppId, c.AppName, c.Scopes, c.Apis, c.GivenAt);
}
