using System.Security.Claims;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using TenantIdP.Core.Tokens;
using TenantIdP.Engine.OpenIddict.Keys;
using TenantIdP.Engine.OpenIddict.Stores;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace TenantIdP.Engine.OpenIddict.Tokens;

internal static class SecurityAlgorithm
{
    public const string Default = "ES256";
}

/// <summary>How a token is signed and stored: the app's algorithm for id tokens, the API's for access tokens, symmetric keys for our own; no rows for access and id tokens.</summary>
public sealed class TokenShape(KeyRing ring, AppCache apps, OidcSession session) : IOpenIddictServerHandler<GenerateTokenContext>
{
    /// <summary>Transaction property: the algorithm of the access token's API.</summary>
    internal const string AccessTokenAlgorithm = "tenantidp.access_token_algorithm";

    public async ValueTask HandleAsync(GenerateTokenContext context)
    {
        switch (context.TokenType)
        {
            case TokenTypeIdentifiers.AccessToken:
                context.SigningCredentials = ring.Active(context.Transaction.GetProperty<string>(AccessTokenAlgorithm) ?? SecurityAlgorithm.Default);
                context.CreateTokenEntry = false;
                break;
            case TokenTypeIdentifiers.IdentityToken:
                var app = context.ClientId is { } client ? await apps.FindByClientIdAsync(session, client, context.CancellationToken) : null;
                context.SigningCredentials = ring.Active(app is null ? "RS256" : AppRegistry.ToApp(app).IdTokenAlgorithm);
                context.CreateTokenEntry = false;
                break;
            default:
                context.SigningCredentials = ring.InternalSigning;
                context.EncryptionCredentials = ring.InternalEncryption;
                break;
        }
    }
}

/// <summary>The issuer exactly as configured: a URI type would add a slash that relying parties compare. And what we add to the engine, in what it says about itself.</summary>
public sealed class ExactIssuer(IssuerOptions issuer) :
    IOpenIddictServerHandler<GenerateTokenContext>, IOpenIddictServerHandler<ApplyConfigurationResponseContext>, IOpenIddictServerHandler<ApplyAuthorizationResponseContext>
{
    public ValueTask HandleAsync(GenerateTokenContext context)
    {
        context.SecurityTokenDescriptor.Issuer = issuer.Issuer;

        // RFC 8176 section 1 makes amr an array; the engine does so in id tokens only.
        if (context.TokenType == TokenTypeIdentifiers.AccessToken && context.Principal.GetClaims(Claims.AuthenticationMethodReference) is { Length: > 0 } methods)
        {
            context.SecurityTokenDescriptor.Subject = new ClaimsIdentity(context.SecurityTokenDescriptor.Subject!.Claims.Where(c => c.Type != Claims.AuthenticationMethodReference)); // set by the engine just before
            context.SecurityTokenDescriptor.Claims[Claims.AuthenticationMethodReference] = methods.ToArray();
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask HandleAsync(ApplyConfigurationResponseContext context)
    {
        context.Response["issuer"] = issuer.Issuer;
        context.Response["backchannel_logout_supported"] = true;
        context.Response["backchannel_logout_session_supported"] = true;
        return ValueTask.CompletedTask;
    }

    public ValueTask HandleAsync(ApplyAuthorizationResponseContext context)
    {
        if (context.Response["iss"] is not null) context.Response["iss"] = issuer.Issuer;
        return ValueTask.CompletedTask;
    }
}

/// <summary>Errors of the token endpoint: the members a client needs to go on, and no link to somebody else's manual.</summary>
public sealed class TokenErrors : IOpenIddictServerHandler<ApplyTokenResponseContext>
{
    public ValueTask HandleAsync(ApplyTokenResponseContext context)
    {
        context.Response.ErrorUri = null;
        if (context.Transaction.GetProperty<string>(TokenRequestHandler.RefusedOrganization) is { } organization && context.Response.Error is not null)
            context.Response["organization"] = organization;
        return ValueTask.CompletedTask;
    }
}
