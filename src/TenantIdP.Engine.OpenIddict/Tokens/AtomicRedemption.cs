using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using TenantIdP.Core.Tokens;
using TenantIdP.Engine.OpenIddict.Stores;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>
/// Spends a code, a device's code, a refresh token or a pushed request by one conditional statement; codes and refresh tokens inside the transaction that stores their successor. The stock
/// handler ignores a lost race of a refresh token, so that twenty uses at once had up to twelve winners.
/// </summary>
public sealed class AtomicRedemption(OidcSession session, TokenTransaction transaction, IOpenIddictTokenManager tokens, TokenEvents events, TimeProvider clock) : IOpenIddictServerHandler<ProcessSignInContext>
{
    public async ValueTask HandleAsync(ProcessSignInContext context)
    {
        var authentication = context.Transaction.GetProperty<ProcessAuthenticationContext>(typeof(ProcessAuthenticationContext).FullName!); // a type of a namespace has a full name
        var spent = context switch
        {
            { EndpointType: OpenIddictServerEndpointType.Authorization } => authentication?.RequestTokenPrincipal,
            { EndpointType: OpenIddictServerEndpointType.Token } when context.Request.IsAuthorizationCodeGrantType() => authentication?.AuthorizationCodePrincipal,
            { EndpointType: OpenIddictServerEndpointType.Token } when context.Request.IsRefreshTokenGrantType() => authentication?.RefreshTokenPrincipal,
            { EndpointType: OpenIddictServerEndpointType.Token } when context.Request.IsDeviceCodeGrantType() => authentication?.DeviceCodePrincipal,
            _ => null,
        };
        if (spent?.GetTokenId() is not { } tokenId) return;

        if (context.EndpointType == OpenIddictServerEndpointType.Authorization)
        {
            if (!await SpendAsync(session.Db.Tokens, Guid.Parse(tokenId), context.CancellationToken)) context.Reject(Errors.InvalidRequest, "The pushed request was used already.");
            return;
        }

        await transaction.BeginAsync(context.CancellationToken);

        // The grant is asked again in the same statement: it may have been ended since it was read. By EXISTS and never by a join, which would move the test of the
        // status into a subquery that PostgreSQL does not evaluate again after waiting for the row: then a race has several winners.
        var standing = session.Db.Tokens.Where(t => session.Db.Authorizations.Any(a => a.Id == EF.Property<Guid?>(t, "AuthorizationId") && a.Status == Statuses.Valid));
        if (await SpendAsync(standing, Guid.Parse(tokenId), context.CancellationToken))
        {
            if (context.Transaction.GetProperty<Grant>(TokenRequestHandler.SwitchedFrom) is { } before) await events.RecordSwitchAsync(before, spent.GetAuthorizationId()!, context.CancellationToken); // as above
            return;
        }

        await transaction.RollbackAsync(context.CancellationToken);
        await tokens.RevokeByAuthorizationIdAsync(spent.GetAuthorizationId() ?? "", context.CancellationToken);
        context.Reject(Errors.InvalidGrant, "The token was used already.");
    }

    /// <summary>A new concurrency token goes with it, so that a revocation that read the row before finds it changed.</summary>
    private async Task<bool> SpendAsync(IQueryable<OidcToken> among, Guid id, CancellationToken ct)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var version = Guid.CreateVersion7().ToString();
        return await among.Where(t => t.Id == id && t.Status == Statuses.Valid)
            .ExecuteUpdateAsync(set => set.SetProperty(t => t.Status, Statuses.Redeemed).SetProperty(t => t.RedemptionDate, now).SetProperty(t => t.ConcurrencyToken, version), ct) == 1;
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
