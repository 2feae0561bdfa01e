using System.Globalization;
using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Mail;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>What the browser keeps of a code that it asked for.</summary>
/// <param name="Secret">Without it the code proves nothing.</param>
public sealed record MailedCodeTicket(Id<MailedCode> Id, string Secret, MailedCodePurpose Purpose, EmailAddress Address);

/// <summary>
/// Sends codes and judges what comes back. For an address that nobody has, the answers and the work are the same, and no mail is sent. Nothing is sent to operators of the instance, to
/// people who sign in by an identity provider only, or to an account that an organization's directory or identity provider made and that has no password: those are let in by others.
/// </summary>
public sealed class MailedCodes(IdpDbContext db, MailWriter mails, Tallies tallies, RefusedSignIns refused, TimeProvider clock)
{
    private const int OfAddressAndNetwork = 5;
    private const int OfAddress = 20;
    private const int OfNetwork = 300;
    private const int WrongOfAddressAndNetwork = 20;
    private const int WrongOfAddress = 200;

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    private sealed record Person(Id<User> Id, string? Locale);

    /// <summary>Cancels the codes that were asked for before, for this address, and mails a new one.</summary>
    /// <param name="link">Path and query of the page that takes the code, up to the code.</param>
    /// <returns>The same for everybody; null from where, or for which address, too many were asked for.</returns>
    public async Task<MailedCodeTicket?> SendAsync(EmailAddress address, MailedCodePurpose purpose, string link, IPAddress? from, CancellationToken ct)
    {
        var (key, network) = (MailedCode.KeyOf(address), PasswordThrottle.SourceOf(from));
        var allowed = await tallies.TakeAsync(
            [new($"mailed_code {network}", OfNetwork, Hour), new($"mailed_code {key}", OfAddress, Hour), new($"mailed_code {key} {network}", OfAddressAndNetwork, Hour)], ct);
        if (!allowed) return null;

        var person = await MayProve(address).SingleOrDefaultAsync(ct);
        var (secret, code, now) = (MachineSecret.New(""), OneTimeCode.New(), clock.GetUtcNow());
        var made = MailedCode.Create(person?.Id, purpose, address, secret, code, now);
        await db.InTransactionAsync<bool>(
            async () =>
            {
                await db.MailedCodes.Where(c => c.AddressKey == key).ExecuteDeleteAsync(ct);
                db.MailedCodes.Add(made);
                var mail = Mail(address, purpose, code, link, person?.Locale, now);
                if (person is null) db.Entry(mail).State = EntityState.Detached; // made all the same, so that the time does not tell
                await db.SaveChangesAsync(ct);
                return true;
            }, ct);
        return new MailedCodeTicket(made.Id, secret, purpose, address);
    }

    /// <summary>Counts the try before it is made; of two right ones at once one is right.</summary>
    /// <param name="then">What the code is for, in the same transaction.</param>
    internal async Task<Result<T>> ProveAsync<T>(MailedCodeTicket ticket, string? typed, IPAddress? from, Func<Id<User>, Task<Result<T>>> then, CancellationToken ct) where T : notnull
    {
        if (!OneTimeCode.TryParse(typed, out var code)) return SignInErrors.CodeWrong;
        var (key, now) = (MailedCode.KeyOf(ticket.Address), clock.GetUtcNow());
        TallyLimit[] today = [new($"mailed_code_wrong {key}", WrongOfAddress, Day), new($"mailed_code_wrong {key} {PasswordThrottle.SourceOf(from)}", WrongOfAddressAndNetwork, Day)];
        var open = db.MailedCodes.Where(c => c.Id == ticket.Id && c.ProvenAt == null && c.ExpiresAt > now);
        var counted = await open.Where(c => c.FailedCount < MailedCode.MaxTries).ExecuteUpdateAsync(set => set.SetProperty(c => c.FailedCount, c => c.FailedCount + 1), ct);
        if (counted == 0 || !await tallies.TakeAsync(today, ct)) return SignInErrors.CodeOver;

        var kept = await open.AsNoTracking().SingleOrDefaultAsync(ct);
        if (kept is null) return SignInErrors.CodeOver;
        var isRight = kept.Is(code, ticket) && kept.UserId is not null;
        if (!isRight) return await refused.RecordAsync(kept.UserId, CodeSignIn.Method, kept.FailedCount >= MailedCode.MaxTries ? SignInErrors.CodeOver : SignInErrors.CodeWrong, null, ct);

        await tallies.GiveBackAsync(today, ct);
        return await db.InTransactionAsync(
            async () =>
            {
                DateTimeOffset? at = now;
                var until = now + MailedCode.ProvenLifetime;
                if (await open.ExecuteUpdateAsync(set => set.SetProperty(c => c.ProvenAt, at).SetProperty(c => c.ExpiresAt, until), ct) == 0) return SignInErrors.CodeOver;
                var person = await MayProve(ticket.Address).SingleOrDefaultAsync(ct); // the address may be somebody else's by now
                return person?.Id == kept.UserId && person is not null ? await then(person.Id) : SignInErrors.CodeOver;
            }, ct);
    }

    /// <summary>Whose code was proven in this browser and not used since; null when none was.</summary>
    internal async Task<Id<User>?> ProvenAsync(MailedCodeTicket ticket, CancellationToken ct)
    {
        var kept = await Proven(ticket, clock.GetUtcNow()).AsNoTracking().SingleOrDefaultAsync(ct);
        return kept?.IsOf(ticket) == true ? kept.UserId : null;
    }

    /// <summary>In the caller's transaction, after <see cref="ProvenAsync"/>.</summary>
    /// <returns>False when it was used, or cancelled, in the meantime.</returns>
    internal async Task<bool> UseAsync(MailedCodeTicket ticket, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        DateTimeOffset? at = now;
        return await Proven(ticket, now).ExecuteUpdateAsync(set => set.SetProperty(c => c.UsedAt, at), ct) == 1;
    }

    private IQueryable<MailedCode> Proven(MailedCodeTicket ticket, DateTimeOffset now) => db.MailedCodes.Where(c => c.Id == ticket.Id && c.ProvenAt != null && c.UsedAt == null && c.ExpiresAt > now);

    private IQueryable<Person> MayProve(EmailAddress address) =>
        from e in db.UserEmails
        where e.Normalized == address.Normalized && e.VerifiedAt != null
        join u in db.Users on e.UserId equals u.Id
        let hasPassword = db.LocalCredentials.Any(c => c.UserId == u.Id)
        where u.Status == UserStatus.Active && !u.IsOperator && (hasPassword || (u.CreatedByOrganization == null && !db.UserIdentities.Any(i => i.UserId == u.Id)))
        select new Person(u.Id, u.Locale);

    private OutboxMessage Mail(EmailAddress address, MailedCodePurpose purpose, OneTimeCode code, string link, string? locale, DateTimeOffset now) =>
        mails.Add(new NewMail(purpose == MailedCodePurpose.SignIn ? MailTemplate.SignInCode : MailTemplate.PasswordCode, address)
        {
            Locale = locale,
            Values = new Dictionary<string, string> { ["code"] = code.Shown, ["minutes"] = MailedCode.Lifetime.TotalMinutes.ToString(CultureInfo.InvariantCulture) },
            Links = new Dictionary<string, string> { ["open"] = link + code.Text },
            NotAfter = now + MailedCode.Lifetime,
        });
}
