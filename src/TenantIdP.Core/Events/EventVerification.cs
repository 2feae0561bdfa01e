using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Events;

public enum ChainFaultKind
{
    /// <summary>Some column of it is not what was sealed.</summary>
    Edited,

    /// <summary>It was put there: the chain goes on without it.</summary>
    Inserted,

    /// <summary>Something that was sealed before it is gone; without an event, the last ones are gone.</summary>
    Removed,

    /// <summary>Another one belongs in its place.</summary>
    Reordered,

    /// <summary>Its personal row says something else than was sealed.</summary>
    PersonalEdited,

    /// <summary>All events fit, but the head of the chain isn't theirs.</summary>
    HeadEdited,
}

/// <param name="Position">Where it was found.</param>
/// <param name="Event">Null when what is wrong is that there is none.</param>
public sealed record ChainFault(ChainFaultKind Kind, long Position, Id<Event>? Event);

/// <param name="Events">How many fit, from the first one on.</param>
/// <param name="Erased">Of these, how many had personal data that is gone.</param>
/// <param name="Head">The hash of the last one that fits: kept elsewhere, it shows later that the whole log was not written anew.</param>
public sealed record ChainReport(Id<Organization> Organization, long Events, long Erased, string Head, ChainFault? Fault);

/// <summary>Computes every chain anew and names the first event of each that does not fit. Crosses organizations; reads only.</summary>
public sealed class EventVerification(IdpDbContext db)
{
    private const int Batch = 1_000;

    private sealed record Row(Event Event, string? Salt, string? Personal);

    /// <param name="only">Null for all organizations and the instance.</param>
    public async IAsyncEnumerable<ChainReport> VerifyAsync(Id<Organization>? only, [EnumeratorCancellation] CancellationToken ct)
    {
        if (only is { } one)
        {
            yield return await VerifyChainAsync(one, ct);
            yield break;
        }

        // Events before chains: who has an event of a chain that is not there yet is no fault when the chain is read last.
        var withEvents = await Sealed().Select(e => e.OrganizationId).Distinct().ToListAsync(ct);
        var withChains = await db.EventChains.Select(c => c.OrganizationId).ToListAsync(ct);
        foreach (var organization in withEvents.Union(withChains).Order()) yield return await VerifyChainAsync(organization, ct);
    }

    /// <summary>Positions have no gaps, so a chain that vanished whole leaves one here.</summary>
    /// <returns>Null when there is none.</returns>
    public async Task<long?> FirstMissingPositionAsync(CancellationToken ct)
    {
        var log = await Sealed().GroupBy(e => 1).Select(g => new { Count = g.LongCount(), Last = g.Max(e => e.Position) }).SingleOrDefaultAsync(ct);
        if (log is null || log.Count == log.Last) return null;
        if (!await Sealed().AnyAsync(e => e.Position == 1, ct)) return 1;
        return await Sealed().Where(e => !Sealed().Any(next => next.Position == e.Position + 1)).MinAsync(e => e.Position, ct) + 1;
    }

    private IQueryable<Event> Sealed() => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(e => e.Position != null);

    private async Task<ChainReport> VerifyChainAsync(Id<Organization> organization, CancellationToken ct)
    {
        // The log may grow meanwhile: what is verified ends where the chain ended first.
        var chain = await ChainAsync(organization, ct) ?? EventChain.Begin(organization);
        var (count, erased, hash, position) = (0L, 0L, EventHash.Start, 0L);
        var rows = await ReadAsync(organization, 0, chain.Position, ct);
        while (rows.Count > 0)
        {
            foreach (var row in rows)
            {
                if (row.Event.Hash is not { } stored || stored != EventHash.Of(row.Event, hash))
                    return new ChainReport(organization, count, erased, hash, await JudgeAsync(row.Event, hash, position, chain, ct));
                if (!IsPersonalWhole(row)) return new ChainReport(organization, count, erased, hash, Fault(ChainFaultKind.PersonalEdited, row.Event));
                (count, hash, position) = (count + 1, stored, row.Event.Position ?? 0);
                if (row.Event.PersonalHash is not null && row.Personal is null) erased++;
            }

            rows = await ReadAsync(organization, position, chain.Position, ct);
        }

        return new ChainReport(organization, count, erased, hash, await JudgeEndAsync(organization, chain, count, hash, ct));
    }

    private async Task<ChainFault?> JudgeEndAsync(Id<Organization> organization, EventChain chain, long count, string hash, CancellationToken ct)
    {
        if (count < chain.Count) return new ChainFault(ChainFaultKind.Removed, chain.Position, null);
        if (count != chain.Count || hash != chain.Hash) return new ChainFault(ChainFaultKind.HeadEdited, chain.Position, null);

        // In this order: the sealer writes both at once, so the chain that is read later is never behind.
        var last = await Sealed().Where(e => e.OrganizationId == organization).OrderByDescending(e => e.Position).Select(e => new { e.Position, e.Id }).FirstOrDefaultAsync(ct);
        var end = (await ChainAsync(organization, ct))?.Position ?? 0;
        return last?.Position > end ? new ChainFault(ChainFaultKind.Inserted, last.Position.Value, last.Id) : null;
    }

    /// <summary>What was done to it, as far as its neighbours tell.</summary>
    private async Task<ChainFault> JudgeAsync(Event misfit, string previousHash, long previousPosition, EventChain chain, CancellationToken ct)
    {
        var place = misfit.Position ?? 0;
        var next = await Sealed().AsNoTracking().Where(e => e.OrganizationId == misfit.OrganizationId && e.Position > place).OrderBy(e => e.Position).FirstOrDefaultAsync(ct);
        if (next is null ? chain.Hash == previousHash : next.Hash == EventHash.Of(next, previousHash)) return Fault(ChainFaultKind.Inserted, misfit);
        if (next is not null && next.Hash == EventHash.Of(next, previousHash, place)) return Fault(ChainFaultKind.Reordered, misfit);
        var between = await Sealed().LongCountAsync(e => e.Position > previousPosition && e.Position < place, ct);
        return Fault(between < place - previousPosition - 1 ? ChainFaultKind.Removed : ChainFaultKind.Edited, misfit);
    }

    private static ChainFault Fault(ChainFaultKind kind, Event found) => new(kind, found.Position ?? 0, found.Id);

    private static bool IsPersonalWhole(Row row) => row switch
    {
        { Personal: null } => true, // never there or erased
        { Salt: { } salt, Personal: { } personal } => row.Event.PersonalHash == EventHash.OfPersonal(salt, personal),
        _ => false,
    };

    private Task<EventChain?> ChainAsync(Id<Organization> organization, CancellationToken ct) => db.EventChains.AsNoTracking().SingleOrDefaultAsync(c => c.OrganizationId == organization, ct);

    private Task<List<Row>> ReadAsync(Id<Organization> organization, long after, long until, CancellationToken ct) => (
        from e in Sealed().AsNoTracking().Where(e => e.OrganizationId == organization && e.Position > after && e.Position <= until).OrderBy(e => e.Position).Take(Batch)
        join p in db.PersonalEventData on new { e.OrganizationId, e.Id } equals new { p.OrganizationId, Id = p.EventId } into personal
        from p in personal.DefaultIfEmpty()
        orderby e.Position
        select new Row(e, p == null ? null : p.Salt, p == null ? null : p.Data)).ToListAsync(ct);
}
