using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using OpenIddict.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace TenantIdP.Engine.OpenIddict.Stores;

/// <summary>
/// The engine's context of one scope, on Core's connection. Whoever asks for it finds it in Core's current transaction, so that a change of a membership and the end of its
/// grants are one commit.
/// </summary>
public sealed class OidcSession(IdpDbContext idp, IServiceProvider services) : IOpenIddictEntityFrameworkCoreContext, IAsyncDisposable, IDisposable
{
    private OidcDbContext? context;

    public OidcDbContext Db
    {
        get
        {
            context ??= Rent();
            var transaction = idp.Database.CurrentTransaction?.GetDbTransaction();
            if (context.Database.CurrentTransaction?.GetDbTransaction() != transaction) context.Database.UseTransaction(transaction);
            return context;
        }
    }

    /// <summary>One transaction of both contexts; commit or dispose it. Null when the caller is inside one already.</summary>
    public async Task<IDbContextTransaction?> BeginAsync(CancellationToken ct) =>
        idp.Database.CurrentTransaction is null ? await idp.Database.BeginTransactionAsync(ct) : null;

    /// <summary>Ends one grant. Its tokens die with it, because every use of a token checks the grant.</summary>
    /// <returns>1 when it stood until now, else 0.</returns>
    public Task<int> EndGrantAsync(Guid grant, CancellationToken ct) =>
        Db.Authorizations.Where(a => a.Id == grant && a.Status == Statuses.Valid).ExecuteUpdateAsync(set => set.SetProperty(a => a.Status, Statuses.Revoked), ct);

    /// <summary>
    /// Deletes what can't matter any more. Redeemed tokens of a living grant stay until they expire: without its row, the replay of a stolen token would go unnoticed. A grant
    /// that stands stays as long as its session can last, although an app that asks for no refresh token has no token left: its app is told when the session ends.
    /// </summary>
    /// <param name="before">What was dead then.</param>
    /// <param name="standing">Sessions that began before this are over.</param>
    public async Task PruneAsync(DateTimeOffset before, DateTimeOffset standing, CancellationToken ct)
    {
        var (cutoff, over) = (before.UtcDateTime, standing.UtcDateTime);
        await Db.Tokens.Where(t => t.ExpirationDate < cutoff || (t.Authorization != null && t.Authorization.Status != Statuses.Valid && t.CreationDate < cutoff)).ExecuteDeleteAsync(ct);
        await Db.Authorizations.Where(a => a.CreationDate < cutoff && (a.Status != Statuses.Valid || a.CreationDate < over) && !a.Tokens.Any()).ExecuteDeleteAsync(ct);
    }

    /// <summary>The tenant scope of an event that is recorded next; none for the instance's own.</summary>
    public void EnterOrganization(Id<Organization> organization)
    {
        if (organization != Organization.Instance) idp.EnterOrganization(organization);
    }

    /// <summary>Whether the caller has changes in Core's unit of work that it is going to save.</summary>
    public bool HasUnsavedChanges => idp.ChangeTracker.HasChanges();

    /// <summary>Saves what Core recorded (events) without touching the engine's own pending rows.</summary>
    public Task SaveEventsAsync(CancellationToken ct) => idp.SaveChangesAsync(ct);

    /// <summary>Tells every node, this one too, when the transaction commits.</summary>
    public async Task AnnounceAsync(NodeChange change, CancellationToken ct)
    {
        await using var own = await BeginAsync(ct);
        await idp.AnnounceAsync(change, ct);
        if (own is not null) await own.CommitAsync(ct);
    }

    public ValueTask<DbContext> GetDbContextAsync(CancellationToken cancellationToken) => new(Db);

    public async ValueTask DisposeAsync()
    {
        if (context is null) return;
        Detach(context);
        await context.DisposeAsync();
        context = null;
    }

    public void Dispose()
    {
        if (context is null) return;
        Detach(context);
        context.Dispose();
        context = null;
    }

    // The pool must not keep this scope's connection and transaction.
    private static void Detach(OidcDbContext rented)
    {
        if (rented.Database.CurrentTransaction is not null) rented.Database.UseTransaction(null);
        rented.Database.SetDbConnection(null);
    }

    private OidcDbContext Rent()
    {
        var sqlite = idp.Database.ProviderName == "Microsoft.EntityFrameworkCore.Sqlite";
        OidcDbContext rented = sqlite
            ? services.GetRequiredService<IDbContextFactory<SqliteOidcDbContext>>().CreateDbContext()
            : services.GetRequiredService<IDbContextFactory<PostgreSqlOidcDbContext>>().CreateDbContext();
        rented.Database.SetDbConnection(idp.Database.GetDbConnection());

        // Nothing here goes on after a failed save, so a savepoint before each would be a round trip for nothing.
        rented.Database.AutoSavepointsEnabled = false;

        // Every write takes the store's one-writer turn, which begins with a transaction.
        if (sqlite) rented.Database.AutoTransactionBehavior = AutoTransactionBehavior.Always;
        return rented;
    }
}
