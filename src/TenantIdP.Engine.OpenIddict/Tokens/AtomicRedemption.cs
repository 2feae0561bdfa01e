using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using TenantIdP.Core.Events;
using TenantIdP.Engine.OpenIddict.Stores;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>
/// Spends a code or refresh token by one conditional statement inside the transaction that stores its successor. The stock handler ignores a lost race of a refresh token,
/// so that twenty uses at once had up to twelve winners.
/// </summary>
public sealed class AtomicRedemption(OidcSession session, TokenTransaction transaction, IOpenIddictTokenManager tokens, TimeProvider clock) : IOpenIddictServerHandler<ProcessSignInContext>
{
    public async ValueTask HandleAsync(ProcessSignInContext context)
    {
        if (context.EndpointType is not OpenIddictServerEndpointType.Token) return;
        var authentication = context.Transaction.GetProperty<ProcessAuthenticationContext>(typeof(ProcessAuthenticationContext).FullName!); // a type of a namespace has a full name
        var spent = context.Request switch
        {
            var r when r.IsAuthorizationCodeGrantType() => authentication?.AuthorizationCodePrincipal,
            var r when r.IsRefreshTokenGrantType() => authentication?.RefreshTokenPrincipal,
            _ => null,
        };
        if (spent?.GetTokenId() is not { } tokenId) return;

        await transaction.BeginAsync(context.CancellationToken);
        var id = Guid.Parse(tokenId);
        var now = clock.GetUtcNow().UtcDateTime;
        var redeemed = await session.Db.Tokens.Where(t => t.Id == id && t.Status == Statuses.Valid)
            .ExecuteUpdateAsync(set => set.SetProperty(t => t.Status, Statuses.Redeemed).SetProperty(t => t.RedemptionDate, now), context.CancellationToken);
        if (redeemed == 1)
        {
            // The grant may have been ended between our read and this statement; its row is locked now, or about to be read as ended.
            await StandAsync(context, spent);
            return;
        }

        await transaction.RollbackAsync(context.CancellationToken);
        await tokens.RevokeByAuthorizationIdAsync(spent.GetAuthorizationId() ?? "", context.CancellationToken);
        context.Reject(Errors.InvalidGrant, "The token was used already.");
    }

    private async Task StandAsync(ProcessSignInContext context, ClaimsPrincipal spent)
    {
        if (context.Transaction.GetProperty<OidcAuthorization>(TokenRequestHandler.SwitchTo) is not { } row) return;

        // A switch rewrites the grant in the same transaction, and only one that still stands.
        var moved = await session.Db.Authorizations.Where(a => a.Id == row.Id && a.Status == Statuses.Valid)
            .ExecuteUpdateAsync(set => set.SetProperty(a => a.OrganizationId, row.OrganizationId).SetProperty(a => a.Proofs, row.Proofs), context.CancellationToken);
        session.Db.Entry(row).State = EntityState.Unchanged;
        if (moved == 1) return;
        await transaction.RollbackAsync(context.CancellationToken);
        context.Reject(Errors.InvalidGrant, "The grant has ended.");
    }
}

/// <summary>The one transaction of a token request: begun before something is spent, committed before the answer leaves.</summary>
public sealed class TokenTransaction(OidcSession session) : IOpenIddictServerHandler<ApplyTokenResponseContext>, IAsyncDisposable, IDisposable
{
    private IDbContextTransaction? transaction;

    public async Task BeginAsync(CancellationToken ct) => transaction ??= await session.BeginAsync(ct);

    public async Task RollbackAsync(CancellationToken ct)
    {
        if (transaction is null) return;
        await transaction.RollbackAsync(ct);
        await transaction.DisposeAsync();
        transaction = null;
    }

    public async ValueTask HandleAsync(ApplyTokenResponseContext context)
    {
        if (transaction is null) return;
        if (string.IsNullOrEmpty(context.Response.Error)) await transaction.CommitAsync(context.CancellationToken);
        else await transaction.RollbackAsync(context.CancellationToken);
        await transaction.DisposeAsync();
        transaction = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (transaction is not null) await transaction.DisposeAsync();
    }

    public void Dispose() => transaction?.Dispose();
}
