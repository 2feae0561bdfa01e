using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Tokens;

/// <summary>What a relying app asked for at the authorization endpoint, as far as people's pages need to know.</summary>
/// <param name="Organization">Id or slug as sent, or null.</param>
/// <param name="MaxAge">Seconds (OpenID Connect Core section 3.1.2.1).</param>
public sealed record AuthorizationRequest(
    App App, string? Organization, string? Connection, string? DomainHint, string? LoginHint, IReadOnlySet<string> Prompt, int? MaxAge, string? UiLocales, Interaction Interaction)
{
    /// <summary>Id or slug as sent, or null. One named by its id pins its organization, as if that had been sent.</summary>
    public string? Workspace { get; init; }

    /// <summary>The token of an invitation that the person is to be asked about first, as sent, or null. It is in no URL that comes after.</summary>
    public string? Invitation { get; init; }

    /// <summary>What the app asks for; null where the person is asked about that elsewhere, as for a device.</summary>
    public IReadOnlyList<string>? Scopes { get; init; }

    /// <summary>Identifier of the API that the tokens are for; null when they open userinfo only.</summary>
    public string? Api { get; init; }
}

/// <summary>
/// What the person did on our pages during one authorization request. Travels sealed in the return URL, because it answers <c>prompt</c> and the choice of organization.
/// </summary>
/// <param name="StartedAt">When the request first arrived: a proof made after it satisfies <c>prompt=login</c>.</param>
/// <param name="Chosen">The organization picked in the chooser or entered by its own connection.</param>
public sealed record Interaction(DateTimeOffset StartedAt, Id<Organization>? Chosen)
{
    /// <summary>The person explicitly picked an account or organization in this request.</summary>
    public bool Selected { get; init; }

    /// <summary>The person was asked about the invitation, whatever they said.</summary>
    public bool Invited { get; init; }

    /// <summary>The person gave up; the app gets <c>access_denied</c>.</summary>
    public bool Cancelled { get; init; }
}

/// <summary>The pending authorization request behind a return URL. Implemented by the engine.</summary>
public interface IAuthorizationRequests
{
    /// <summary>Null when the URL is not this server's own authorization endpoint with a valid request of a known app.</summary>
    Task<AuthorizationRequest?> FindAsync(string returnUrl, CancellationToken ct);

    /// <summary>The same return URL with what the person has done so far.</summary>
    string With(string returnUrl, Interaction interaction);
}

/// <summary>
/// Ends grants (refresh-token families and unredeemed codes) in the caller's transaction, leaves a <see cref="LogoutNotice"/> there for each app and session that had one, and
/// says which stand. Implemented by the engine.
/// </summary>
public interface IGrantRevoker
{
    Task EndSessionAsync(Id<Session> session, CancellationToken ct);

    Task EndUserAsync(Id<User> user, CancellationToken ct);

    Task EndUsersAsync(IReadOnlyCollection<Id<User>> users, CancellationToken ct);

    /// <summary>Those of one app for one person.</summary>
    Task EndAppAsync(Id<User> user, Id<App> app, CancellationToken ct);

    /// <summary>Those of all its members.</summary>
    Task EndOrganizationAsync(Id<Organization> organization, CancellationToken ct);

    Task EndMembershipAsync(Id<Organization> organization, Id<User> user, CancellationToken ct);

    /// <summary>The organization lets nobody in for now: its apps are told to sign people out. The grants stay, and are refused while it lasts.</summary>
    Task TellOrganizationAsync(Id<Organization> organization, CancellationToken ct);

    /// <summary>The same for the grants in its organization that rest on a connection.</summary>
    Task TellConnectionAsync(Id<Organization> organization, Id<Connection> connection, CancellationToken ct);

    /// <summary>Those of these sessions on which a grant rests that has not ended.</summary>
    Task<IReadOnlyList<Id<Session>>> StandingAsync(IReadOnlyCollection<Id<Session>> sessions, CancellationToken ct);
}

/// <summary>What a valid, unexpired access token of this issuer says. Implemented by the engine; nothing here has been compared with the database.</summary>
public sealed record AccessTokenFacts(string ClientId, Id<User>? UserId, Id<Session>? SessionId, Id<Organization>? OrganizationId, string GrantId, IReadOnlyList<string> Audiences, IReadOnlyList<string> Scopes)
{
    public Id<Workspace>? WorkspaceId { get; init; }

    /// <summary>The app that acts with it in the person's name, of a token that was exchanged.</summary>
    public string? Act { get; init; }
}

public interface IAccessTokens
{
    /// <summary>Checks signature, issuer, type and times (RFC 9068 section 4). Null for anything else.</summary>
    Task<AccessTokenFacts?> ReadAsync(string token, CancellationToken ct);

    /// <summary>Whether the grant behind a user's token still stands, with the proofs it rests on; null when it has ended.</summary>
    Task<Grant?> FindGrantAsync(string grantId, CancellationToken ct);
}
