using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>Whom an external identity is: a known user, a new one, an existing one to link, or nobody we let in.</summary>
public abstract record LinkDecision
{
    private LinkDecision()
    {
    }

    public sealed record Known(UserIdentity Identity) : LinkDecision;

    /// <param name="VerifiedEmail">Null for a person outside the verified domains, whose address (if any) stays unverified.</param>
    public sealed record CreateUser(EmailAddress? Email, bool VerifiedEmail) : LinkDecision;

    /// <param name="Why">As in <see cref="UserIdentity.LinkedBy"/>.</param>
    public sealed record LinkTo(Id<User> User, string Why) : LinkDecision;

    /// <summary>The account may be theirs; its old credential must be shown once, in this browser.</summary>
    public sealed record ProveFirst(Id<User> User) : LinkDecision;

    public sealed record Refuse(Error Error) : LinkDecision;
}

/// <summary>
/// The rules of DESIGN.md sections 6.1-6.2 and FEATURES.md row 34. Identities are keyed by (connection, issuer, subject); an email is only ever looked at inside a domain
/// that the connection's own organization has verified. Crosses organizations: a user's other identities decide whether a silent link is safe.
/// </summary>
public sealed class AccountLinking(IdpDbContext db, TraceRecorder trace)
{
    public async Task<LinkDecision> DecideAsync(Connection connection, ExternalIdentity external, CancellationToken ct)
    {
        if (external.Subject is not { Length: > 0 and <= UserIdentity.MaxSubjectLength } || external.Subject.Any(char.IsControl) || external.Subject.Trim().Length == 0)
            return Refuse(SignInErrors.SubjectInvalid, null, $"a text of 1 to {UserIdentity.MaxSubjectLength} characters that never changes for a person");

        var known = await db.UserIdentities.SingleOrDefaultAsync(i => i.ConnectionId == connection.Id && i.Issuer == external.Issuer && i.Subject == external.Subject, ct);
        if (known is not null) return Decide("known_identity", "the connection knows this subject", new LinkDecision.Known(known));

        // Whom the organization's directory has made before their first sign-in.
        var account = await db.DirectoryAccountAsync(connection, external, ct);
        if (account is { IsOurs: true }) return Decide("directory", "the organization's directory made this account, and nobody else speaks for it", new LinkDecision.LinkTo(account.User, UserIdentity.ByDirectory));
        var decision = await ByEmailAsync(connection, external, ct);
        if (account is null || decision is LinkDecision.Known || Names(decision) == account.User) return decision;
        // The directory's word is stronger than an address: never a second account, and never somebody else's.
        trace.Add("linking", "prove_first", TraceVerdict.Warned, "the directory knows the person as an account that others speak for, too", "its own credential, shown once", SignInAdvice.For(SignInErrors.LinkRequiresProof));
        return new LinkDecision.ProveFirst(account.User);
    }

    private static Id<User>? Names(LinkDecision decision) => decision switch
    {
        LinkDecision.LinkTo(var user, _) => user,
        LinkDecision.ProveFirst(var user) => user,
        _ => null,
    };

    private async Task<LinkDecision> ByEmailAsync(Connection connection, ExternalIdentity external, CancellationToken ct)
    {
        var held = external.Email is { } address ? await OwnDomainAsync(connection, address.Domain, ct) : null;
        // Who was in before it lapsed comes in as a known identity, above.
        var domain = held is { IsVerified: true } ? held : null;
        var shown = external.Email is { } masked ? TraceRecorder.Masked(masked) : "no address";
        if (external.Email is not { } email || domain is null)
            return connection.AllowOutsideDomains ? Outside(external.Email, shown) : Refuse(SignInErrors.EmailDomainNotAllowed, shown, held is null ? "an address in a domain that this organization has verified" : $"a proof of {held.Host.Value} that is still there: it lapsed, verify it again");
        trace.Add("linking", "email_domain", TraceVerdict.Passed, shown, $"{domain.Host.Value}, verified by {domain.VerifiedBy}");

        if (!external.EmailVerified && !connection.TrustEmail)
            return connection.AllowOutsideDomains ? Outside(email, shown) : Refuse(SignInErrors.EmailNotVerified, "email_verified is absent or false", "email_verified, or a connection whose addresses are trusted");
        trace.Add("linking", "email_verified", TraceVerdict.Passed, external.EmailVerified ? "said by the provider" : "trusted by the connection's setting");

        var owner = await (
            from e in db.UserEmails
            where e.Normalized == email.Normalized && e.VerifiedAt != null
            join u in db.Users on e.UserId equals u.Id
            select new { u.Id, u.IsOperator, u.CreatedAt, Identities = db.UserIdentities.Where(i => i.UserId == u.Id).Select(i => new { i.ConnectionId, i.Issuer, i.Subject }).ToList() })
            .AsNoTracking().SingleOrDefaultAsync(ct);
        if (owner is null) return Decide("create_user", "nobody has this address yet", new LinkDecision.CreateUser(email, VerifiedEmail: true));
        // The same person's other first sign-in was saved between the two statements.
        if (owner.Identities.Any(i => i.ConnectionId == connection.Id && i.Issuer == external.Issuer && i.Subject == external.Subject)) return await DecideAsync(connection, external, ct);
        if (owner.IsOperator) return Refuse(SignInErrors.LinkRefused, shown, "an account that a connection may speak for");

        // Silent only when nobody else's word stands behind the account: it is younger than this organization's DNS proof, no other organization's IdP speaks for it, and this
        // connection does not already know it under another subject (a re-used mailbox is another person).
        var silent = domain.ProvesMail && owner.CreatedAt >= domain.VerifiedAt && owner.Identities.Count == 0;
        if (silent) return Decide("verified_domain", "the account is younger than the domain's proof and no other sign-in speaks for it", new LinkDecision.LinkTo(owner.Id, UserIdentity.ByVerifiedDomain));
        // Nor when the organization itself has made it, by its directory, and it was never anybody else's.
        if (domain.ProvesMail && await db.IsMadeByDirectoryAsync(connection.OrganizationId, owner.Id, ct))
            return Decide("directory", "the organization's directory made this account, and nobody else speaks for it", new LinkDecision.LinkTo(owner.Id, UserIdentity.ByDirectory));
        trace.Add("linking", "prove_first", TraceVerdict.Warned, "the account is older than the domain's proof, or another sign-in speaks for it", "its own credential, shown once", SignInAdvice.For(SignInErrors.LinkRequiresProof));
        return new LinkDecision.ProveFirst(owner.Id);
    }

    private LinkDecision Outside(EmailAddress? email, string shown) =>
        Decide("create_user", $"{shown}: outside the verified domains or not verified, so the address stays unverified", new LinkDecision.CreateUser(email, VerifiedEmail: false));

    private LinkDecision Decide(string rule, string why, LinkDecision decision)
    {
        trace.Add("linking", rule, TraceVerdict.Passed, why);
        return decision;
    }

    private LinkDecision.Refuse Refuse(Error error, string? seen, string expected)
    {
        trace.Add("linking", error.Code, TraceVerdict.Failed, seen, expected, SignInAdvice.For(error));
        return new LinkDecision.Refuse(error);
    }

    private async Task<OrganizationDomain?> OwnDomainAsync(Connection connection, HostName host, CancellationToken ct) =>
        await db.HolderAsync(host, ct) is { } holder && holder.OrganizationId == connection.OrganizationId ? holder : null;
}
