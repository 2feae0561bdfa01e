using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Events;

/// <summary>Each empty member lets everything through.</summary>
public sealed record EventFilter
{
    /// <summary>Whole types (<c>member.joined</c>) and prefixes that end with a dot (<c>member.</c>).</summary>
    public IReadOnlyList<string> Types { get; init; } = [];

    public string? Actor { get; init; }
    public string? Target { get; init; }
    public DateTimeOffset? Since { get; init; }

    /// <summary>Excluded itself.</summary>
    public DateTimeOffset? Until { get; init; }
}

/// <param name="Personal">JSON; null when there is none or it was erased.</param>
public sealed record SealedEvent(Event Event, string? Personal)
{
    public long Position => Event.Position!.Value; // read by a position
}

/// <param name="Next">Always there: at the end, too, where it is the place to go on from later.</param>
/// <param name="More">Whether going on now yields more. A filter that lets little through may make a page short or empty before the end.</param>
public sealed record EventPage(IReadOnlyList<SealedEvent> Items, string Next, bool More);

public static class EventFeedErrors
{
    public static readonly Error TypeInvalid = new(ErrorKind.Invalid, "event_type_invalid", $"A type is such as 'member.joined', or 'member.' for all of these; at most {EventFeed.MaxTypes} of them.", "type");
    public static readonly Error PeriodInvalid = new(ErrorKind.Invalid, "period_invalid", "'until' is later than 'since'.", "until");
}

/// <summary>
/// Reads what is sealed, in the order of sealing. A page costs the same wherever it is and however much other organizations have: it walks one index from a position on, and
/// looks at <see cref="Window"/> rows at most. Crosses organizations for operators only; the feed of one is read in its own scope.
/// </summary>
public sealed partial class EventFeed(IdpDbContext db)
{
    public const int MaxTypes = 20;
    public const int Window = 5_000;

    private const int ExportPage = 500;
    private const int Neighbours = 100;

    // Sealing follows what happened at the distance of the longest transaction; none lasts nearly as long as this.
    private static readonly TimeSpan Slack = TimeSpan.FromHours(1);

    /// <param name="organization">Null for those of all organizations and of the instance.</param>
    public Task<Result<EventPage>> ListAllAsync(Id<Organization>? organization, EventFilter filter, PageRequest page, CancellationToken ct) =>
        PageAsync(All(organization), organization, filter, page, ct);

    /// <summary>Of the organization that was entered.</summary>
    public Task<Result<EventPage>> ListAsync(Id<Organization> organization, EventFilter filter, PageRequest page, CancellationToken ct) =>
        PageAsync(Own(organization), organization, filter, page, ct);

    /// <summary>Everything that is sealed now, page by page, so that any number fits.</summary>
    public IAsyncEnumerable<SealedEvent> ExportAllAsync(Id<Organization>? organization, EventFilter filter, CancellationToken ct) => ExportAsync(All(organization), organization, filter, ct);

    /// <inheritdoc cref="ExportAllAsync"/>
    public IAsyncEnumerable<SealedEvent> ExportAsync(Id<Organization> organization, EventFilter filter, CancellationToken ct) => ExportAsync(Own(organization), organization, filter, ct);

    public static Result Check(EventFilter filter)
    {
        if (filter.Types.Count > MaxTypes || !filter.Types.All(t => t.Length <= 64 && Type().IsMatch(t))) return EventFeedErrors.TypeInvalid;
        return filter is { Since: { } since, Until: { } until } && since >= until ? EventFeedErrors.PeriodInvalid : Result.Ok;
    }

    private IQueryable<Event> All(Id<Organization>? organization)
    {
        var all = db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]);
        return organization is { } id ? all.Where(e => e.OrganizationId == id) : all;
    }

    private IQueryable<Event> Own(Id<Organization> organization) => db.Events.Where(e => e.OrganizationId == organization);

    private async Task<Result<EventPage>> PageAsync(IQueryable<Event> events, Id<Organization>? organization, EventFilter filter, PageRequest page, CancellationToken ct)
    {
        var allowed = Check(filter);
        if (!allowed.IsOk) return allowed.Error;
        if (Cursor(page) is not { } after) return PageErrors.CursorInvalid;
        if (page.After is null && filter.Since is { } since) after = await StartAsync(since, ct);
        return await PageAsync(events, organization, filter, after, Math.Clamp(page.Limit, 1, PageRequest.MaxLimit), ct);
    }

    private async Task<EventPage> PageAsync(IQueryable<Event> events, Id<Organization>? organization, EventFilter filter, long after, int limit, CancellationToken ct)
    {
        // One index at a time: a condition beside it could be looked for in all that the index has.
        var rows = organization is null ? Narrow(events, filter) : events;
        if (organization is { } own)
        {
            // A database may look for them by the place alone: not before the first and not after the last.
            var chain = await ChainAsync(own, ct);
            if (chain is null || after >= chain.Position) return new EventPage([], Text(after), false);
            after = Math.Max(after, chain.First - 1);
            rows = rows.Where(e => e.Position <= chain.Position);
        }

        rows = rows.Where(e => e.Position > after);
        long? windowEnd = null;
        var windowFull = false;
        if (IsWalked(organization, filter))
        {
            // The end is fixed before the rows are read: what is sealed in between comes after it and is not skipped.
            var window = await rows.OrderBy(e => e.Position).Take(Window).GroupBy(e => 1).Select(g => new { Count = g.Count(), End = g.Max(e => e.Position) }).SingleOrDefaultAsync(ct);
            if (window?.End is not { } end) return new EventPage([], Text(after), false);
            (windowEnd, windowFull) = (end, window.Count == Window);
            rows = Filter(rows.Where(e => e.Position <= end), filter);
        }

        var found = await WithPersonal(rows.OrderBy(e => e.Position).Take(limit + 1)).ToListAsync(ct);
        if (found.Count <= limit) return new EventPage(found, Text(windowEnd ?? (found.Count > 0 ? found[^1].Position : after)), windowFull);
        found.RemoveAt(limit);
        return new EventPage(found, Text(found[^1].Position), true);
    }

    private async IAsyncEnumerable<SealedEvent> ExportAsync(IQueryable<Event> events, Id<Organization>? organization, EventFilter filter, [EnumeratorCancellation] CancellationToken ct)
    {
        var end = organization is { } own ? (await ChainAsync(own, ct))?.Position ?? 0 : await EndAsync(ct);
        var page = new EventPage([], Text(filter.Since is { } since ? await StartAsync(since, ct) : 0), end > 0);
        while (page.More)
        {
            page = await PageAsync(events, organization, filter, long.Parse(page.Next, CultureInfo.InvariantCulture), ExportPage, ct);
            foreach (var sealedEvent in page.Items)
            {
                if (sealedEvent.Position > end) yield break;
                yield return sealedEvent;
            }
        }
    }

    private Task<EventChain?> ChainAsync(Id<Organization> organization, CancellationToken ct) => db.EventChains.AsNoTracking().SingleOrDefaultAsync(c => c.OrganizationId == organization, ct);

    private async Task<long> EndAsync(CancellationToken ct) => await All(null).MaxAsync(e => e.Position, ct) ?? 0;

    private IQueryable<SealedEvent> WithPersonal(IQueryable<Event> events) =>
        from e in events.AsNoTracking()
        join p in db.PersonalEventData on new { e.OrganizationId, e.Id } equals new { p.OrganizationId, Id = p.EventId } into personal
        from p in personal.DefaultIfEmpty()
        orderby e.Position
        select new SealedEvent(e, p == null ? null : p.Data);

    /// <summary>Whether something is asked for besides what the one index finds.</summary>
    private static bool IsWalked(Id<Organization>? organization, EventFilter filter)
    {
        var byIndex = (filter.Actor is null ? 0 : 1) + (filter.Target is null ? 0 : 1);
        return filter.Types.Count > 0 || filter.Since is not null || filter.Until is not null || byIndex > (organization is null ? 1 : 0);
    }

    /// <summary>By the index of the target, or of the actor.</summary>
    private static IQueryable<Event> Narrow(IQueryable<Event> events, EventFilter filter) =>
        filter.Target is { } target ? events.Where(e => e.TargetId == target) : filter.Actor is { } actor ? events.Where(e => e.ActorId == actor) : events;

    private static IQueryable<Event> Filter(IQueryable<Event> events, EventFilter filter)
    {
        if (filter.Actor is { } actor) events = events.Where(e => e.ActorId == actor);
        if (filter.Target is { } target) events = events.Where(e => e.TargetId == target);
        if (filter.Since is { } since) events = events.Where(e => e.OccurredAt >= since);
        if (filter.Until is { } until) events = events.Where(e => e.OccurredAt < until);
        if (filter.Types.Count == 0) return events;
        var whole = filter.Types.Where(t => !t.EndsWith('.')).ToList();
        var patterns = filter.Types.Where(t => t.EndsWith('.')).Select(t => t.Replace("_", @"\_", StringComparison.Ordinal) + "%").ToList();
        return events.Where(e => whole.Contains(e.Type) || patterns.Any(p => EF.Functions.Like(e.Type, p, @"\")));
    }

    /// <summary>The position before the first event of anybody that can lie in the period, found by the time and not by walking there.</summary>
    private async Task<long> StartAsync(DateTimeOffset since, CancellationToken ct)
    {
        var end = await EndAsync(ct); // first: what is sealed after this look is not before it
        var earliest = since - DateTimeOffset.MinValue > Slack ? since - Slack : since;
        var first = await All(null).Where(e => e.Position != null && e.OccurredAt >= earliest).OrderBy(e => e.OccurredAt).Take(Neighbours).MinAsync(e => e.Position, ct);
        return first - 1 ?? end;
    }

    /// <summary>A position that a page ended with, or the start.</summary>
    private static long? Cursor(PageRequest page)
    {
        if (page.After is null) return 0;
        return long.TryParse(page.After, NumberStyles.None, CultureInfo.InvariantCulture, out var position) && Text(position) == page.After ? position : null;
    }

    private static string Text(long position) => position.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex("^[a-z]+(_[a-z]+)*[.]([a-z]+(_[a-z]+)*)?$")]
    private static partial Regex Type();
}
