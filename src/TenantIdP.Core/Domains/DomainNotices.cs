using System.Globalization;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Mail;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Domains;

/// <summary>Tells the owners of an organization what becomes of a domain, by mails of the same unit of work. In the scope of that organization.</summary>
public sealed class DomainNotices(IdpDbContext db, MailWriter mails)
{
    public Task AtRiskAsync(OrganizationDomain domain, DateTimeOffset lapsesAt, CancellationToken ct) => TellAsync(MailTemplate.DomainAtRisk, domain, lapsesAt, ct);

    public Task LapsedAsync(OrganizationDomain domain, CancellationToken ct) => TellAsync(MailTemplate.DomainLapsed, domain, null, ct);

    public Task TransferAnnouncedAsync(OrganizationDomain domain, DateTimeOffset transferAt, CancellationToken ct) => TellAsync(MailTemplate.DomainTransferAnnounced, domain, transferAt, ct);

    public Task TransferredAsync(OrganizationDomain domain, CancellationToken ct) => TellAsync(MailTemplate.DomainTransferred, domain, null, ct);

    private async Task TellAsync(MailTemplate template, OrganizationDomain domain, DateTimeOffset? at, CancellationToken ct)
    {
        var values = new Dictionary<string, string> { ["domain"] = domain.Host.ToUnicode() };
        if (at is { } time) values["time"] = time.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
        foreach (var owner in await OwnersAsync(domain.OrganizationId, ct))
        {
            if (EmailAddress.TryParse(owner.Address, out var address)) mails.Add(new NewMail(template, address) { Organization = domain.OrganizationId, Locale = owner.Locale, Values = values });
        }
    }

    private sealed record Owner(string Address, string? Locale);

    private Task<List<Owner>> OwnersAsync(Id<Organization> organization, CancellationToken ct) => (
        from membership in db.Memberships
        where membership.OrganizationId == organization && membership.Status == MembershipStatus.Active
            && (from held in db.MembershipRoles
                join role in db.Roles on new { A = held.RoleOrganizationId, B = held.RoleId } equals new { A = role.OrganizationId, B = role.Id }
                where held.OrganizationId == membership.OrganizationId && held.MembershipId == membership.Id && role.OrganizationId == Organization.Instance && role.Key == BuiltInRoles.Owner
                select held).Any()
        join user in db.Users on membership.UserId equals user.Id
        where user.Status == UserStatus.Active
        join email in db.UserEmails.Where(e => e.IsPrimary && e.VerifiedAt != null) on user.Id equals email.UserId
        orderby user.Id
        select new Owner(email.Address, user.Locale)).ToListAsync(ct);
}
