using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class EventEndpoints
{
    public static void MapEvents(this RouteGroupBuilder api)
    {
        var events = api.MapGroup("/events").WithTags("Events").RequireInstance().WithErrors(EventExport.FormatInvalid);

        events.MapGet("/", ListAllAsync).WithName("ListEvents");
        events.MapGet("/export", ExportAll).WithName("ExportEvents");
    }

    public static void MapOrganizationEvents(this RouteGroupBuilder organization)
    {
        var events = organization.MapGroup("/events").WithTags("Events").RequireOrganization(Permission.EventsRead).WithErrors(EventExport.FormatInvalid);

        events.MapGet("/", ListAsync).WithName("ListOrganizationEvents");
        events.MapGet("/export", Export).WithName("ExportOrganizationEvents");
    }

    private static Task<Results<Ok<EventListResponse>, ProblemHttpResult>> ListAllAsync(
        Id<Organization>? organizationId, [AsParameters] EventQuery wanted, [AsParameters] PageQuery query, EventFeed feed, CancellationToken ct) =>
        AnswerAsync(query, page => feed.ListAllAsync(organizationId, wanted.ToFilter(), page, ct));

    private static Task<Results<Ok<EventListResponse>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, [AsParameters] EventQuery wanted, [AsParameters] PageQuery query, EventFeed feed, CancellationToken ct) =>
        AnswerAsync(query, page => feed.ListAsync(organizationId, wanted.ToFilter(), page, ct));

    private static Results<PushStreamHttpResult, ProblemHttpResult> ExportAll(
        Id<Organization>? organizationId, [AsParameters] EventQuery wanted, string? format, EventFeed feed, CancellationToken ct) =>
        Answer(format, wanted.ToFilter(), filter => feed.ExportAllAsync(organizationId, filter, ct));

    private static Results<PushStreamHttpResult, ProblemHttpResult> Export(
        Id<Organization> organizationId, [AsParameters] EventQuery wanted, string? format, EventFeed feed, CancellationToken ct) =>
        Answer(format, wanted.ToFilter(), filter => feed.ExportAsync(organizationId, filter, ct));

    private static async Task<Results<Ok<EventListResponse>, ProblemHttpResult>> AnswerAsync(PageQuery query, Func<PageRequest, Task<Result<EventPage>>> list)
    {
        var wanted = query.Read();
        if (!wanted.IsOk) return Problems.From(wanted.Error);
        var chosen = FieldChoice.Read<EventResponse>(query.Fields, query.Context);
        if (!chosen.IsOk) return Problems.From(chosen.Error);
        var page = await list(wanted.Value);
        return page.IsOk ? TypedResults.Ok(EventListResponse.From(page.Value, query)) : Problems.From(page.Error);
    }

    private static Results<PushStreamHttpResult, ProblemHttpResult> Answer(string? format, EventFilter filter, Func<EventFilter, IAsyncEnumerable<SealedEvent>> read)
    {
        if (EventExport.Find(format) is not { } export) return Problems.From(EventExport.FormatInvalid);
        var allowed = EventFeed.Check(filter);
        if (!allowed.IsOk) return Problems.From(allowed.Error);
        return TypedResults.Stream(body => export.WriteAsync(read(filter), body), export.ContentType, export.FileName);
    }
}

public sealed record EventQuery
{
    /// <summary>Such as <c>member.joined</c>, or <c>member.</c> for all of these; may be repeated.</summary>
    public string[]? Type { get; init; }

    /// <summary>The id of the person, app or directory that did it.</summary>
    public string? Actor { get; init; }

    /// <summary>The id of what it was done to.</summary>
    public string? Target { get; init; }

    /// <summary>The first moment.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The first moment after it.</summary>
    public DateTimeOffset? Until { get; init; }

    internal EventFilter ToFilter() => new() { Types = Type ?? [], Actor = Actor, Target = Target, Since = Since?.ToUniversalTime(), Until = Until?.ToUniversalTime() };
}

/// <param name="Kind"><c>system</c>, <c>user</c>, <c>app</c> or <c>directory</c>.</param>
/// <param name="Act">The app that acted in the person's name with an exchanged token.</param>
public sealed record EventActorResponse(ActorKind Kind, string Id, string? Act);

/// <param name="OrganizationId">Null for an event of the instance.</param>
/// <param name="Data">What happened; an update has <c>changes</c>, each field with <c>before</c> and <c>after</c>.</param>
/// <param name="Personal">Names and addresses; null when there are none or they were erased.</param>
/// <param name="TraceId">Of the request; the log has it too.</param>
/// <param name="Position">The place in the log; grows, and never changes.</param>
/// <param name="Hash">Carries on that of the organization's event before.</param>
public sealed record EventResponse(
    Id<Event> Id, string Type, DateTimeOffset OccurredAt, Id<Organization>? OrganizationId, EventActorResponse Actor, string Target, JsonElement Data, JsonElement? Personal, string? TraceId,
    long Position, string Hash)
{
    internal static EventResponse From(SealedEvent found)
    {
        var e = found.Event;
        var data = JsonElement.Parse(e.Data);
        return new(
            e.Id, e.Type, e.OccurredAt, e.OrganizationId == Organization.Instance ? null : e.OrganizationId, new EventActorResponse(e.ActorKind, e.ActorId, data.TryGetProperty(EventLog.ActMember, out var act) ? act.GetString() : null), e.TargetId,
            data, found.Personal is { } personal ? JsonElement.Parse(personal) : null, e.TraceId, found.Position, e.Hash!); // sealed
    }
}

/// <param name="Next">Pass it as <c>after</c>; there at the end, too: ask again later with it.</param>
/// <param name="More">Whether there is more now. A filter may make a page short or empty before the end.</param>
public sealed record EventListResponse(IReadOnlyList<EventResponse> Data, string Next, bool More)
{
    internal static EventListResponse From(EventPage page, PageQuery query) => new([.. page.Items.Select(EventResponse.From)], query.Seal(page.Next)!, page.More); // it always goes on
}
