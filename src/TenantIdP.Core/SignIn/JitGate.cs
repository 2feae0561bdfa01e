using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>
/// Who becomes a member by signing in through a connection: first its mode (FEATURES.md row 5), then the rules of every way in. In the scope of the connection's organization. Whom a
/// directory has provisioned is a member already and is not asked about here, so that a connection for them takes nobody else.
/// </summary>
public sealed class JitGate(JoinRules joins)
{
    /// <param name="verified">What a person who is being made by this sign-in has verified; null for one who is in the store.</param>
    /// <param name="isInvited">An invitation to one of their verified addresses waits: who is invited and must use this connection gets in, whatever its mode.</param>
    public async Task<Result> CheckAsync(Connection connection, Id<User> user, IReadOnlyCollection<EmailAddress>? verified, bool isInvited, CancellationToken ct)
    {
        if (connection.Jit != JitMode.On && !isInvited) return SignInErrors.JitDisabled;
        var allowed = await joins.CheckAtSignInAsync(connection.OrganizationId, user, verified, ct);
        if (allowed.IsOk) return Result.Ok;

        // To the person, in words for them.
        if (allowed.Error == MemberErrors.EmailDomainNotAllowed) return SignInErrors.EmailDomainNotAllowed;
        if (allowed.Error == MemberErrors.LimitReached) return SignInErrors.MemberLimitReached;
        return allowed.Error == MemberErrors.SingleOrganization ? SignInErrors.SingleOrganization : SignInErrors.ConnectionUnavailable;
    }
}
