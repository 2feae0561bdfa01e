using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Events;

/// <summary>Adds events to the unit of work; they are saved with the change they record or not at all.</summary>
public sealed class EventLog(IdpDbContext db, ActorContext actor, TimeProvider clock)
{
    /// <summary>The member of the data that names the app that acted in the actor's name.</summary>
    public const string ActMember = "act";

    /// <param name="data">Facts without personal data; serialised as JSON.</param>
    /// <param name="personal">Personal facts (email, name), kept in a row that can be erased.</param>
    /// <param name="about">Whose the personal facts are, when that is not the target.</param>
    public void Record(string type, Id<Organization> organization, string target, object? data = null, object? personal = null, Id<User>? about = null)
    {
        string? hash = null, salt = null, personalText = null;
        if (personal is not null)
        {
            personalText = JsonSerializer.Serialize(personal, JsonText.Options);
            salt = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
            hash = EventHash.OfPersonal(salt, personalText);
        }

        var text = Text(data);
        var recorded = Event.Record(organization, type, clock.GetUtcNow(), actor.Actor, target, text, actor.TraceId, hash);
        db.Events.Add(recorded);
        if (salt is not null && personalText is not null) db.PersonalEventData.Add(new EventPersonalData(organization, recorded.Id, about ?? UserOf(target), salt, personalText));
    }

    /// <summary>Who acted in the person's name stands with the facts: what an event is made of, and its hash, stay what they were.</summary>
    private string Text(object? data)
    {
        if (actor.Actor.Act is not { } act) return data is null ? "{}" : JsonSerializer.Serialize(data, JsonText.Options);
        var facts = data is null ? [] : FactsOf(data);
        facts[ActMember] = act;
        return facts.ToJsonString(JsonText.Options);
    }

    /// <summary>What is true now, and what of it is new: <c>changes: { field: { before, after } }</c>.</summary>
    /// <param name="before"><see cref="FactsOf"/> the thing before the change.</param>
    /// <param name="after">The same facts, after it.</param>
    public void RecordChange(string type, Id<Organization> organization, string target, JsonObject before, object after) => Record(type, organization, target, WithChanges(before, after));

    /// <summary>The facts as they are at this moment, whatever becomes of the thing they are about.</summary>
    public static JsonObject FactsOf(object facts) => JsonSerializer.SerializeToNode(facts, JsonText.Options)!.AsObject(); // an object is no null

    /// <summary>For facts that go elsewhere than into the data, such as personal ones.</summary>
    public static JsonObject WithChanges(JsonObject before, object after)
    {
        var (facts, changes) = (FactsOf(after), new JsonObject());
        foreach (var field in before.Select(f => f.Key).Union(facts.Select(f => f.Key)))
        {
            if (!JsonNode.DeepEquals(before[field], facts[field])) changes[field] = new JsonObject { ["before"] = before[field]?.DeepClone(), ["after"] = facts[field]?.DeepClone() };
        }

        facts["changes"] = changes;
        return facts;
    }

    public void RecordForInstance(string type, string target, object? data = null, object? personal = null, Id<User>? about = null) =>
        Record(type, Organization.Instance, target, data, personal, about);

    private static Id<User>? UserOf(string target) => Id<User>.TryParse(target, out var user) ? user : null;
}
