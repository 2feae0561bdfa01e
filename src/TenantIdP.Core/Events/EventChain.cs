using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Events;

/// <summary>
/// Where the chain of one organization (or of the instance) ends. Written with the events it speaks of, it finds the head without looking at the log and shows when the last
/// events are gone. The sealer's own row, which no organization sees.
/// </summary>
public sealed class EventChain
{
    private EventChain(Id<Organization> organizationId) => OrganizationId = organizationId;

    public Id<Organization> OrganizationId { get; private set; }

    /// <summary>How many events are sealed.</summary>
    public long Count { get; private set; }

    /// <summary>Where it begins and ends, so that its feed is not looked for among the events of others before and after.</summary>
    public long First { get; private set; }

    /// <inheritdoc cref="First"/>
    public long Position { get; private set; }

    public string Hash { get; private set; } = EventHash.Start;

    internal static EventChain Begin(Id<Organization> organization) => new(organization);

    internal void Append(Event recorded, long position)
    {
        recorded.Seal(position, Hash);
        if (Count == 0) First = position;
        (Count, Position, Hash) = (Count + 1, position, recorded.Hash!); // sealed by the line before
    }
}
