using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class UserSessionEndpoints
{
    public static void MapUserSessions(this RouteGroupBuilder api)
    {
        var sessions = api.MapGroup("/users/{userId}/sessions").WithTags("Users").RequireInstance();

        sessions.MapGet("/", ListAsync).WithName("ListUserSessions").WithSummary("Lists the sessions of a user that were not ended, the newest first.");
        sessions.MapDelete("/{sessionId}", EndAsync).WithName("EndUserSession").WithSummary("Ends a session and every grant that rests on it.");
        sessions.MapDelete("/", EndAllAsync).WithName("EndUserSessions").WithSummary("Ends every session and every grant of a user.");
    }

    private static Task<Results<Ok<ListResponse<UserSessionResponse>>, ProblemHttpResult>> ListAsync(Id<User> userId, [AsParameters] PageQuery query, UserSessions sessions, CancellationToken ct) =>
        query.AnswerAsync(page => sessions.ListAsync(userId, page, ct), UserSessionResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> EndAsync(Id<User> userId, Id<Session> sessionId, UserSessions sessions, CancellationToken ct) =>
        (await sessions.EndAsync(userId, sessionId, ct)).ToNoContent();

    private static async Task<Results<NoContent, ProblemHttpResult>> EndAllAsync(Id<User> userId, UserSessions sessions, CancellationToken ct) =>
        (await sessions.EndAllAsync(userId, ct)).ToNoContent();
}

/// <param name="ConnectionId">Null for a credential of this instance.</param>
/// <param name="Amr">Methods (RFC 8176).</param>
public sealed record SessionProofResponse(Id<Connection>? ConnectionId, Id<Organization>? OrganizationId, DateTimeOffset At, IReadOnlyList<string> Amr);

/// <param name="LastSeenAt">To within five minutes.</param>
public sealed record UserSessionResponse(
    Id<Session> Id, DateTimeOffset CreatedAt, DateTimeOffset LastSeenAt, DateTimeOffset ExpiresAt, DateTimeOffset? EndedAt, string? UserAgent, IReadOnlyList<SessionProofResponse> Proofs)
{
    internal static UserSessionResponse From(Session s) =>
        new(s.Id, s.CreatedAt, s.LastSeenAt, s.ExpiresAt, s.EndedAt, s.UserAgent, [.. s.Proofs.Select(p => new SessionProofResponse(p.ConnectionId, p.OrganizationId, p.At, p.Amr))]);
}
