using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Core.Apps;

public sealed record NewApp(string DisplayName, AppKind Kind)
{
    public IReadOnlyList<string> RedirectUris { get; init; } = [];
    public IReadOnlyList<string> PostLogoutRedirectUris { get; init; } = [];
    public string? InitiateLoginUri { get; init; }
    public string? BackchannelLogoutUri { get; init; }
    public bool BackchannelLogoutSessionRequired { get; init; }
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];
    public IReadOnlyList<string> Scopes { get; init; } = [];
    public string? DefaultApi { get; init; }

    /// <summary>Identifiers of further APIs the app may name by <c>resource</c>, and whose tokens it may introspect.</summary>
    public IReadOnlyList<string> Apis { get; init; } = [];

    public bool RequirePkce { get; init; } = true;
    public bool RequireOrganization { get; init; }
    public bool RequireConsent { get; init; }
    public string IdTokenAlgorithm { get; init; } = "RS256";

    /// <summary>One of <see cref="AppAuthMethods"/>; null for either form of the secret, or nothing for a public app.</summary>
    public string? TokenEndpointAuthMethod { get; init; }

    public AppKeySet? Jwks { get; init; }
    public string? JwksUri { get; init; }

    /// <summary>Null for what its kind usually needs.</summary>
    public IReadOnlyList<string>? GrantTypes { get; init; }

    public int? AccessTokenSeconds { get; init; }
    public int? RefreshTokenDays { get; init; }
    public int? RefreshTokenAbsoluteDays { get; init; }
    public IReadOnlyList<ClaimRule> ClaimMap { get; init; } = [];

    /// <summary>Made elsewhere, in the form of ours; null lets us make one.</summary>
    public string? Secret { get; init; }
}

/// <summary>A merge patch of an app.</summary>
public sealed record AppChanges
{
    public Patch<string> DisplayName { get; init; }
    public Patch<IReadOnlyList<string>> RedirectUris { get; init; }
    public Patch<IReadOnlyList<string>> PostLogoutRedirectUris { get; init; }
    public Patch<string> InitiateLoginUri { get; init; }
    public Patch<string> BackchannelLogoutUri { get; init; }
    public Patch<bool> BackchannelLogoutSessionRequired { get; init; }
    public Patch<IReadOnlyList<string>> AllowedOrigins { get; init; }
    public Patch<IReadOnlyList<string>> Scopes { get; init; }
    public Patch<string> DefaultApi { get; init; }
    public Patch<IReadOnlyList<string>> Apis { get; init; }
    public Patch<bool> RequirePkce { get; init; }
    public Patch<bool> RequireOrganization { get; init; }
    public Patch<bool> RequireConsent { get; init; }
    public Patch<string> IdTokenAlgorithm { get; init; }
    public Patch<string> TokenEndpointAuthMethod { get; init; }
    public Patch<AppKeySet> Jwks { get; init; }
    public Patch<string> JwksUri { get; init; }
    public Patch<IReadOnlyList<string>> GrantTypes { get; init; }
    public Patch<int?> AccessTokenSeconds { get; init; }
    public Patch<int?> RefreshTokenDays { get; init; }
    public Patch<int?> RefreshTokenAbsoluteDays { get; init; }
    public Patch<IReadOnlyList<ClaimRule>> ClaimMap { get; init; }
}

/// <summary>The relying apps of the instance: our rules, the engine's storage, one transaction. A deleted one loses what any organization granted it.</summary>
public sealed class AppService(IdpDbContext db, IAppRegistry registry, AppEdits edits, EventLog events, IssuerOptions issuer, TimeProvider clock)
{
    /// <returns>The app, with its secret for the only time unless it has none.</returns>
    public async Task<Result<CreatedApp>> CreateAsync(NewApp wanted, CancellationToken ct)
    {
        var id = Id<App>.New(clock.GetUtcNow());
        var app = new App
        {
            Id = id, ClientId = id.ToString(), DisplayName = wanted.DisplayName, Kind = wanted.Kind, RedirectUris = wanted.RedirectUris, PostLogoutRedirectUris = wanted.PostLogoutRedirectUris,
            InitiateLoginUri = wanted.InitiateLoginUri, BackchannelLogoutUri = wanted.BackchannelLogoutUri, BackchannelLogoutSessionRequired = wanted.BackchannelLogoutSessionRequired, AllowedOrigins = wanted.AllowedOrigins, Scopes = wanted.Scopes, DefaultApi = wanted.DefaultApi, Apis = wanted.Apis, RequirePkce = wanted.RequirePkce,
            RequireOrganization = wanted.RequireOrganization, RequireConsent = wanted.RequireConsent, IdTokenAlgorithm = wanted.IdTokenAlgorithm, GrantTypes = wanted.GrantTypes ?? AppGrantTypes.Default(wanted.Kind, wanted.Scopes),
            AccessTokenSeconds = wanted.AccessTokenSeconds, RefreshTokenDays = wanted.RefreshTokenDays, RefreshTokenAbsoluteDays = wanted.RefreshTokenAbsoluteDays, ClaimMap = wanted.ClaimMap,
            TokenEndpointAuthMethod = wanted.TokenEndpointAuthMethod, Jwks = wanted.Jwks, JwksUri = wanted.JwksUri,
        };
        var allowed = await CheckAsync(app, ct);
        if (!allowed.IsOk) return allowed.Error;
        app = KeptOf(app);

        if (wanted.Secret is { } wish && GivenSecret.Check(app, wish) is { IsOk: false, Error: { } bad }) return bad;
        (AppSecret Kept, string Secret)? made = !app.HasSecret ? null
            : wanted.Secret is { } given ? (AppSecret.Given(given, clock.GetUtcNow()), given)
            : AppSecret.Make(clock.GetUtcNow(), null);
        return await db.InTransactionAsync<CreatedApp>(
            async () =>
            {
                events.RecordForInstance(EventTypes.AppCreated, id.ToString(), Facts(app));
                await db.SaveChangesAsync(ct);
                await registry.CreateAsync(app, made is { } one ? [one.Kept] : [], ct);
                return new CreatedApp(app, made?.Secret);
            }, ct);
    }

    public async Task<Result<App>> FindAsync(Id<App> id, CancellationToken ct) => await registry.FindAsync(id, ct) is { } found ? found : AppErrors.NotFound;

    public async Task<Result<Page<App>>> ListAsync(PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<App>(page, out _);
        return cursor.IsOk ? await registry.ListAsync(page with { Limit = Math.Clamp(page.Limit, 1, PageRequest.MaxLimit) }, ct) : cursor.Error;
    }

    /// <param name="expectedVersion">Null when the caller doesn't mind.</param>
    public Task<Result<App>> UpdateAsync(Id<App> id, AppChanges changes, int? expectedVersion, CancellationToken ct) => edits.ChangeAsync(
        id, expectedVersion, async app =>
        {
            var changed = Apply(changes, app);
            var allowed = await CheckAsync(changed, ct);
            if (!allowed.IsOk) return allowed.Error;
            changed = KeptOf(changed);

            // What proves nothing any more is not kept for later: whoever goes back to a secret makes one.
            IReadOnlyList<AppSecret>? secrets = app.HasSecret && !changed.HasSecret ? [] : null;
            return new AppEdit(changed, EventTypes.AppUpdated, EventLog.WithChanges(EventLog.FactsOf(Facts(app)), Facts(changed)), secrets);
        }, ct);

    /// <summary>Sets a secret that was made elsewhere, in the form of ours; those it has stop at once.</summary>
    public Task<Result<App>> SetSecretAsync(Id<App> id, string secret, CancellationToken ct) => edits.ChangeAsync(
        id, null, app =>
        {
            var allowed = GivenSecret.Check(app, secret);
            var kept = AppSecret.Given(secret, clock.GetUtcNow());
            return Task.FromResult<Result<AppEdit>>(allowed.IsOk ? new AppEdit(app, EventTypes.AppSecretCreated, new { secretId = kept.Id, replaced = true }, [kept]) : allowed.Error);
        }, ct);

    /// <summary>Whether this is one of the app's secrets that are live.</summary>
    public async Task<bool> HasSecretAsync(Id<App> id, string secret, CancellationToken ct) => AppSecrets.Matches(secret, await registry.SecretsAsync(id, ct), clock.GetUtcNow());

    /// <summary>Deletes the app and ends its grants.</summary>
    public async Task<Result> DeleteAsync(Id<App> id, CancellationToken ct)
    {
        var deleted = await db.InTransactionAsync<bool>(
            async () =>
            {
                if (await registry.FindAsync(id, ct) is not { } app) return AppErrors.NotFound;
                events.RecordForInstance(EventTypes.AppDeleted, id.ToString(), new { app.DisplayName });
                await db.SaveChangesAsync(ct);
                await db.AppGrants.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(g => g.AppId == id).ExecuteDeleteAsync(ct);
                await db.AppConsents.Where(c => c.AppId == id).ExecuteDeleteAsync(ct);
                return await registry.DeleteAsync(id, ct) ? true : AppErrors.NotFound; // not found: the transaction and its event are rolled back
            }, ct);
        return deleted.IsOk ? Result.Ok : deleted.Error;
    }

    private static App Apply(AppChanges changes, App app) => app with
    {
        DisplayName = changes.DisplayName.Or(app.DisplayName) ?? "",
        RedirectUris = changes.RedirectUris.Or(app.RedirectUris) ?? [],
        PostLogoutRedirectUris = changes.PostLogoutRedirectUris.Or(app.PostLogoutRedirectUris) ?? [],
        InitiateLoginUri = changes.InitiateLoginUri.Or(app.InitiateLoginUri),
        BackchannelLogoutUri = changes.BackchannelLogoutUri.Or(app.BackchannelLogoutUri),
        BackchannelLogoutSessionRequired = changes.BackchannelLogoutSessionRequired.Or(app.BackchannelLogoutSessionRequired),
        AllowedOrigins = changes.AllowedOrigins.Or(app.AllowedOrigins) ?? [],
        Scopes = changes.Scopes.Or(app.Scopes) ?? [],
        DefaultApi = changes.DefaultApi.Or(app.DefaultApi),
        Apis = changes.Apis.Or(app.Apis) ?? [],
        RequirePkce = changes.RequirePkce.Or(app.RequirePkce),
        RequireOrganization = changes.RequireOrganization.Or(app.RequireOrganization),
        RequireConsent = changes.RequireConsent.Or(app.RequireConsent),
        IdTokenAlgorithm = changes.IdTokenAlgorithm.Or(app.IdTokenAlgorithm) ?? "",
        TokenEndpointAuthMethod = changes.TokenEndpointAuthMethod.Or(app.TokenEndpointAuthMethod),
        Jwks = changes.Jwks.Or(app.Jwks),
        JwksUri = changes.JwksUri.Or(app.JwksUri),
        GrantTypes = changes.GrantTypes.Or(app.GrantTypes) ?? AppGrantTypes.Default(app.Kind, changes.Scopes.Or(app.Scopes) ?? []),
        AccessTokenSeconds = changes.AccessTokenSeconds.Or(app.AccessTokenSeconds),
        RefreshTokenDays = changes.RefreshTokenDays.Or(app.RefreshTokenDays),
        RefreshTokenAbsoluteDays = changes.RefreshTokenAbsoluteDays.Or(app.RefreshTokenAbsoluteDays),
        ClaimMap = changes.ClaimMap.Or(app.ClaimMap) ?? [],
    };

    private async Task<Result> CheckAsync(App app, CancellationToken ct)
    {
        var allowed = AppRules.Check(app, issuer.IsDevelopmentLoopback);
        if (!allowed.IsOk) return allowed;
        string[] named = [.. app.Apis.Concat(app.DefaultApi is { } api ? [api] : []).Distinct()];
        if (named.Length == 0) return allowed;
        return await db.Apis.CountAsync(a => named.Contains(a.Identifier), ct) == named.Length ? Result.Ok : AppErrors.ApiUnknown;
    }

    private static App KeptOf(App app) => app.Jwks is { } set ? app with { Jwks = AppKeyRules.Kept(set) } : app;

    /// <summary>Keys by their thumbprints: an event says which, not what.</summary>
    private static object Facts(App a) => new
    {
        a.DisplayName, a.Kind, a.RedirectUris, a.PostLogoutRedirectUris, a.InitiateLoginUri, a.BackchannelLogoutUri, a.BackchannelLogoutSessionRequired, a.AllowedOrigins, a.Scopes, a.DefaultApi, a.Apis, a.RequirePkce, a.RequireOrganization, a.RequireConsent, a.IdTokenAlgorithm,
        a.GrantTypes, a.AccessTokenSeconds, a.RefreshTokenDays, a.RefreshTokenAbsoluteDays, a.ClaimMap, a.TokenEndpointAuthMethod, a.JwksUri, JwksThumbprints = a.Jwks?.Keys.Select(AppKeyRules.Thumbprint),
    };
}
