using System.Text.Json;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Outbox;

public enum OutboxState
{
    /// <summary>Waits for its first or its next delivery, or is being delivered.</summary>
    Pending,

    Delivered,

    /// <summary>Given up. Kept for an operator to see and to replay.</summary>
    Dead,
}

/// <summary>
/// Something to be told outside of the database, written in the transaction of the change it tells of and delivered at least once. The id is the same at every try, so that a
/// receiver knows what it has had.
/// </summary>
public sealed class OutboxMessage : IHasIdPrefix, IOrganizationOwned
{
    public const int MaxKindLength = 32;
    public const int MaxKeyLength = 200;
    public const int MaxDestinationLength = 120;
    public const int MaxErrorLength = 300;

    /// <summary>How long a delivered one is kept, without its payload.</summary>
    public static readonly TimeSpan DeliveredKept = TimeSpan.FromDays(3);

    /// <summary>How long a dead one can be replayed.</summary>
    public static readonly TimeSpan DeadKept = TimeSpan.FromDays(30);

    private OutboxMessage(Id<Organization> organizationId, Id<OutboxMessage> id, string kind, string orderingKey, string destination, long sequence, string payload, DateTimeOffset createdAt) =>
        (OrganizationId, Id, Kind, OrderingKey, Destination, Sequence, Payload, CreatedAt, DueAt) = (organizationId, id, kind, orderingKey, destination, sequence, payload, createdAt, createdAt);

    public static string IdPrefix => "msg";

    /// <summary>Whose it is; <see cref="Organization.Instance"/> for what belongs to none.</summary>
    public Id<Organization> OrganizationId { get; private set; }

    public Id<OutboxMessage> Id { get; private set; }

    /// <summary>Which handler delivers it.</summary>
    public string Kind { get; private set; }

    /// <summary>Messages of one key are delivered one after the other, in the order of <see cref="Sequence"/>. Starts with the kind.</summary>
    public string OrderingKey { get; private set; }

    /// <summary>Who gets it: one that hangs takes only its share of the deliveries that run at once.</summary>
    public string Destination { get; private set; }

    /// <summary>The place among those of its key.</summary>
    public long Sequence { get; private set; }

    /// <summary>JSON, or the JSON sealed when it holds a secret; empty once delivered. Read it by <see cref="Read{T}"/>.</summary>
    public string Payload { get; private set; }

    public bool IsSealed { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>
    /// Not before. While it is being delivered, when the claim of a node that died runs out. Of those that wait behind another of their key it says when to look again, no more.
    /// </summary>
    public DateTimeOffset DueAt { get; private set; }

    public OutboxState State { get; private set; }

    /// <summary>Deliveries that were begun.</summary>
    public int Attempts { get; private set; }

    /// <summary>Why the latest try failed: no text of the receiver's, no address, no secret.</summary>
    public string? LastError { get; private set; }

    /// <summary>Names one delivery that is under way.</summary>
    public string? ClaimedBy { get; private set; }

    /// <summary>Until when it is kept; null while it is pending.</summary>
    public DateTimeOffset? ExpiresAt { get; private set; }

    internal static OutboxMessage Create(NewOutboxMessage wanted, long sequence, SecretBox box, DateTimeOffset now)
    {
        var id = Id<OutboxMessage>.New(now);
        var json = JsonSerializer.Serialize(wanted.Payload, wanted.Payload.GetType(), JsonText.Options);
        return new OutboxMessage(wanted.Organization, id, wanted.Kind, wanted.OrderingKey, wanted.Destination, sequence, wanted.IsSecret ? box.Seal(json, PlaceOf(wanted.Organization, id)) : json, now)
        {
            IsSealed = wanted.IsSecret,
            DueAt = wanted.IsBehind ? now + OutboxClaims.Parked : now,
        };
    }

    /// <summary>The payload as it was added.</summary>
    public T Read<T>(SecretBox box) => JsonSerializer.Deserialize<T>(IsSealed ? box.OpenText(Payload, PlaceOf(OrganizationId, Id)) : Payload, JsonText.Options)!; // an object was added

    private static SecretPlace PlaceOf(Id<Organization> organization, Id<OutboxMessage> id) => new("outbox_messages", "payload", id.ToString(), organization.ToString());
}

/// <param name="Kind">Of the handler that delivers it; at most 32 characters.</param>
/// <param name="OrderingKey">Such as <c>webhook:whk_…</c>: starts with the kind, names one aggregate, holds no personal data (hash an address); at most 200 characters.</param>
/// <param name="Destination">Who gets it, such as <c>webhook:example.com</c>; at most 120 characters.</param>
/// <param name="Payload">What the handler needs; serialised as JSON.</param>
public sealed record NewOutboxMessage(string Kind, string OrderingKey, string Destination, object Payload)
{
    /// <summary>Whose it is: the one that was entered, or the instance.</summary>
    public Id<Organization> Organization { get; init; } = Organizations.Organization.Instance;

    /// <summary>The payload holds a secret or a link that works: it is stored sealed.</summary>
    public bool IsSecret { get; init; }

    /// <summary>
    /// It is added with another of its key whose <see cref="Sequence"/> is smaller, in one transaction: the end of that one lets it go, and no look meets it before. Never say so of
    /// one that is saved already, which may end in this moment.
    /// </summary>
    public bool IsBehind { get; init; }

    /// <summary>The place among those of its key, where they have one of their own (the position of an event); else the moment, which grows on each node.</summary>
    public long? Sequence { get; init; }
}
