using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class UserIdentityEndpoints
{
    public static void MapUserIdentities(this RouteGroupBuilder api)
    {
        var identities = api.MapGroup("/users/{userId}/identities").WithTags("Users").RequireInstance();

        identities.MapGet("/", ListAsync).WithName("ListUserIdentities").WithSummary("Lists the identities by which connections know a user.");
        identities.MapDelete("/{identityId}", UnlinkAsync).WithName("UnlinkUserIdentity").WithSummary("Unlinks an identity and ends the sessions that its connection has proven.");
    }

    private static Task<Results<Ok<ListResponse<UserIdentityResponse>>, ProblemHttpResult>> ListAsync(
        Id<User> userId, [AsParameters] PageQuery query, UserCredentials credentials, CancellationToken ct) =>
        query.AnswerAsync(page => credentials.ListIdentitiesAsync(userId, page, ct), UserIdentityResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> UnlinkAsync(Id<User> userId, Id<UserIdentity> identityId, UserCredentials credentials, CancellationToken ct) =>
        (await credentials.UnlinkAsync(userId, identityId, ct)).ToNoContent();
}

/// <param name="OrganizationId">The organization of the connection.</param>
/// <param name="Subject">What the connection calls this person.</param>
/// <param name="LinkedBy"><c>created</c>, <c>verified_domain</c> or <c>proven</c>.</param>
public sealed record UserIdentityResponse(
    Id<UserIdentity> Id, Id<Organization> OrganizationId, Id<Connection> ConnectionId, string Issuer, string Subject, string LinkedBy, DateTimeOffset LinkedAt, DateTimeOffset LastUsedAt)
{
    internal static UserIdentityResponse From(UserIdentity i) => new(i.Id, i.OrganizationId, i.ConnectionId, i.Issuer, i.Subject, i.LinkedBy, i.LinkedAt, i.LastUsedAt);
}
