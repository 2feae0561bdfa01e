using System.Text.Json.Nodes;
using TenantIdP.Core.Apps;

namespace TenantIdP.Core.Tokens;

/// <summary>A person's access token that an app wants to exchange (RFC 8693), as far as the rules ask.</summary>
/// <param name="ClientId">The app it was given to.</param>
/// <param name="Act">Who has acted with it before, the latest outermost; null for the first time.</param>
public sealed record ExchangeSubject(string ClientId, IReadOnlyList<string> Audiences, IReadOnlyCollection<string> Scopes, DateTimeOffset ExpiresAt, JsonObject? Act);

/// <summary>What an exchange may yield: never more than the subject token, and never for an app that it was not sent to.</summary>
public static class TokenExchange
{
    /// <summary>Further down nobody could tell any more who is acting for whom.</summary>
    public const int MaxDepth = 3;

    public static readonly TokenRefusal NotAPerson = new("invalid_request", "Only a person's access token can be exchanged.");

    public static readonly TokenRefusal NoOrganization = new("invalid_request", "An exchange stays in the organization of its subject token. Switch with the refresh token instead.");

    public static readonly TokenRefusal NoActorToken = new("invalid_request", "The acting party is the app that asks. actor_token is not supported.");

    public static readonly TokenRefusal NamedByAudience = new("invalid_target", "Name the API by resource.");

    private static readonly TokenRefusal NotSent = new("invalid_grant", "The token was neither given to this app nor sent to an API that it serves.");

    private static readonly TokenRefusal TooDeep = new("invalid_request", "The token was exchanged too often.");

    private static readonly TokenRefusal Wider = new("invalid_scope", "An exchange asks for scopes that both the subject token and the app have.");

    /// <summary>Scopes that speak of a grant of the app's own, which an exchange never makes.</summary>
    private static readonly string[] OfGrants = ["offline_access"];

    /// <summary>Null when the app may exchange it.</summary>
    public static TokenRefusal? Refusal(App app, ExchangeSubject subject, IReadOnlyCollection<string> asked)
    {
        if (subject.ClientId != app.ClientId && !subject.Audiences.Any(app.Serves)) return NotSent;
        if (Depth(subject.Act) >= MaxDepth) return TooDeep;
        return asked.All(scope => subject.Scopes.Contains(scope) && app.Scopes.Contains(scope)) ? null : Wider;
    }

    /// <param name="asked">Empty for as many as can be.</param>
    public static IReadOnlyList<string> Scopes(App app, ExchangeSubject subject, IReadOnlyCollection<string> asked) =>
        [.. subject.Scopes.Where(scope => app.Scopes.Contains(scope) && (asked.Count == 0 || asked.Contains(scope)) && !OfGrants.Contains(scope))];

    /// <summary>Never longer than the subject token lives.</summary>
    public static TimeSpan AtMost(ExchangeSubject subject, DateTimeOffset now) => subject.ExpiresAt > now ? subject.ExpiresAt - now : TimeSpan.Zero;

    /// <summary>The app that acts now, and those that acted before (RFC 8693 section 4.1).</summary>
    public static TokenClaim Act(App app, ExchangeSubject subject)
    {
        var act = new JsonObject { ["sub"] = app.ClientId };
        if (subject.Act is { } earlier) act["act"] = earlier.DeepClone();
        return new TokenClaim("act", act, TokenKinds.Access);
    }

    private static int Depth(JsonObject? act)
    {
        var depth = 0;
        for (var one = act; one is not null; one = one["act"] as JsonObject) depth++;
        return depth;
    }
}
