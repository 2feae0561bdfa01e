using System.Security.Cryptography;
using System.Text.Json;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Events;

/// <summary>Adds events to the unit of work; they are saved with the change they record or not at all.</summary>
public sealed class EventLog(IdpDbContext db, ActorContext actor, TimeProvider clock)
{
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

        var text = data is null ? "{}" : JsonSerializer.Serialize(data, JsonText.Options);
        var recorded = Event.Record(organization, type, clock.GetUtcNow(), actor.Actor, target, text, actor.TraceId, hash);
        db.Events.Add(recorded);
        if (salt is not null && personalText is not null) db.PersonalEventData.Add(new EventPersonalData(organization, recorded.Id, about ?? UserOf(target), salt, personalText));
    }

    public void RecordForInstance(string type, string target, object? data = null, object? personal = null, Id<User>? about = null) =>
        Record(type, Organization.Instance, target, data, personal, about);

    private static Id<User>? UserOf(string target) => Id<User>.TryParse(target, out var user) ? user : null;
}
