using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Joining;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>Who becomes a member by signing in through a connection: first its mode (FEATURES.md row 5), then the rules of every way in. In the scope of the connection's organization.</summary>
public sealed class JitGate(IdpDbContext db, JoinRules joins, IEnumerable<IPendingInvitations> invitations, IEnumerable<IProvisionedPeople> directories)
{
    /// <param name="verified">What a person who is being made by this sign-in has verified; null for one who is in the store.</param>
    public async Task<Result> CheckAsync(Connection connection, Id<User> user, IReadOnlyCollection<EmailAddress>? verified, CancellationToken ct)
    {
        if (!await AdmitsAsync(connection, user, verified, ct)) return SignInErrors.JitDisabled;
        var allowed = await joins.CheckAtSignInAsync(connection.OrganizationId, user, verified, ct);
        if (allowed.IsOk) return Result.Ok;

        // To the person, in words for them.
        if (allowed.Error == MemberErrors.EmailDomainNotAllowed) return SignInErrors.EmailDomainNotAllowed;
        if (allowed.Error == MemberErrors.LimitReached) return SignInErrors.MemberLimitReached;
        return allowed.Error == MemberErrors.SingleOrganization ? SignInErrors.SingleOrganization : SignInErrors.ConnectionUnavailable;
    }

    /// <summary>A waiting invitation of the person is accepted, and its roles are the membership's. False when there is none.</summary>
    public async Task<bool> ConsumeAsync(Membership membership, IReadOnlyCollection<EmailAddress>? verified, CancellationToken ct)
    {
        if (!invitations.Any()) return false;
        var addresses = verified ?? await AddressesAsync(membership.UserId, ct);
        foreach (var pending in invitations)
        {
            if (await pending.ConsumeAsync(membership, addresses, ct)) return true;
        }

        return false;
    }

    private async Task<bool> AdmitsAsync(Connection connection, Id<User> user, IReadOnlyCollection<EmailAddress>? verified, CancellationToken ct)
    {
        if (connection.Jit == JitMode.On) return true;
        if (connection.Jit == JitMode.Off) return false;
        var addresses = verified ?? await AddressesAsync(user, ct);
        if (addresses.Count == 0) return false;
        if (connection.Jit == JitMode.InvitedOnly)
        {
            foreach (var pending in invitations)
            {
                if (await pending.AnyAsync(connection.OrganizationId, addresses, ct)) return true;
            }

            return false;
        }

        foreach (var directory in directories)
        {
            if (await directory.AnyAsync(connection.OrganizationId, addresses, ct)) return true;
        }

        return false;
    }

    private async Task<IReadOnlyCollection<EmailAddress>> AddressesAsync(Id<User> user, CancellationToken ct) =>
        [.. (await db.UserEmails.Where(e => e.UserId == user && e.VerifiedAt != null).Select(e => e.Address).ToListAsync(ct)).Select(EmailAddress.Parse)];
}
