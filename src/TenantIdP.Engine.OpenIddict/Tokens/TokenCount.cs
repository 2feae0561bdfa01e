using OpenIddict.Abstractions;
using OpenIddict.Server;
using TenantIdP.Core.Instance;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>Counts the answers of the token endpoint: those that were given, so after the commit.</summary>
public sealed class TokenCount(Telemetry telemetry) : IOpenIddictServerHandler<ApplyTokenResponseContext>
{
    public ValueTask HandleAsync(ApplyTokenResponseContext context)
    {
        var isSwitch = context.Request is { } request && request.IsRefreshTokenGrantType() && TokenRequestHandler.Requested(request) is not null;
        telemetry.TokenGrant(context.Request?.GrantType, isSwitch, string.IsNullOrEmpty(context.Response.Error) ? null : context.Response.Error);
        return ValueTask.CompletedTask;
    }
}
