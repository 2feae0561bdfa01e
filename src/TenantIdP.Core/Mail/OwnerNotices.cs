using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Mail;

/// <summary>
/// Mails to every owner about what changes who controls their organization. Written when the event is sealed: in its transaction, once, whatever caused it. Reads people of all organizations, each batch
/// those of the one it is about.
/// </summary>
public sealed class OwnerNotices(IdpDbContext db, MailWriter mails)
{
    private static readonly Dictionary<string, MailTemplate> Told = new()
    {
        [EventTypes.BreakGlassUsed] = MailTemplate.BreakGlassUsed,
        [EventTypes.SsoEnforcementChanged] = MailTemplate.SsoEnforcementChanged,
    };

    /// <summary>Sealing goes on whoever has made a thousand owners.</summary>
    private const int Most = 100;

    /// <summary>Adds the mails to the unit of work.</summary>
    internal async Task AddAsync(Id<Organization> organization, IReadOnlyCollection<Event> recorded, CancellationToken ct)
    {
        var told = recorded.Where(e => Told.ContainsKey(e.Type)).ToList();
        if (told.Count == 0 || organization == Organization.Instance) return;
        var owners = await db.OwnerAddressesAsync(organization, Most, ct);
        foreach (var e in told)
        {
            var values = e.Type == EventTypes.BreakGlassUsed ? await OfBreakGlassAsync(e, ct) : OfEnforcement(e);
            foreach (var owner in owners) mails.Add(new NewMail(Told[e.Type], owner.Address) { Organization = organization, Locale = owner.Locale, Values = values });
        }
    }

    private async Task<Dictionary<string, string>> OfBreakGlassAsync(Event e, CancellationToken ct)
    {
        var person = Id<User>.TryParse(e.TargetId, out var id)
            ? await (from u in db.Users where u.Id == id join a in db.UserEmails.Where(a => a.IsPrimary) on u.Id equals a.UserId select new { u.Name, a.Address }).SingleOrDefaultAsync(ct)
            : null;
        return new() { ["person"] = person is null ? e.TargetId : person.Name is { } name ? $"{name} ({person.Address})" : person.Address, ["time"] = MailText.Of(e.OccurredAt) };
    }

    private static Dictionary<string, string> OfEnforcement(Event e)
    {
        var data = JsonSerializer.Deserialize<JsonObject>(e.Data) ?? [];
        var isStaged = (string?)data["after"]?["mode"] != "optional" && (int?)data["after"]?["rolloutPercent"] < 100;
        return new()
        {
            ["before"] = (string?)data["before"]?["mode"] ?? "", ["after"] = (string?)data["after"]?["mode"] ?? "", ["percent"] = isStaged ? ((int)data["after"]!["rolloutPercent"]!).ToString(CultureInfo.InvariantCulture) : "", // staged: it is there
            ["time"] = MailText.Of(e.OccurredAt), ["reason"] = (string?)data["reason"] ?? "",
        };
    }
}
