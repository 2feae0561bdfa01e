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
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];
    public IReadOnlyList<string> Scopes { get; init; } = [];
    public string? DefaultApi { get; init; }

    /// <summary>Identifiers of further APIs the app may name by <c>resource</c>, and whose tokens it may introspect.</summary>
    public IReadOnlyList<string> Apis { get; init; } = [];

    public bool RequirePkce { get; init; } = true;
    public bool RequireOrganization { get; init; }
    public string IdTokenAlgorithm { get; init; } = "RS256";

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
    public Patch<IReadOnlyList<string>> AllowedOrigins { get; init; }
    public Patch<IReadOnlyList<string>> Scopes { get; init; }
    public Patch<string> DefaultApi { get; init; }
    public Patch<IReadOnlyList<string>> Apis { get; init; }
    public Patch<bool> RequirePkce { get; init; }
    public Patch<bool> RequireOrganization { get; init; }
    public Patch<string> IdTokenAlgorithm { get; init; }
}

/// <summary>The relying apps of the instance: our rules, the engine's storage, one transaction.</summary>
public sealed class AppService(IdpDbContext db, IAppRegistry registry, EventLog events, IssuerOptions issuer, TimeProvider clock)
{
    public const string SecretPrefix = "tidp_secret_";

    /// <returns>The app, with its secret for the only time unless it is public.</returns>
    public async Task<Result<CreatedApp>> CreateAsync(NewApp wanted, CancellationToken ct)
    {
        var id = Id<App>.New(clock.GetUtcNow());
        var app = new App
        {
            Id = id, ClientId = id.ToString(), DisplayName = wanted.DisplayName, Kind = wanted.Kind, RedirectUris = wanted.RedirectUris, PostLogoutRedirectUris = wanted.PostLogoutRedirectUris,
            InitiateLoginUri = wanted.InitiateLoginUri, AllowedOrigins = wanted.AllowedOrigins, Scopes = wanted.Scopes, DefaultApi = wanted.DefaultApi, Apis = wanted.Apis, RequirePkce = wanted.RequirePkce,
            RequireOrganization = wanted.RequireOrganization, IdTokenAlgorithm = wanted.IdTokenAlgorithm,
        };
        var allowed = await CheckAsync(app, ct);
        if (!allowed.IsOk) return allowed.Error;

        if (wanted.Secret is { } given && GivenSecret.Check(app, given) is { IsOk: false, Error: { } bad }) return bad;
        var secret = app.Kind == AppKind.Public ? null : wanted.Secret ?? MachineSecret.New(SecretPrefix);
        return await db.InTransactionAsync<CreatedApp>(
            async () =>
            {
                events.RecordForInstance(EventTypes.AppCreated, id.ToString(), Facts(app));
                await db.SaveChangesAsync(ct);
                await registry.CreateAsync(app, secret is null ? null : MachineSecret.Hash(secret), ct);
                return new CreatedApp(app, secret);
            }, ct);
    }

    public async Task<Result<App>> FindAsync(Id<App> id, CancellationToken ct) => await registry.FindAsync(id, ct) is { } found ? found : AppErrors.NotFound;

    public async Task<Result<Page<App>>> ListAsync(PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<App>(page, out _);
        return cursor.IsOk ? await registry.ListAsync(page with { Limit = Math.Clamp(page.Limit, 1, PageRequest.MaxLimit) }, ct) : cursor.Error;
    }

    public async Task<Result<App>> UpdateAsync(Id<App> id, AppChanges changes, CancellationToken ct)
    {
        if (await registry.FindAsync(id, ct) is not { } app) return AppErrors.NotFound;
        var changed = app with
        {
            DisplayName = changes.DisplayName.Or(app.DisplayName) ?? "",
            RedirectUris = changes.RedirectUris.Or(app.RedirectUris) ?? [],
            PostLogoutRedirectUris = changes.PostLogoutRedirectUris.Or(app.PostLogoutRedirectUris) ?? [],
            InitiateLoginUri = changes.InitiateLoginUri.Or(app.InitiateLoginUri),
            AllowedOrigins = changes.AllowedOrigins.Or(app.AllowedOrigins) ?? [],
            Scopes = changes.Scopes.Or(app.Scopes) ?? [],
            DefaultApi = changes.DefaultApi.Or(app.DefaultApi),
            Apis = changes.Apis.Or(app.Apis) ?? [],
            RequirePkce = changes.RequirePkce.Or(app.RequirePkce),
            RequireOrganization = changes.RequireOrganization.Or(app.RequireOrganization),
            IdTokenAlgorithm = changes.IdTokenAlgorithm.Or(app.IdTokenAlgorithm) ?? "",
        };
        var allowed = await CheckAsync(changed, ct);
        if (!allowed.IsOk) return allowed.Error;
        return await RecordedAsync(EventTypes.AppUpdated, changed, EventLog.WithChanges(EventLog.FactsOf(Facts(app)), Facts(changed)), () => registry.UpdateAsync(changed, ct), ct);
    }

    /// <summary>Makes a new secret, shown once; the old one stops at once.</summary>
    public async Task<Result<CreatedApp>> RotateSecretAsync(Id<App> id, CancellationToken ct)
    {
        if (await registry.FindAsync(id, ct) is not { } app) return AppErrors.NotFound;
        if (app.Kind == AppKind.Public) return AppErrors.SecretInUse;
        var secret = MachineSecret.New(SecretPrefix);
        var replaced = await RecordedAsync(EventTypes.AppUpdated, app, new { secret = "replaced" }, () => registry.ReplaceSecretAsync(id, MachineSecret.Hash(secret), ct), ct);
        return replaced.IsOk ? new CreatedApp(app, secret) : replaced.Error;
    }

    /// <summary>Sets a secret that was made elsewhere, in the form of ours; the old one stops at once.</summary>
    public async Task<Result<App>> SetSecretAsync(Id<App> id, string secret, CancellationToken ct)
    {
        if (await registry.FindAsync(id, ct) is not { } app) return AppErrors.NotFound;
        var allowed = GivenSecret.Check(app, secret);
        if (!allowed.IsOk) return allowed.Error;
        return await RecordedAsync(EventTypes.AppUpdated, app, new { secret = "replaced" }, () => registry.ReplaceSecretAsync(id, MachineSecret.Hash(secret), ct), ct);
    }

    /// <summary>Whether this is the app's secret.</summary>
    public async Task<bool> HasSecretAsync(Id<App> id, string secret, CancellationToken ct) => await registry.FindSecretHashAsync(id, ct) is { } hash && MachineSecret.Matches(secret, hash);

    /// <summary>Deletes the app and ends its grants.</summary>
    public async Task<Result> DeleteAsync(Id<App> id, CancellationToken ct)
    {
        if (await registry.FindAsync(id, ct) is not { } app) return AppErrors.NotFound;
        var deleted = await RecordedAsync(EventTypes.AppDeleted, app, new { app.DisplayName }, () => registry.DeleteAsync(id, ct), ct);
        return deleted.IsOk ? Result.Ok : deleted.Error;
    }

    private Task<Result<App>> RecordedAsync(string type, App app, object facts, Func<Task<bool>> change, CancellationToken ct) =>
        db.InTransactionAsync<App>(
            async () =>
            {
                events.RecordForInstance(type, app.Id.ToString(), facts);
                await db.SaveChangesAsync(ct);
                return await change() ? app : AppErrors.NotFound; // not found: the transaction and its event are rolled back
            }, ct);

    private async Task<Result> CheckAsync(App app, CancellationToken ct)
    {
        var allowed = AppRules.Check(app, issuer.IsDevelopmentLoopback);
        if (!allowed.IsOk) return allowed;
        string[] named = [.. app.Apis.Concat(app.DefaultApi is { } api ? [api] : []).Distinct()];
        if (named.Length == 0) return allowed;
        return await db.Apis.CountAsync(a => named.Contains(a.Identifier), ct) == named.Length ? Result.Ok : AppErrors.ApiUnknown;
    }

    private static object Facts(App a) => new
    {
        a.DisplayName, a.Kind, a.RedirectUris, a.PostLogoutRedirectUris, a.InitiateLoginUri, a.AllowedOrigins, a.Scopes, a.DefaultApi, a.Apis, a.RequirePkce, a.RequireOrganization, a.IdTokenAlgorithm,
    };
}
