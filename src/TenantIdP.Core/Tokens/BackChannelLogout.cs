using System.Text.Json.Serialization;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Tokens;

/// <summary>What an app is told when the grants end that it has from a session (OpenID Connect Back-Channel Logout 1.0).</summary>
/// <param name="OrganizationId">Set when only what the session has in this organization ended; null when all of it.</param>
public sealed record LogoutNotice(Id<App> AppId, Id<Session> SessionId, Id<User> UserId, Id<Organization>? OrganizationId)
{
    public const string Kind = "backchannel_logout";

    /// <summary>
    /// An app hears of one session in order; one that does not answer holds up nobody else. What one organization causes takes turns of its own, so that others' sign-outs of the same
    /// app do not wait behind it.
    /// </summary>
    public NewOutboxMessage ToMessage() => new(Kind, $"{Kind}:{AppId}:{SessionId}", OrganizationId is { } organization ? $"{Receiver}@{organization}" : Receiver, this);

    /// <summary>The app, whoever causes the notice.</summary>
    [JsonIgnore]
    public string Receiver => $"{Kind}:{AppId}";
}

/// <summary>Makes logout tokens. Implemented by the engine, which has the keys.</summary>
public interface ILogoutTokens
{
    /// <summary>A token of two minutes, signed with the key of the app's id tokens (section 2.4).</summary>
    /// <param name="id">The <c>jti</c>.</param>
    string Create(App app, LogoutNotice notice, string id);
}
