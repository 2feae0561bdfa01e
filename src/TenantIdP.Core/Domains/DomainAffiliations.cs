using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Mail;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Domains;

/// <summary>
/// Affiliation (FEATURES.md row 14): somebody of the organization reads a mailbox at the claimed host. Many may, so it says nothing of who owns the host: it only lets its people ask
/// to join. Asking for a code reads no other organization's rows: whether somebody holds the host is told to those only who have entered the code that was mailed there.
/// </summary>
public sealed class DomainAffiliations(IdpDbContext db, ClaimableHosts hosts, AffiliationCodes codes, MailWriter mails, EventLog events, TimeProvider clock)
{
    /// <summary>Mails a code. The one before it is dead at once.</summary>
    /// <param name="email">A mailbox of the very host that is claimed.</param>
    /// <param name="locale">The language of the mail.</param>
    /// <returns>Until when it can be entered.</returns>
    public Task<Result<DateTimeOffset>> RequestAsync(Id<Organization> organization, Id<OrganizationDomain> id, string email, string? locale, CancellationToken ct) =>
        db.InTransactionAsync<DateTimeOffset>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                var domain = await db.Domains.AsNoTracking().SingleOrDefaultAsync(d => d.OrganizationId == organization && d.Id == id, ct);
                if (domain is null) return DomainErrors.NotFound;
                var mailbox = MailboxOf(domain, email);
                if (!mailbox.IsOk) return mailbox.Error;
                if (locale is not null && new UserProfile { Locale = locale }.Check() is { IsOk: false, Error: { } unknown }) return unknown;
                var claimable = hosts.Check(domain.Host);
                if (!claimable.IsOk) return claimable.Error;
                if (domain.IsHeld) return DomainErrors.Held;
                if (!await codes.MaySendAsync(organization, mailbox.Value, ct)) return DomainErrors.TooManyCodes;
                var until = await SendAsync(domain, mailbox.Value, locale, ct);
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? until : saved.Error;
            }, ct);

    /// <summary>Enters the code. A wrong one costs one of its tries, whatever it turns out to be.</summary>
    public async Task<Result<OrganizationDomain>> ConfirmAsync(Id<Organization> organization, Id<OrganizationDomain> id, string code, CancellationToken ct)
    {
        var domain = await db.Domains.AsNoTracking().SingleOrDefaultAsync(d => d.OrganizationId == organization && d.Id == id, ct);
        if (domain is null) return DomainErrors.NotFound;
        var sent = await db.DomainAffiliationCodes.AsNoTracking().SingleOrDefaultAsync(c => c.OrganizationId == organization && c.DomainId == id, ct);
        if (sent is null || sent.ExpiresAt <= clock.GetUtcNow()) return DomainErrors.NoCode;
        if (!await codes.MayTryAsync(sent, ct)) return DomainErrors.CodeSpent;
        var done = codes.Matches(sent, code) ? await AffiliateAsync(organization, id, sent.CodeHash, ct) : DomainErrors.CodeWrong;
        if (done.IsOk || done.Error.Kind == ErrorKind.NotFound) return done;
        events.Record(EventTypes.DomainAffiliationRefused, organization, id.ToString(), new { host = domain.Host.Value, done.Error.Code });
        await db.SaveChangesAsync(ct);
        return done;
    }

    private static Result<EmailAddress> MailboxOf(OrganizationDomain domain, string email)
    {
        if (!EmailAddress.TryParse(email, out var mailbox)) return UserErrors.EmailInvalid;
        return mailbox.Domain == domain.Host ? mailbox : DomainErrors.MailboxElsewhere;
    }

    private async Task<DateTimeOffset> SendAsync(OrganizationDomain domain, EmailAddress mailbox, string? locale, CancellationToken ct)
    {
        var sent = await db.DomainAffiliationCodes.SingleOrDefaultAsync(c => c.OrganizationId == domain.OrganizationId && c.DomainId == domain.Id, ct);
        if (sent is null) db.DomainAffiliationCodes.Add(sent = DomainAffiliationCode.For(domain));
        var code = DomainAffiliationCode.New();
        sent.Replace(codes.Hash(domain, code), clock.GetUtcNow());
        // The only place where the code leaves. The outbox keeps it sealed until it is sent.
        mails.Add(new NewMail(MailTemplate.DomainAffiliation, mailbox)
        {
            Organization = domain.OrganizationId, Locale = locale, NotAfter = sent.ExpiresAt,
            Values = new Dictionary<string, string> { ["domain"] = domain.Host.ToUnicode(), ["code"] = DomainAffiliationCode.Show(code), ["expires"] = MailText.Of(sent.ExpiresAt) },
        });
        events.Record(EventTypes.DomainAffiliationRequested, domain.OrganizationId, domain.Id.ToString(), new { host = domain.Host.Value }, new { email = mailbox.Value });
        return sent.ExpiresAt;
    }

    /// <summary>Of two who enter the same code at once one finds it gone.</summary>
    private Task<Result<OrganizationDomain>> AffiliateAsync(Id<Organization> organization, Id<OrganizationDomain> id, string hash, CancellationToken ct) =>
        db.InTransactionAsync<OrganizationDomain>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                var domain = await db.Domains.SingleOrDefaultAsync(d => d.OrganizationId == organization && d.Id == id, ct);
                if (domain is null) return DomainErrors.NotFound;
                var sent = await db.DomainAffiliationCodes.SingleOrDefaultAsync(c => c.OrganizationId == organization && c.DomainId == id && c.CodeHash == hash, ct);
                if (sent is null) return DomainErrors.NoCode;
                if (await db.HolderAsync(domain.Host, ct) is { } holder) return holder.OrganizationId == organization ? DomainErrors.Held : DomainErrors.Unavailable;
                if (domain.IsHeld) return DomainErrors.Held;
                var now = clock.GetUtcNow();
                domain.Affiliate(now);
                db.DomainAffiliationCodes.Remove(sent);
                events.Record(EventTypes.DomainAffiliated, organization, id.ToString(), new { host = domain.Host.Value, method = domain.AffiliatedBy, until = domain.AffiliatedUntil });
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? domain : saved.Error;
            }, ct);
}
