using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using OpenIddict.EntityFrameworkCore;

namespace TenantIdP.Engine.OpenIddict.Stores;

/// <summary>
/// The stock token store without its detours: foreign keys are written, not looked up; a new token is inserted once, with its payload; a lookup brings the grant along
/// but not the client, which is cached.
/// </summary>
public sealed class LeanTokenStore(IMemoryCache cache, IOpenIddictEntityFrameworkCoreContext context, OidcSession session, IOptionsMonitor<OpenIddictEntityFrameworkCoreOptions> options)
    : OpenIddictEntityFrameworkCoreTokenStore<OidcToken, OidcApplication, OidcAuthorization, Guid>(cache, context, options)
{
    private const string ApplicationKey = "ApplicationId";
    private const string AuthorizationKey = "AuthorizationId";

    /// <summary>Adds without saving: every token that has a row gets its payload next, by <see cref="UpdateAsync"/>.</summary>
    public override ValueTask CreateAsync(OidcToken token, CancellationToken cancellationToken)
    {
        session.Db.Add(token);
        return ValueTask.CompletedTask;
    }

    public override async ValueTask UpdateAsync(OidcToken token, CancellationToken cancellationToken)
    {
        if (session.Db.Entry(token).State == EntityState.Added) await session.Db.SaveChangesAsync(cancellationToken);
        else await base.UpdateAsync(token, cancellationToken);
    }

    public override async ValueTask<OidcToken?> FindByIdAsync(string identifier, CancellationToken cancellationToken) =>
        Guid.TryParse(identifier, out var id)
            ? session.Db.Tokens.Local.FindEntry(id)?.Entity ?? await session.Db.Tokens.Include(t => t.Authorization).FirstOrDefaultAsync(t => t.Id == id, cancellationToken)
            : null;

    /// <summary>In memory first: before it saves a new token, the engine asks whether another one has its reference. The unique index would say so.</summary>
    public override async ValueTask<OidcToken?> FindByReferenceIdAsync(string identifier, CancellationToken cancellationToken) =>
        session.Db.Tokens.Local.FirstOrDefault(t => t.ReferenceId == identifier) ?? await session.Db.Tokens.Include(t => t.Authorization).FirstOrDefaultAsync(t => t.ReferenceId == identifier, cancellationToken);

    public override ValueTask<string?> GetApplicationIdAsync(OidcToken token, CancellationToken cancellationToken) => new(Text(token, ApplicationKey));

    public override ValueTask<string?> GetAuthorizationIdAsync(OidcToken token, CancellationToken cancellationToken) => new(Text(token, AuthorizationKey));

    public override ValueTask SetApplicationIdAsync(OidcToken token, string? identifier, CancellationToken cancellationToken) => Set(token, ApplicationKey, identifier);

    public override ValueTask SetAuthorizationIdAsync(OidcToken token, string? identifier, CancellationToken cancellationToken) => Set(token, AuthorizationKey, identifier);

    private string? Text(OidcToken token, string key) => session.Db.Entry(token).Property<Guid?>(key).CurrentValue?.ToString();

    private ValueTask Set(OidcToken token, string key, string? identifier)
    {
        var property = session.Db.Entry(token).Property<Guid?>(key);
        var value = identifier is null ? (Guid?)null : Guid.Parse(identifier);
        if (property.CurrentValue != value) property.CurrentValue = value;
        return ValueTask.CompletedTask;
    }
}

/// <summary>Finds a grant among those already loaded before it asks the database, and never drags the client along.</summary>
public sealed class LeanAuthorizationStore(IMemoryCache cache, IOpenIddictEntityFrameworkCoreContext context, OidcSession session, IOptionsMonitor<OpenIddictEntityFrameworkCoreOptions> options)
    : OpenIddictEntityFrameworkCoreAuthorizationStore<OidcAuthorization, OidcApplication, OidcToken, Guid>(cache, context, options)
{
    public override async ValueTask<OidcAuthorization?> FindByIdAsync(string identifier, CancellationToken cancellationToken) =>
        Guid.TryParse(identifier, out var id)
            ? session.Db.Authorizations.Local.FindEntry(id)?.Entity ?? await session.Db.Authorizations.FirstOrDefaultAsync(a => a.Id == id, cancellationToken)
            : null;

    /// <summary>The foreign key as it is: the stock store would read the whole client to tell its id.</summary>
    public override ValueTask<string?> GetApplicationIdAsync(OidcAuthorization authorization, CancellationToken cancellationToken) =>
        new(session.Db.Entry(authorization).Property<Guid?>("ApplicationId").CurrentValue?.ToString());
}
