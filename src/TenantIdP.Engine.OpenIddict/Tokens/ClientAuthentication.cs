using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;
using TenantIdP.Engine.OpenIddict.Stores;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>
/// Reads a client assertion before the engine checks its signature, and gives the engine the keys of the app that it names, with the algorithms that may be used: what the
/// assertion's own header says decides neither.
/// </summary>
public sealed class ClientAssertionKeys(OidcSession session, AppCache apps, AppKeySets keys, IssuerOptions issuer, TimeProvider clock) : IOpenIddictServerHandler<ValidateTokenContext>
{
    internal const string Property = "tenantidp_client_assertion";

    private const string AssertionType = "client-authentication+jwt";

    public async ValueTask HandleAsync(ValidateTokenContext context)
    {
        if (!context.ValidTokenTypes.Contains(TokenTypeIdentifiers.Private.ClientAssertion)) return;
        var (assertion, why) = ClientAssertion.Read(context.Token ?? "", issuer.Issuer, clock.GetUtcNow());
        if (assertion is null)
        {
            context.Reject(Errors.InvalidClient, why);
            return;
        }

        if (context.Transaction.Request?.ClientId is { Length: > 0 } named && named != assertion.ClientId)
        {
            context.Reject(Errors.InvalidClient, "The client assertion is of another client than client_id.");
            return;
        }

        var app = await apps.FindByClientIdAsync(session, assertion.ClientId, context.CancellationToken) is { } row ? apps.Read(row) : null;
        var found = app?.TokenEndpointAuthMethod == AppAuthMethods.PrivateKeyJwt ? await keys.FindAsync(app, assertion.Algorithm, assertion.KeyId, context.CancellationToken) : [];
        if (found.Count == 0)
        {
            context.Reject(Errors.InvalidClient, "The app has no key that this client assertion could be signed with.");
            return;
        }

        var usable = found.Select(SecurityKey (key) => new JsonWebKey { Kty = key.Kty, Kid = key.Kid, Crv = key.Crv, N = key.N, E = key.E, X = key.X, Y = key.Y }).ToList();
        var rules = context.TokenValidationParameters;
        rules.IssuerSigningKeyResolver = (_, _, _, _) => usable;
        rules.ValidAlgorithms = [assertion.Algorithm];
        rules.RequireSignedTokens = true;
        rules.TypeValidator = (_, _, _) => AssertionType; // seen by Read; to the engine, the plain JWT of most clients is an id token
        context.Transaction.SetProperty(Property, assertion);
    }
}

/// <summary>
/// The method that an app has is the only one that works for it, wherever it authenticates. Runs when the engine has checked what was sent, and takes an assertion's <c>jti</c>, in
/// a transaction of its own: sent twice, one of two on any node is refused, also when what was asked for with the first one failed.
/// </summary>
public sealed class ClientAuthentication(OidcSession session, AppCache apps, Tallies tallies, TimeProvider clock) : IOpenIddictServerHandler<ProcessAuthenticationContext>
{
    /// <summary>Between the clocks of nodes: it is remembered a little longer than any of them would accept it.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    public async ValueTask HandleAsync(ProcessAuthenticationContext context)
    {
        if (context.EndpointType is not (OpenIddictServerEndpointType.Token or OpenIddictServerEndpointType.Introspection or OpenIddictServerEndpointType.Revocation
            or OpenIddictServerEndpointType.DeviceAuthorization or OpenIddictServerEndpointType.PushedAuthorization)) return;
        if (context.ClientId is not { } client || await apps.FindByClientIdAsync(session, client, context.CancellationToken) is not { } row)
        {
            context.Reject(Errors.InvalidClient, "There is no such client.");
            return;
        }

        var app = apps.Read(row);
        var used = MethodOf(context);
        if (app.TokenEndpointAuthMethod is { } method ? used != method : used == AppAuthMethods.PrivateKeyJwt)
        {
            context.Reject(Errors.InvalidClient, $"This client authenticates by {app.TokenEndpointAuthMethod ?? "its secret"} only.");
            return;
        }

        if (used == AppAuthMethods.PrivateKeyJwt && !await IsFirstAsync(context, client)) context.Reject(Errors.InvalidClient, "This client assertion was used before.");
    }

    private static string MethodOf(ProcessAuthenticationContext context)
    {
        if (!string.IsNullOrEmpty(context.Request.ClientAssertion)) return AppAuthMethods.PrivateKeyJwt;
        if (string.IsNullOrEmpty(context.Request.ClientSecret)) return AppAuthMethods.None;
        var header = context.Transaction.GetHttpRequest()?.Headers.Authorization.ToString() ?? "";
        return header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) ? AppAuthMethods.ClientSecretBasic : AppAuthMethods.ClientSecretPost;
    }

    /// <summary>False too for one that was not checked: then there is neither principal nor property.</summary>
    private async Task<bool> IsFirstAsync(ProcessAuthenticationContext context, string client)
    {
        if (context.ClientAssertionPrincipal is null || context.Transaction.GetProperty<ClientAssertion>(ClientAssertionKeys.Property) is not { } assertion || assertion.ClientId != client) return false;
        var remembered = assertion.Expires + ClientAssertion.Skew + Margin - clock.GetUtcNow();
        return await tallies.TakeAsync([new TallyLimit("client_assertion " + Fingerprint.Of($"{client} {assertion.Id}"), 1, remembered)], context.CancellationToken);
    }
}

/// <summary>Says which signatures of assertions are accepted, wherever they are (RFC 8414 section 2).</summary>
public sealed class ClientAuthenticationMetadata : IOpenIddictServerHandler<ApplyConfigurationResponseContext>
{
    public ValueTask HandleAsync(ApplyConfigurationResponseContext context)
    {
        foreach (var endpoint in new[] { "token", "introspection", "revocation" })
            context.Response[$"{endpoint}_endpoint_auth_signing_alg_values_supported"] = new OpenIddictParameter([.. AppAuthMethods.AssertionAlgorithms]);
        return ValueTask.CompletedTask;
    }
}
