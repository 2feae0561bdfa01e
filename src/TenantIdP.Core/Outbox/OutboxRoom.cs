using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Outbox;

/// <summary>A delivery that runs on this node.</summary>
public sealed record OutboxRunning(string Kind, string Destination, Id<Organization> Organization);

/// <summary>What a node can take now.</summary>
/// <param name="Kinds">Those it has handlers for: a message of a newer version waits for a newer node.</param>
/// <param name="Slots">How many deliveries may run here at once.</param>
/// <param name="Running">Those that do.</param>
public sealed record OutboxRoom(IReadOnlyCollection<OutboxKind> Kinds, int Slots, IReadOnlyCollection<OutboxRunning> Running)
{
    /// <summary>Deliveries to one destination that run at once on one node.</summary>
    public const int PerDestination = 2;

    /// <summary>Deliveries to all destinations of one receiver, whose names begin alike up to an <c>@</c>: what many organizations have to tell to one app that hangs.</summary>
    public const int PerReceiver = 6;

    /// <summary>Deliveries of one organization to addresses of its choice, which may be as many slow ones as it likes. The instance's own are not counted.</summary>
    public const int PerOrganization = 3;

    /// <summary>Slots that deliveries to addresses of organizations' choice never take.</summary>
    public const int Reserved = 6;
}

/// <summary>Gives the slots of a node away, one look long.</summary>
internal sealed class OutboxSlots
{
    private readonly Dictionary<string, int> destinations = [];
    private readonly Dictionary<string, int> receivers = [];
    private readonly Dictionary<Id<Organization>, int> organizations = [];
    private readonly List<string> kinds;
    private readonly HashSet<string> chosen;
    private int free;
    private int freeForChosen;

    public OutboxSlots(OutboxRoom room)
    {
        (free, freeForChosen) = (room.Slots, room.Slots - OutboxRoom.Reserved);
        kinds = [.. room.Kinds.Select(k => k.Name)];
        chosen = [.. room.Kinds.Where(k => k.IsToChosenAddress).Select(k => k.Name)];
        foreach (var running in room.Running) Take(running.Kind, running.Destination, running.Organization);
    }

    /// <summary>Those there is a slot for.</summary>
    public IQueryable<OutboxMessage> Admitted(IQueryable<OutboxMessage> messages)
    {
        var open = freeForChosen > 0 ? kinds : kinds.FindAll(k => !chosen.Contains(k));
        var (full, ofChoice) = (Full(destinations, OutboxRoom.PerDestination), chosen.ToList());
        var spent = Full(organizations, OutboxRoom.PerOrganization);
        var admitted = messages.Where(m => open.Contains(m.Kind) && !full.Contains(m.Destination) && !(ofChoice.Contains(m.Kind) && spent.Contains(m.OrganizationId)));
        foreach (var receiver in Full(receivers, OutboxRoom.PerReceiver)) admitted = admitted.Where(m => !m.Destination.StartsWith(receiver)); // two at most
        return free > 0 ? admitted : admitted.Where(_ => false);
    }

    public bool TryTake(string kind, string destination, Id<Organization> organization)
    {
        var isChosen = chosen.Contains(kind);
        if (free <= 0 || (isChosen && freeForChosen <= 0) || destinations.GetValueOrDefault(destination) >= OutboxRoom.PerDestination) return false;
        if (ReceiverOf(destination) is { } receiver && receivers.GetValueOrDefault(receiver) >= OutboxRoom.PerReceiver) return false;
        if (isChosen && organizations.GetValueOrDefault(organization) >= OutboxRoom.PerOrganization) return false;
        Take(kind, destination, organization);
        return true;
    }

    private void Take(string kind, string destination, Id<Organization> organization)
    {
        free--;
        destinations[destination] = destinations.GetValueOrDefault(destination) + 1;
        if (ReceiverOf(destination) is { } receiver) receivers[receiver] = receivers.GetValueOrDefault(receiver) + 1;
        if (!chosen.Contains(kind)) return;
        freeForChosen--;
        if (organization != Organization.Instance) organizations[organization] = organizations.GetValueOrDefault(organization) + 1;
    }

    private static string? ReceiverOf(string destination) => destination.IndexOf('@', StringComparison.Ordinal) is > 0 and var at ? destination[..(at + 1)] : null;

    private static List<T> Full<T>(Dictionary<T, int> counts, int most) where T : notnull => [.. counts.Where(c => c.Value >= most).Select(c => c.Key)];
}
