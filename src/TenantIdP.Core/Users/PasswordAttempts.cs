using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Users;

/// <summary>
/// Wrong passwords for one account from one network, so that a stranger who guesses closes the account for themselves and not for its owner. Counted by conditional
/// statements only.
/// </summary>
public sealed class PasswordAttempts
{
    public const string Table = "password_attempts";

    private PasswordAttempts(Id<User> userId, string source) => (UserId, Source) = (userId, source);

    public Id<User> UserId { get; private set; }

    /// <summary>An IPv4 /24 or an IPv6 /48.</summary>
    public string Source { get; private set; }

    public int FailedCount { get; private set; }

    /// <summary>When the count is forgotten; moves with every try that was taken.</summary>
    public DateTimeOffset? LockedUntil { get; private set; }
}
