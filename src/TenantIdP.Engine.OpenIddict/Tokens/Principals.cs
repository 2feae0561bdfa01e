using System.Collections.Immutable;
using System.Globalization;
using System.Security.Claims;
using System.Text.Json;
using OpenIddict.Abstractions;
using TenantIdP.Core.Tokens;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>Writes Core's claims as the engine wants them; decides nothing.</summary>
internal static class Principals
{
    /// <summary>The value type that keeps an array an array, also with one element.</summary>
    private const string JsonArray = "JSON_ARRAY";

    private const string JsonObject = "JSON";

    public static ClaimsPrincipal From(IEnumerable<TokenClaim> claims)
    {
        var identity = new ClaimsIdentity("TenantIdP", Claims.Name, Claims.Role);
        foreach (var claim in claims)
        {
            foreach (var written in Write(claim)) identity.AddClaim(written);
        }

        return new ClaimsPrincipal(identity);
    }

    private static IEnumerable<Claim> Write(TokenClaim claim)
    {
        string[] destinations = [.. Destinations(claim.Kinds)];
        switch (claim.Value)
        {
            // The engine itself makes an array of amr in id tokens, from plain claims.
            case IEnumerable<string> values when claim.Name == Claims.AuthenticationMethodReference:
                foreach (var value in values) yield return new Claim(claim.Name, value).SetDestinations(destinations);
                break;
            case IEnumerable<string> values:
                yield return new Claim(claim.Name, JsonSerializer.Serialize(values), JsonArray).SetDestinations(destinations);
                break;
            case System.Text.Json.Nodes.JsonObject value:
                yield return new Claim(claim.Name, value.ToJsonString(), JsonObject).SetDestinations(destinations);
                break;
            case bool flag:
                yield return new Claim(claim.Name, flag ? "true" : "false", ClaimValueTypes.Boolean).SetDestinations(destinations);
                break;
            case long number:
                yield return new Claim(claim.Name, number.ToString(CultureInfo.InvariantCulture), ClaimValueTypes.Integer64).SetDestinations(destinations);
                break;
            default:
                yield return new Claim(claim.Name, (string)claim.Value).SetDestinations(destinations);
                break;
        }
    }

    private static IEnumerable<string> Destinations(TokenKinds kinds)
    {
        if (kinds.HasFlag(TokenKinds.Access)) yield return OpenIddictConstants.Destinations.AccessToken;
        if (kinds.HasFlag(TokenKinds.Id)) yield return OpenIddictConstants.Destinations.IdentityToken;
    }
}
