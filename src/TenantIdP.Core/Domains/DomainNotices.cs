using TenantIdP.Core.Mail;
using TenantIdP.Core.Members;

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
        if (at is { } time) values["time"] = MailText.Of(time);
        foreach (var owner in await db.OwnerAddressesAsync(domain.OrganizationId, null, ct))
            mails.Add(new NewMail(template, owner.Address) { Organization = domain.OrganizationId, Locale = owner.Locale, Values = values });
    }
}
