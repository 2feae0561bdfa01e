using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>What people do with a code that was mailed to them: sign in, or choose a new password.</summary>
public sealed class CodeSignIn(IdpDbContext db, MailedCodes codes, UserCredentials credentials, IPasswordHashing hashing, SessionService sessions, EventLog events, TimeProvider clock)
{
    /// <summary>As events and metrics name it.</summary>
    public const string Method = "email_code";

    public Task<Result<SignedIn>> SignInAsync(MailedCodeTicket ticket, string? code, BrowserContext browser, CancellationToken ct) =>
        ticket.Purpose != MailedCodePurpose.SignIn
            ? Task.FromResult<Result<SignedIn>>(SignInErrors.CodeOver)
            : codes.ProveAsync<SignedIn>(ticket, code, browser.Address, async user => await codes.UseAsync(ticket, ct) ? await EnterAsync(user, browser.Current, browser, ct) : SignInErrors.CodeOver, ct);

    /// <summary>The first of two steps. That it was taken is kept at the code, and not in the browser.</summary>
    public async Task<Result> ProveForPasswordAsync(MailedCodeTicket ticket, string? code, BrowserContext browser, CancellationToken ct)
    {
        if (ticket.Purpose != MailedCodePurpose.NewPassword) return SignInErrors.CodeOver;
        var proven = await codes.ProveAsync<bool>(ticket, code, browser.Address, _ => Task.FromResult<Result<bool>>(true), ct);
        return proven.IsOk ? Result.Ok : proven.Error;
    }

    public async Task<bool> MayChooseAsync(MailedCodeTicket ticket, CancellationToken ct) => await ChooserAsync(ticket, ct) is not null;

    /// <summary>The second one: the password, the end of every session, and a new one in this browser; all of it or nothing.</summary>
    public async Task<Result<SignedIn>> ChoosePasswordAsync(MailedCodeTicket ticket, string password, BrowserContext browser, CancellationToken ct)
    {
        if (UserService.CheckPassword(password) is { IsOk: false, Error: { } wrong }) return wrong;
        if (await ChooserAsync(ticket, ct) is not { } user) return SignInErrors.CodeOver;
        var hash = hashing.Hash(password); // slow, so before the lock
        return await db.ChangeAsync<SignedIn>(
            user, Saving.NoIndex, async account =>
            {
                if (account.Status != UserStatus.Active || !await codes.UseAsync(ticket, ct)) return SignInErrors.CodeOver;
                await credentials.ReplaceAsync(account, hash, Method, ct);
                return await EnterAsync(user, browser.Current?.UserId == user ? null : browser.Current, browser, ct); // theirs has just ended
            }, ct);
    }

    private async Task<Id<User>?> ChooserAsync(MailedCodeTicket ticket, CancellationToken ct) => ticket.Purpose == MailedCodePurpose.NewPassword ? await codes.ProvenAsync(ticket, ct) : null;

    private async Task<Result<SignedIn>> EnterAsync(Id<User> user, Session? current, BrowserContext browser, CancellationToken ct)
    {
        events.RecordForInstance(EventTypes.SignInSucceeded, user.ToString(), new { method = Method });
        var (session, token) = await sessions.ProveAsync(current, user, SessionProof.Mailbox(clock.GetUtcNow()), browser.UserAgent, null, ct);
        return new SignedIn(session, token, null);
    }
}
