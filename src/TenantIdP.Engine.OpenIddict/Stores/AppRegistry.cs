using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace TenantIdP.Engine.OpenIddict.Stores;

/// <summary>The apps, as clients of the engine.</summary>
public sealed class AppRegistry(OidcSession session) : IAppRegistry
{
    private static readonly NodeChange Changed = new(NodeChange.Apps, null);

    public static App ToApp(OidcApplication row)
    {
        var app = JsonSerializer.Deserialize<App>(row.Description, JsonText.Options)!; // written by Write below
        return app.GrantTypes.Count > 0 ? app : app with { GrantTypes = AppGrantTypes.Default(app.Kind, app.Scopes) }; // of the time when the kind alone decided
    }

    /// <summary>From the database, not from the cache: what is read here is changed and written back.</summary>
    public async Task<App?> FindAsync(Id<App> id, CancellationToken ct) =>
        await session.Db.Applications.AsNoTracking().SingleOrDefaultAsync(a => a.Id == id.Value, ct) is { } row ? ToApp(row) : null;

    public async Task<App?> FindByClientIdAsync(string clientId, CancellationToken ct) =>
        await session.Db.Applications.AsNoTracking().SingleOrDefaultAsync(a => a.ClientId == clientId, ct) is { } row ? ToApp(row) : null;

    public async Task<Page<App>> ListAsync(PageRequest page, CancellationToken ct)
    {
        var rows = session.Db.Applications.AsNoTracking();
        if (page.After is { } cursor)
        {
            var after = Id<App>.Parse(cursor, null).Value;
            rows = page.Descending ? rows.Where(a => a.Id < after) : rows.Where(a => a.Id > after);
        }

        if (page.CreatedAfter is { } since)
        {
            var first = Id<App>.FirstOf(since).Value;
            rows = rows.Where(a => a.Id >= first);
        }

        if (page.CreatedBefore is { } until)
        {
            var end = Id<App>.FirstOf(until).Value;
            rows = rows.Where(a => a.Id < end);
        }

        var found = await (page.Descending ? rows.OrderByDescending(a => a.Id) : rows.OrderBy(a => a.Id)).Take(page.Limit + 1).ToListAsync(ct);
        var apps = found.Take(page.Limit).Select(ToApp).ToList();
        return new Page<App>(apps, found.Count > page.Limit ? apps[^1].Id.ToString() : null);
    }

    public async Task CreateAsync(App app, IReadOnlyList<AppSecret> secrets, CancellationToken ct)
    {
        var row = new OidcApplication { Id = app.Id.Value, ClientSecret = app.Kind == AppKind.Public ? null : AppSecrets.Write(secrets) };
        Write(app, row);
        session.Db.Add(row);
        await session.Db.SaveChangesAsync(ct);
        await session.AnnounceAsync(Changed, ct);
    }

    public async Task<IReadOnlyList<AppSecret>> SecretsAsync(Id<App> id, CancellationToken ct) =>
        AppSecrets.Read(await session.Db.Applications.Where(a => a.Id == id.Value).Select(a => a.ClientSecret).SingleOrDefaultAsync(ct));

    public async Task<bool> UpdateAsync(App app, IReadOnlyList<AppSecret>? secrets, CancellationToken ct)
    {
        if (await session.Db.Applications.SingleOrDefaultAsync(a => a.Id == app.Id.Value, ct) is not { } row || ToApp(row).Version != app.Version) return false;
        Write(app with { Version = app.Version + 1 }, row);
        if (secrets is not null) row.ClientSecret = AppSecrets.Write(secrets);

        // The engine's own concurrency token: the statement changes the row only as it was read.
        row.ConcurrencyToken = Guid.CreateVersion7().ToString();
        try
        {
            await session.Db.SaveChangesAsync(ct);
        }
        catch (DbUpdateConcurrencyException)
        {
            session.Db.Entry(row).State = EntityState.Detached;
            return false;
        }

        await session.AnnounceAsync(Changed, ct);
        return true;
    }

    public async Task<bool> DeleteAsync(Id<App> id, CancellationToken ct)
    {
        // In the order of the foreign keys; the caller's transaction makes it one change.
        await session.Db.Tokens.Where(t => EF.Property<Guid?>(t, "ApplicationId") == id.Value).ExecuteDeleteAsync(ct);
        await session.Db.Authorizations.Where(a => EF.Property<Guid?>(a, "ApplicationId") == id.Value).ExecuteDeleteAsync(ct);
        var deleted = await session.Db.Applications.Where(a => a.Id == id.Value).ExecuteDeleteAsync(ct);
        await session.AnnounceAsync(Changed, ct);
        return deleted == 1;
    }

    private static void Write(App app, OidcApplication row)
    {
        row.ClientId = app.ClientId;
        row.DisplayName = app.DisplayName;
        row.ClientType = app.Kind == AppKind.Public ? ClientTypes.Public : ClientTypes.Confidential;
        row.ApplicationType = app.Kind == AppKind.Public ? ApplicationTypes.Native : ApplicationTypes.Web;
        row.ConsentType = ConsentTypes.Implicit;
        row.RedirectUris = JsonSerializer.Serialize(app.RedirectUris);
        row.PostLogoutRedirectUris = JsonSerializer.Serialize(app.PostLogoutRedirectUris);
        row.Requirements = app.RequirePkce ? JsonSerializer.Serialize(new[] { Requirements.Features.ProofKeyForCodeExchange }) : null;
        row.Permissions = JsonSerializer.Serialize(PermissionsOf(app));
        row.Description = JsonSerializer.Serialize(app, JsonText.Options);
    }

    private static List<string> PermissionsOf(App app)
    {
        List<string> permissions = [Permissions.Endpoints.Token, Permissions.Endpoints.Revocation];

        // A client without a secret could be anybody who knows its id.
        if (app.Kind != AppKind.Public) permissions.Add(Permissions.Endpoints.Introspection);
        if (app.GrantTypes.Contains(AppGrantTypes.AuthorizationCode))
        {
            permissions.AddRange(
            [
                Permissions.Endpoints.Authorization, Permissions.Endpoints.PushedAuthorization, Permissions.Endpoints.EndSession, Permissions.GrantTypes.AuthorizationCode,
                Permissions.ResponseTypes.Code,
            ]);
        }

        if (app.GrantTypes.Contains(AppGrantTypes.RefreshToken) && app.HasOfflineAccess) permissions.Add(Permissions.GrantTypes.RefreshToken);
        if (app.GrantTypes.Contains(AppGrantTypes.ClientCredentials)) permissions.Add(Permissions.GrantTypes.ClientCredentials);
        if (app.GrantTypes.Contains(AppGrantTypes.DeviceCode)) permissions.AddRange([Permissions.Endpoints.DeviceAuthorization, Permissions.GrantTypes.DeviceCode]);
        if (app.GrantTypes.Contains(AppGrantTypes.TokenExchange)) permissions.Add(Permissions.GrantTypes.TokenExchange);
        permissions.AddRange(app.Scopes.Select(scope => Permissions.Prefixes.Scope + scope));
        return permissions;
    }
}
