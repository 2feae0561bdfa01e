using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Apps;

/// <summary>What a person has allowed an app that must ask them: of all their organizations, because it is the person who is asked.</summary>
public sealed class AppConsent
{
    private AppConsent(Id<User> userId, Id<App> appId, string appName, DateTimeOffset givenAt) => (UserId, AppId, AppName, GivenAt) = (userId, appId, appName, givenAt);

    public Id<User> UserId { get; private set; }

    /// <summary>Kept by the engine, so no foreign key: deleting the app deletes what it was allowed.</summary>
    public Id<App> AppId { get; private set; }

    /// <summary>As the person read it.</summary>
    public string AppName { get; private set; }

    public IReadOnlyList<string> Scopes { get; private set; } = [];

    /// <summary>Identifiers of the APIs that it may call as this person.</summary>
    public IReadOnlyList<string> Apis { get; private set; } = [];

    /// <summary>When they were asked last.</summary>
    public DateTimeOffset GivenAt { get; private set; }

    public static AppConsent To(App app, Id<User> user, DateTimeOffset now) => new(user, app.Id, app.DisplayName, now);

    /// <summary>Adds to what was allowed before.</summary>
    /// <param name="api">Null for a token that opens userinfo only.</param>
    public void Allow(App app, IEnumerable<string> scopes, string? api, DateTimeOffset now)
    {
        Scopes = [.. Scopes.Union(scopes, StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (api is not null) Apis = [.. Apis.Union([api], StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        (AppName, GivenAt) = (app.DisplayName, now);
    }

    public bool Covers(IEnumerable<string> scopes, string? api) => scopes.All(s => Scopes.Contains(s)) && (api is null || Apis.Contains(api));
}
