using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Core;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace TenantIdP.Engine.OpenIddict.Stores;

/// <summary>Clients from the cache, and each of an app's live secrets compared by one SHA-256 in fixed time.</summary>
public sealed class AppManager(
    IOpenIddictApplicationCache<OidcApplication> cache,
    ILogger<OpenIddictApplicationManager<OidcApplication>> logger,
    IOptionsMonitor<OpenIddictCoreOptions> options,
    IOpenIddictApplicationStore<OidcApplication> store,
    AppCache apps,
    OidcSession session,
    TimeProvider clock) : OpenIddictApplicationManager<OidcApplication>(cache, logger, options, store)
{
    public override ValueTask<OidcApplication?> FindByClientIdAsync(string identifier, CancellationToken cancellationToken = default) =>
        apps.FindByClientIdAsync(session, identifier, cancellationToken);

    public override ValueTask<OidcApplication?> FindByIdAsync(string identifier, CancellationToken cancellationToken = default) =>
        Guid.TryParse(identifier, out var id) ? apps.FindByIdAsync(session, id, cancellationToken) : default;

    protected override ValueTask<bool> ValidateClientSecretAsync(string secret, string comparand, CancellationToken cancellationToken = default) =>
        new(AppSecrets.Matches(secret, comparand, clock.GetUtcNow()));
}

/// <summary>Ends the grant together with its tokens: a child that a racing request inserts a moment later finds its grant ended.</summary>
public sealed class TokenManager(
    IOpenIddictTokenCache<OidcToken> cache,
    ILogger<OpenIddictTokenManager<OidcToken>> logger,
    IOptionsMonitor<OpenIddictCoreOptions> options,
    IOpenIddictTokenStore<OidcToken> store,
    OidcSession session,
    EventLog events) : OpenIddictTokenManager<OidcToken>(cache, logger, options, store)
{
    public override async ValueTask<long> RevokeByAuthorizationIdAsync(string identifier, CancellationToken cancellationToken = default)
    {
        if (!Guid.TryParse(identifier, out var id)) return 0;
        var ended = await session.EndGrantAsync(id, cancellationToken);
        if (ended > 0)
        {
            // In the organization whose tokens these were: its admins are the ones to know.
            var row = await session.Db.Authorizations.AsNoTracking().Where(a => a.Id == id).Select(a => new { a.UserId, a.OrganizationId }).SingleAsync(cancellationToken);
            var organization = row.OrganizationId is { } known ? new Id<Organization>(known) : Organization.Instance;
            session.EnterOrganization(organization);
            events.Record(EventTypes.RefreshTokenReused, organization, new Id<User>(row.UserId).ToString(), new { grantId = identifier });
            await session.SaveEventsAsync(cancellationToken);
        }

        return ended;
    }
}
