using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Federation;
using TenantIdP.Server.Federation.Saml;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class ConnectionEndpoints
{
    public static void MapConnections(this RouteGroupBuilder organization)
    {
        var read = organization.MapGroup("/connections").WithTags("Connections").RequireOrganization(Permission.ConnectionsRead);
        read.MapGet("/", ListAsync).WithName("ListConnections");
        read.MapGet("/{connectionId}", FindAsync).WithName("GetConnection");

        var write = organization.MapGroup("/connections").WithTags("Connections").RequireOrganization(Permission.ConnectionsWrite).WithErrors(RoleErrors.Escalation);
        write.MapPost("/", CreateAsync).WithName("CreateConnection");
        write.MapPatch("/{connectionId}", UpdateAsync).WithName("UpdateConnection");
        write.MapDelete("/{connectionId}", DeleteAsync).WithName("DeleteConnection");
        write.MapPost("/{connectionId}/activate", ActivateAsync).WithName("ActivateConnection");
        write.MapPost("/{connectionId}/disable", DisableAsync).WithName("DisableConnection");
        write.MapPost("/{connectionId}/metadata/refresh", RefreshMetadataAsync).WithName("RefreshConnectionMetadata");
        write.MapPost("/{connectionId}/tests", StartTestAsync).WithName("StartConnectionTest");
        organization.MapConnectionKeys();
    }

    private static Task<Results<Ok<ListResponse<ConnectionResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, [AsParameters] PageQuery query, ConnectionService connections, ConnectionAnswers answers, CancellationToken ct) =>
        query.AnswerAsync(async page => await answers.ShowAsync(organizationId, await connections.ListAsync(organizationId, page, ct), ct), shown => shown);

    private static async Task<Results<Ok<ConnectionResponse>, ProblemHttpResult>> FindAsync(
        Id<Organization> organizationId, Id<Connection> connectionId, ConnectionService connections, ConnectionAnswers answers, CancellationToken ct) =>
        (await answers.ShowAsync(await connections.FindAsync(organizationId, connectionId, ct), ct)).ToOk(shown => shown);

    private static async Task<Results<Created<ConnectionResponse>, ProblemHttpResult>> CreateAsync(
        Id<Organization> organizationId, CreateConnectionRequest request, ConnectionWrites writes, ConnectionAnswers answers, CancellationToken ct)
    {
        var created = await answers.ShowAsync(await writes.CreateAsync(organizationId, request, ct), ct);
        return created.ToCreated(shown => shown, c => $"{ManagementEndpoints.Path}/organizations/{organizationId}/connections/{c.Id}");
    }

    private static async Task<Results<Ok<ConnectionResponse>, ProblemHttpResult>> UpdateAsync(
        Id<Organization> organizationId, Id<Connection> connectionId, ConnectionChangesRequest changes, [FromHeader(Name = "If-Match")] string? ifMatch, ConnectionWrites writes,
        ConnectionAnswers answers, CancellationToken ct) =>
        (await answers.ShowAsync(await writes.UpdateAsync(organizationId, connectionId, changes, EntityTags.Expected(ifMatch), ct), ct)).ToOk(shown => shown);

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        Id<Organization> organizationId, Id<Connection> connectionId, ConnectionService connections, CancellationToken ct) =>
        (await connections.DeleteAsync(organizationId, connectionId, ct)).ToNoContent();

    private static async Task<Results<Ok<ConnectionResponse>, ProblemHttpResult>> ActivateAsync(
        Id<Organization> organizationId, Id<Connection> connectionId, ActivateConnectionRequest? request, ConnectionService connections, ManagementCaller caller, ConnectionAnswers answers,
        CancellationToken ct) =>
        (await answers.ShowAsync(await connections.ActivateAsync(organizationId, connectionId, request?.UntestedReason, caller.Granter, ct), ct)).ToOk(shown => shown);

    private static async Task<Results<Created<ConnectionTestResponse>, ProblemHttpResult>> StartTestAsync(
        Id<Organization> organizationId, Id<Connection> connectionId, ConnectionService connections, ConnectionTestTickets tickets, ActorContext actor, CancellationToken ct)
    {
        var found = await connections.FindAsync(organizationId, connectionId, ct);
        if (!found.IsOk) return Problems.From(found.Error);
        var (url, expiresAt) = tickets.Issue(organizationId, connectionId, actor.Actor);
        return TypedResults.Created(url, new ConnectionTestResponse(url, expiresAt));
    }

    private static async Task<Results<Ok<ConnectionResponse>, ProblemHttpResult>> RefreshMetadataAsync(
        Id<Organization> organizationId, Id<Connection> connectionId, MetadataRefresh refresh, ConnectionAnswers answers, CancellationToken ct) =>
        (await answers.ShowAsync(await refresh.TryAsync(organizationId, connectionId, ct), ct)).ToOk(shown => shown);

    private static async Task<Results<Ok<ConnectionResponse>, ProblemHttpResult>> DisableAsync(
        Id<Organization> organizationId, Id<Connection> connectionId, ConnectionService connections, ConnectionAnswers answers, CancellationToken ct) =>
        (await answers.ShowAsync(await connections.DisableAsync(organizationId, connectionId, ct), ct)).ToOk(shown => shown);
}

/// <param name="Url">Open it in a browser and sign in at the identity provider; nobody is signed in here by it.</param>
public sealed record ConnectionTestResponse(string Url, DateTimeOffset ExpiresAt);
