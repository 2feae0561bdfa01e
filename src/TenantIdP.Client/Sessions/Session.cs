using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;

namespace TenantIdP.Client.Sessions;

/// <summary>One person's session as the application keeps it: claims, tokens, and when to refresh.</summary>
internal sealed class Session(string key, AuthenticationTicket ticket)
{
    public const string KeyClaim = "tenantidp_session";

    private const string RetryAt = "retry_at";
    private const string RefusedWith = "refused_with";
    private static readonly TimeSpan EarlyBy = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private static readonly string[] FromAccessToken = ["permissions", "permissions_overage", "act"];
    private static readonly string[] OfOrganization = ["roles", "connection_id"];
    private static readonly string[] OfOrganizationPrefixes = ["org_", "workspace_"];

    public string Key => key;

    public AuthenticationTicket Ticket => ticket;

    public string? RefreshToken => Token("refresh_token");

    public string? AccessToken => Token("access_token");

    public string? UserId => ticket.Principal.FindFirst("sub")?.Value;

    public DateTimeOffset BeganAt => ticket.Properties.IssuedUtc ?? DateTimeOffset.MinValue;

    public DateTimeOffset EndsAt => ticket.Properties.ExpiresUtc ?? DateTimeOffset.MinValue;

    private DateTimeOffset AccessEndsAt => Instant(Token("expires_at"));

    public static Session New(ClaimsPrincipal principal, AuthenticationProperties properties, string key) =>
        new(key, new AuthenticationTicket(principal, properties, TenantIdPSchemes.Session));

    /// <summary>The claims of an id token, and what only an access token of the API says.</summary>
    public static ClaimsPrincipal Principal(ClaimsIdentity id, ClaimsIdentity? access)
    {
        var identity = Without(id, FromAccessToken.Contains);
        foreach (var type in FromAccessToken)
        {
            foreach (var claim in access?.FindAll(type) ?? [])
                identity.AddClaim(new Claim(claim.Type, claim.Value, claim.ValueType, claim.Issuer));
        }

        return new ClaimsPrincipal(identity);
    }

    public bool IsDue(DateTimeOffset now) => AccessEndsAt - now < EarlyBy && Instant(ticket.Properties.GetString(RetryAt)) <= now;

    /// <summary>Nothing can renew it: who is signed in can't be known to be so any longer.</summary>
    public bool HasEnded(DateTimeOffset now) => EndsAt <= now || (RefreshToken is null && AccessEndsAt <= now);

    /// <summary>What the login host's policy said when it gave no successor; null when it has not refused one. Nobody is signed in by such a session, until a refresh is granted.</summary>
    public RefreshOutcome? Refused => Enum.TryParse<RefreshOutcome>(ticket.Properties.GetString(RefusedWith), out var outcome) ? outcome : null;

    /// <summary>
    /// The organization, the roles and the permissions end with the token that says so, when no new one could be had: from then on nobody knows whether they are still true. Who
    /// the person is stays.
    /// </summary>
    public ClaimsPrincipal PrincipalAt(DateTimeOffset now) =>
        AccessEndsAt > now ? ticket.Principal : new ClaimsPrincipal(Without((ClaimsIdentity)ticket.Principal.Identity!, EndsWithToken)); // a session is made of one identity

    public Session With(ClaimsPrincipal principal, string idToken, string accessToken, string? refreshToken, DateTimeOffset accessEndsAt)
    {
        var properties = ticket.Properties.Clone();
        properties.Items.Remove(RetryAt);
        properties.Items.Remove(RefusedWith);
        List<AuthenticationToken> tokens =
        [
            new() { Name = "id_token", Value = idToken },
            new() { Name = "access_token", Value = accessToken },
            new() { Name = "expires_at", Value = accessEndsAt.ToString("o", CultureInfo.InvariantCulture) },
        ];
        // RFC 6749 section 6: without a new one, the old one goes on.
        if ((refreshToken ?? RefreshToken) is { } next)
            tokens.Add(new() { Name = "refresh_token", Value = next });
        properties.StoreTokens(tokens);
        return New(principal, properties, key);
    }

    /// <summary>A login host that gives no successor must not hold up every request of the session. When it did not answer at all, an earlier refusal stands.</summary>
    public Session NotBefore(DateTimeOffset now, RefreshOutcome outcome)
    {
        var properties = ticket.Properties.Clone();
        if (outcome is RefreshOutcome.InteractionRequired or RefreshOutcome.AccessDenied)
            properties.SetString(RefusedWith, outcome.ToString());
        properties.SetString(RetryAt, (now + Pause).ToString("o", CultureInfo.InvariantCulture));
        return New(ticket.Principal, properties, key);
    }

    private static bool EndsWithToken(string type) =>
        FromAccessToken.Contains(type) || OfOrganization.Contains(type) || OfOrganizationPrefixes.Any(prefix => type.StartsWith(prefix, StringComparison.Ordinal));

    private static ClaimsIdentity Without(ClaimsIdentity identity, Func<string, bool> left) =>
        new(identity.Claims.Where(claim => !left(claim.Type)), identity.AuthenticationType, identity.NameClaimType, identity.RoleClaimType);

    private string? Token(string name) => ticket.Properties.GetTokenValue(name);

    private static DateTimeOffset Instant(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var instant) ? instant : DateTimeOffset.MinValue;
}
