using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace TenantIdP.Server.Federation;

/// <summary>One of our own checks of an id token said no.</summary>
/// <param name="check">Stable, snake_case.</param>
internal sealed class AnswerRefusedException(string check, string why) : OpenIdConnectProtocolException(why)
{
    public string Check { get; } = check;
}

/// <summary>Which check an OpenID Connect answer failed, and the sentence an IT admin acts on. Fixed texts only: what an upstream wrote into an exception stays out of the trace.</summary>
internal sealed record UpstreamDiagnosis(string Check, string Fix)
{
    public static UpstreamDiagnosis Of(Exception? failure, string reason)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (OfCause(cause) is { } found) return found;
        }

        return OfReason(reason);
    }

    private static UpstreamDiagnosis? OfCause(Exception cause) => cause switch
    {
        AnswerRefusedException { Check: var check } => OfOurs(check),
        OpenIdConnectProtocolInvalidNonceException => new("nonce", "The id token doesn't carry the nonce of this sign-in: start again, and check that the provider returns the nonce unchanged."),
        SecurityTokenSignatureKeyNotFoundException => new("signature_key", "The id token was signed with a key that the provider's key set does not have: check jwks_uri at the provider and that the issuer is the right one."),
        SecurityTokenInvalidAlgorithmException => new("algorithm", "The id token was signed with an algorithm that is not accepted: set the provider to RS256, PS256 or ES256."),
        SecurityTokenInvalidSignatureException => new("signature", "The id token's signature doesn't match the provider's key: check that the issuer and the provider's key set belong together."),
        SecurityTokenInvalidIssuerException => new("issuer", "The id token names another issuer than the connection: correct the connection's issuer or use the right tenant at the provider."),
        SecurityTokenInvalidAudienceException => new("audience", "The id token is for another client: correct the connection's client id or the app at the provider."),
        SecurityTokenExpiredException => new("expiry", "The id token has expired: check the clocks of the provider and of this server."),
        SecurityTokenNotYetValidException => new("not_before", "The id token is not valid yet: check the clocks of the provider and of this server."),
        SecurityTokenNoExpirationException => new("expiry", "The id token names no expiry: the provider must send exp."),
        SecurityTokenInvalidLifetimeException => new("lifetime", "The id token has expired or its times contradict each other: check the clocks of the provider and of this server."),
        HttpRequestException => new("unreachable", "The provider could not be reached: check that its address answers from this server, then try again."),
        _ => null,
    };

    private static UpstreamDiagnosis OfOurs(string check) => check switch
    {
        "response_issuer" => new(check, "The answer names another issuer than the connection: correct the connection's issuer or use the right tenant at the provider."),
        "authorized_party" => new(check, "The id token was made for another app of the provider: correct the connection's client id or the app at the provider."),
        "issued_at" => new(check, "The id token has no time of issue, or one to come: check the clocks of the provider and of this server."),
        "tenant" => new(check, "The person belongs to another tenant of the provider: sign in with an account of the connection's tenant, or correct the tenant id."),
        "subject_claim" => new(check, "The id token lacks the connection's subject claim: have the provider send it, or choose another subject claim."),
        _ => new(check, "The connection is not active: activate it, then try again."),
    };

    private static UpstreamDiagnosis OfReason(string reason) => reason switch
    {
        "discovery" => new(reason, "The provider's metadata could not be read or is not the connection's: check the issuer and that its discovery document answers."),
        "token_request" => new(reason, "The provider refused to redeem the code: check the connection's client id, client secret and redirect address."),
        "userinfo" => new(reason, "The provider's userinfo could not be read or is about another person: check the userinfo endpoint and the scopes."),
        "refused_upstream" => new(reason, "The provider refused the sign-in: check that the person is assigned to the app there."),
        "state" => new(reason, "The sign-in was not started in this browser, or too long ago: start again from the app."),
        _ => new(reason, "The provider's answer could not be used: check the connection's settings against the provider's."),
    };
}
