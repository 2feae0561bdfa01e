using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Directories;

/// <summary>What the organization is told of the users of a directory.</summary>
public sealed class DirectoryUserEvents(IdpDbContext db, EventLog events, Tallies tallies)
{
    /// <summary>Refused addresses that are told of one directory in an hour: its log has each of them, and a thousand in one request would leave nothing else to be read.</summary>
    public const int MostRefusalsInAnHour = 200;

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    public void Record(string type, DirectoryUser row, IReadOnlyList<string>? changed) => events.Record(
        type, row.OrganizationId, row.Id.ToString(), new { directoryId = row.DirectoryId, memberId = row.MembershipId, row.Active, changed },
        new { row.UserName, row.ExternalId, email = row.PrimaryEmail, name = row.DisplayName }, row.UserId);

    /// <summary>Tells of an address that the organization does not allow, in a unit of work of its own: what was tried is forgotten.</summary>
    public async Task RefusedAsync(OrganizationDirectory directory, Error refusal, EmailAddress? address, CancellationToken ct)
    {
        db.ChangeTracker.Clear();
        if (!await tallies.TakeAsync([new TallyLimit($"directory_refusals {directory.Id}", MostRefusalsInAnHour, Hour)], ct)) return;
        events.Record(EventTypes.DirectoryUserRefused, directory.OrganizationId, directory.Id.ToString(), new { refusal.Code, domain = address?.Domain.Value });
        await db.SaveChangesAsync(ct);
    }
}
