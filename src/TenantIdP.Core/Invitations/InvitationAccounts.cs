using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Invitations;

/// <summary>What whoever has an invited address can sign in with here.</summary>
public enum InviteeAccount
{
    /// <summary>There is no account: the invited person makes one.</summary>
    None,
    Password,

    /// <summary>An account that somebody made for them, without any way to sign in: the link gives the first one (SECURITY.md B4).</summary>
    WithoutCredential,

    /// <summary>No password, and identity providers that are not responsible for this address.</summary>
    Elsewhere,
}

/// <summary>
/// Accounts of people who hold a link that was mailed to the address: that proves the mailbox, once. It makes an account, or gives one that has no credential its first; it never
/// replaces one.
/// </summary>
public sealed class InvitationAccounts(IdpDbContext db, InvitationAcceptance acceptance, IPasswordHashing hashing, SessionService sessions, EventLog events, TimeProvider clock)
{
    /// <summary>For the holder of an open invitation's link only.</summary>
    public async Task<InviteeAccount> FindAsync(EmailAddress address, CancellationToken ct)
    {
        var normalized = address.Normalized;
        var found = await (
            from e in db.UserEmails
            where e.Normalized == normalized && e.VerifiedAt != null
            select new { HasPassword = db.LocalCredentials.Any(c => c.UserId == e.UserId), HasIdentity = db.UserIdentities.Any(i => i.UserId == e.UserId) }).SingleOrDefaultAsync(ct);
        if (found is null) return InviteeAccount.None;
        return found.HasPassword ? InviteeAccount.Password : found.HasIdentity ? InviteeAccount.Elsewhere : InviteeAccount.WithoutCredential;
    }

    /// <summary>The account, its password, the membership and the session: all of it or nothing.</summary>
    /// <param name="name">Of a new account; one that there is keeps its own.</param>
    public async Task<Result<(AcceptedInvitation Accepted, SignedIn SignedIn)>> AcceptAsync(string token, string? name, string password, BrowserContext browser, CancellationToken ct)
    {
        if (UserService.CheckPassword(password) is { IsOk: false, Error: { } badPassword }) return badPassword;
        if (name is not null && DisplayName.Check(name, "name") is { IsOk: false, Error: { } badName }) return badName;
        var hash = hashing.Hash(password); // slow, so before the lock
        return await acceptance.ChangeAsync<(AcceptedInvitation, SignedIn)>(
            token, async (invitation, organization) =>
            {
                var address = EmailAddress.Parse(invitation.Address);
                var user = await FindAsync(address, ct) switch
                {
                    InviteeAccount.None => await MakeAsync(address, name, ct),
                    InviteeAccount.WithoutCredential => await ExistingAsync(address, ct),
                    _ => (Result<Id<User>>)InvitationErrors.ProofRequired, // the account's own credential is asked for
                };
                if (!user.IsOk) return user.Error;
                var (id, now) = (user.Value, clock.GetUtcNow());
                db.LocalCredentials.Add(LocalCredential.Create(id, hash, now));
                events.RecordForInstance(EventTypes.PasswordChanged, id.ToString(), new { by = "invitation" });
                var accepted = await acceptance.JoinAsync(invitation, organization, id, ct);
                if (!accepted.IsOk) return accepted.Error;
                events.RecordForInstance(EventTypes.SignInSucceeded, id.ToString(), new { method = "invitation" });
                var (session, cookie) = await sessions.ProveAsync(browser.Current, id, SessionProof.Password(now), browser.UserAgent, null, ct);
                return (accepted.Value, new SignedIn(session, cookie, organization.Id));
            }, ct);
    }

    private async Task<Result<Id<User>>> MakeAsync(EmailAddress address, string? name, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var user = User.Create(PersonName.Cleaned(name, null, null), now);
        user.AddEmail(address, verified: true, now); // the link came by that mailbox
        db.Users.Add(user);
        events.RecordForInstance(EventTypes.UserCreated, user.Id.ToString(), new { by = "invitation" }, new { email = address.Value, name = user.Name });
        var saved = await db.TrySaveAsync(Unique, ct); // before its lock
        return saved.IsOk ? user.Id : saved.Error;
    }

    /// <summary>Under its lock, so that of two first passwords at once there is one.</summary>
    private async Task<Result<Id<User>>> ExistingAsync(EmailAddress address, CancellationToken ct)
    {
        var normalized = address.Normalized;
        var user = await db.UserEmails.Where(e => e.Normalized == normalized && e.VerifiedAt != null).Select(e => e.UserId).SingleAsync(ct);
        if (!await db.LockAsync(user, ct) || !await db.Users.AnyAsync(u => u.Id == user && u.Status == UserStatus.Active && !u.IsOperator, ct)) return InvitationErrors.AccountUnavailable;
        return await FindAsync(address, ct) == InviteeAccount.WithoutCredential ? user : InvitationErrors.ProofRequired;
    }

    private static readonly Dictionary<string, Error> Unique = new() { ["ux_user_emails_normalized"] = VersionErrors.ChangedMeanwhile };
}
