using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using OpenIddict.Server.AspNetCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Engine.OpenIddict.Endpoints;
using TenantIdP.Engine.OpenIddict.Stores;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>A device asks (RFC 8628 section 3.1): the engine makes the codes, the grant that they belong to waits for a person.</summary>
public sealed class DeviceAuthorization(OidcSession session, Audiences audiences, TokenRefusals refusals, TimeProvider clock) : IOpenIddictServerHandler<HandleDeviceAuthorizationRequestContext>
{
    private const int LongestName = 100;

    public async ValueTask HandleAsync(HandleDeviceAuthorizationRequestContext context)
    {
        if (await refusals.AppAsync(context.ClientId, context.CancellationToken) is not { } app)
        {
            context.Reject(TokenRefusals.AppGone.Error, TokenRefusals.AppGone.Description);
            return;
        }

        var organization = TokenRequestHandler.Requested(context.Request);
        if (organization?.Length > LongestName)
        {
            context.Reject(Errors.InvalidRequest, "organization is an id or a slug.");
            return;
        }

        if (await audiences.FindAsync(context.Request, app, null, context.CancellationToken) is not { } target)
        {
            context.Reject(Errors.InvalidTarget, "The app may not ask for tokens of that API.");
            return;
        }

        var scopes = context.Request.GetScopes();
        var now = clock.GetUtcNow();
        var grant = new OidcAuthorization
        {
            Id = Guid.CreateVersion7(now),
            Type = AuthorizationTypes.AdHoc,
            Status = Statuses.Inactive,
            CreationDate = now.UtcDateTime,
            Scopes = JsonSerializer.Serialize(scopes),
            Properties = JsonSerializer.Serialize(new WaitingDevice(organization, context.Transaction.GetHttpRequest()?.HttpContext.Connection.RemoteIpAddress?.ToString()), JsonText.Options),
        };

        // Saved together with the codes, which refer to it.
        session.Db.Add(grant);
        session.Db.Entry(grant).Property("ApplicationId").CurrentValue = app.Id.Value;

        var principal = new ClaimsPrincipal(new ClaimsIdentity()); // nobody yet
        principal.SetScopes(scopes);
        principal.SetResources(target.Audience);
        principal.SetAuthorizationId(grant.Id.ToString());
        context.SignIn(principal);
    }
}

/// <summary>
/// Tells a device that asks more often than it was told to (RFC 8628 section 3.5): every such time it must wait five seconds longer. Kept on this node only: a device that
/// is told nothing does no harm.
/// </summary>
public sealed class DevicePolling(TimeProvider clock) : IOpenIddictServerHandler<ApplyTokenResponseContext>, IOpenIddictServerHandler<ApplyDeviceAuthorizationResponseContext>
{
    private const int Interval = 5;
    private const int Limit = 10_000;

    private readonly ConcurrentDictionary<string, (DateTimeOffset At, int Interval)> polls = new(StringComparer.Ordinal);

    public ValueTask HandleAsync(ApplyTokenResponseContext context)
    {
        if (context.Response.Error != Errors.AuthorizationPending || context.Request?.DeviceCode is not { } code) return ValueTask.CompletedTask;
        var now = clock.GetUtcNow();
        var key = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(code)));
        if (polls.Count >= Limit) polls.Clear();
        var early = false;
        polls.AddOrUpdate(key, _ => (now, Interval), (_, last) =>
        {
            early = now - last.At < TimeSpan.FromSeconds(last.Interval);
            return (now, early ? Math.Min(last.Interval + Interval, 60) : last.Interval);
        });
        if (early) (context.Response.Error, context.Response.ErrorDescription) = (Errors.SlowDown, "Ask less often.");
        return ValueTask.CompletedTask;
    }

    public ValueTask HandleAsync(ApplyDeviceAuthorizationResponseContext context)
    {
        context.Response.ErrorUri = null;
        if (context.Response.DeviceCode is not null) context.Response["interval"] = Interval;
        return ValueTask.CompletedTask;
    }
}
