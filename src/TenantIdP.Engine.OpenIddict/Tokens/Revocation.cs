using OpenIddict.Abstractions;
using OpenIddict.Server;
using TenantIdP.Engine.OpenIddict.Stores;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>
/// Revoking a refresh token ends its whole grant first (RFC 7009 section 2.1): a successor that a racing refresh is storing finds the grant ended, and so do its access tokens.
/// </summary>
public sealed class Revocation(OidcSession session) : IOpenIddictServerHandler<HandleRevocationRequestContext>
{
    public async ValueTask HandleAsync(HandleRevocationRequestContext context)
    {
        var token = context.GenericTokenPrincipal;
        if (token.HasTokenType(TokenTypeIdentifiers.RefreshToken) && Guid.TryParse(token.GetAuthorizationId(), out var grant)) await session.EndGrantAsync(grant, context.CancellationToken);
    }
}

/// <summary>A code, a device's code or a refresh token in another client's hands has leaked: what it stands for ends (SECURITY.md D4), and the stock check refuses it.</summary>
public sealed class ForeignToken(OidcSession session) : IOpenIddictServerHandler<ValidateTokenRequestContext>
{
    public async ValueTask HandleAsync(ValidateTokenRequestContext context)
    {
        var presented = context.Request.GrantType switch
        {
            GrantTypes.AuthorizationCode => context.AuthorizationCodePrincipal,
            GrantTypes.DeviceCode => context.DeviceCodePrincipal,
            GrantTypes.RefreshToken => context.RefreshTokenPrincipal,
            _ => null,
        };
        if (presented is null || context.ClientId is not { } client || presented.HasPresenter(client)) return;
        if (Guid.TryParse(presented.GetAuthorizationId(), out var grant)) await session.EndGrantAsync(grant, context.CancellationToken);
    }
}

/// <summary>Says how long a pushed request waits for its first use, which is shorter than its row lives.</summary>
public sealed class PushedLifetime(TokenOptions options) : IOpenIddictServerHandler<ApplyPushedAuthorizationResponseContext>
{
    public ValueTask HandleAsync(ApplyPushedAuthorizationResponseContext context)
    {
        if (context.Response.RequestUri is not null) context.Response.ExpiresIn = options.PushedRequestSeconds;
        return ValueTask.CompletedTask;
    }
}
