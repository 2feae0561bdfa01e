using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;
using TenantIdP.Engine.OpenIddict.Keys;
using TenantIdP.Engine.OpenIddict.Stores;

namespace TenantIdP.Engine.OpenIddict;

/// <summary>At start: the engine's tables, the first signing keys, the management API and the bootstrap app. Safe to run on every start and on several nodes.</summary>
public sealed class EngineSchema(IdpDbContext idp, OidcSession session, KeyRing ring, IssuerOptions issuer, BootstrapOptions bootstrap, TimeProvider clock) : ISchemaMigration
{
    /// <summary>From this length on a secret holds what a machine makes; shorter ones are stretched.</summary>
    private const int MachineMadeLength = 43;

    public string Name => "engine";

    public async Task MigrateAsync(CancellationToken ct)
    {
        if ((await session.Db.Database.GetPendingMigrationsAsync(ct)).Any()) await session.Db.Database.MigrateAsync(ct);
        await ring.RefreshAsync(session.Db, ct);
        await ManagementApi.SeedAsync(idp, issuer.ManagementApi, clock.GetUtcNow(), ct);
        await BootstrapAsync(ct);
    }

    private async Task BootstrapAsync(CancellationToken ct)
    {
        if (bootstrap.ClientId is not { Length: > 0 } clientId) return;
        if (bootstrap.ClientSecret is not { Length: > 0 } secret) throw new StartupException("TenantIdP__Bootstrap__ClientSecret is missing: a bootstrap app needs a client id and a secret.");
        if (secret.Length < MachineMadeLength && !issuer.IsDevelopmentLoopback)
            throw new StartupException($"TenantIdP__Bootstrap__ClientSecret is too short: give {MachineMadeLength} or more random characters, for example from `openssl rand -base64 48`.");
        if (await session.Db.Applications.AnyAsync(a => a.ClientId == clientId, ct)) return;

        var app = new App { Id = Id<App>.New(clock.GetUtcNow()), ClientId = clientId, DisplayName = "Bootstrap", Kind = AppKind.Machine, Scopes = [ManagementApi.Scope], DefaultApi = issuer.ManagementApi, GrantTypes = [AppGrantTypes.ClientCredentials] };
        try
        {
            await new AppRegistry(session).CreateAsync(app, [AppSecret.Given(secret, clock.GetUtcNow())], ct);
        }
        catch (DbUpdateException)
        {
            session.Db.ChangeTracker.Clear();
            if (!await session.Db.Applications.AnyAsync(a => a.ClientId == clientId, ct)) throw; // not another node's doing
        }
    }
}
