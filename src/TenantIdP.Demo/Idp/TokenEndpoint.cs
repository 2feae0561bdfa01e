using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.Idp;

/// <summary>Turns a code into tokens, once, for the client and the redirect URI that it was made for.</summary>
internal sealed class TokenEndpoint(IdpState state, Func<DemoIdpFault> fault)
{
    private static readonly TimeSpan IdTokenLifetime = TimeSpan.FromMinutes(5);
    private static readonly JsonWebTokenHandler Tokens = new() { SetDefaultTimesOnTokenCreation = false };

    public async Task<IResult> RedeemAsync(HttpContext context, CancellationToken ct)
    {
        if (await PostedForm.ReadAsync(context.Request, ct) is not { } form)
            return Refuse("invalid_request", PostedForm.Expected);
        if (form.Any(field => field.Value.Count > 1))
            return Refuse("invalid_request", "A parameter was sent more than once.");
        if (!TryReadClient(context.Request, form, out var client))
            return Refuse("invalid_request", "One way of client authentication is expected.");
        if (!IsOurClient(client.Value.Id, client.Value.Secret))
        {
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"token\"";
            return Refuse("invalid_client", "The client could not be authenticated.", StatusCodes.Status401Unauthorized);
        }

        if (form["grant_type"] != "authorization_code")
            return Refuse("unsupported_grant_type", "Only authorization_code is supported.");
        if (!state.Codes.TryTake(form["code"], out var code))
            return Refuse("invalid_grant", "The code is unknown, expired or already used.");
        if (form["redirect_uri"] != code.Request.RedirectUri.OriginalString)
            return Refuse("invalid_grant", "The redirect_uri is not the one of the authorization request.");
        if (!Proves(form["code_verifier"], code.Request.CodeChallenge))
            return Refuse("invalid_grant", "The code_verifier does not match.");

        var accessToken = state.Access.Put(new(code.Session.Person, code.Request.Scopes));
        return TypedResults.Json(new Dictionary<string, object>
        {
            ["access_token"] = accessToken,
            ["token_type"] = "Bearer",
            ["expires_in"] = (int)IdpState.AccessTokenLifetime.TotalSeconds,
            ["scope"] = string.Join(' ', code.Request.Scopes),
            ["id_token"] = IdToken(code, accessToken),
        });
    }

    public IResult UserInfo(HttpContext context)
    {
        var bearer = AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out var header)
            && header.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase) ? header.Parameter : null;
        if (!state.Access.TryGet(bearer, out var access))
        {
            context.Response.Headers.WWWAuthenticate = bearer is null ? "Bearer" : "Bearer error=\"invalid_token\"";
            return TypedResults.Unauthorized();
        }

        return TypedResults.Json(ClaimsOf(access.Person, access.Scopes));
    }

    private string IdToken(IssuedCode code, string accessToken)
    {
        var now = state.Clock.GetUtcNow();
        var claims = ClaimsOf(code.Session.Person, code.Request.Scopes);
        claims["auth_time"] = code.Session.SignedInAt.ToUnixTimeSeconds();
        claims["amr"] = new[] { "pwd" };
        claims["at_hash"] = WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(accessToken)).AsSpan(0, 16));
        if (code.Request.Nonce is { } nonce)
            claims["nonce"] = nonce;

        var key = fault() == DemoIdpFault.ForeignKey ? state.Keys.Foreign : state.Keys.Published;
        return Tokens.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = state.Issuer,
            Audience = state.Options.ClientId,
            IssuedAt = now.UtcDateTime,
            Expires = now.Add(IdTokenLifetime).UtcDateTime,
            Claims = claims,
            SigningCredentials = new SigningCredentials(key, SecurityAlgorithms.RsaSha256),
        });
    }

    private static Dictionary<string, object> ClaimsOf(DemoIdpPerson person, IReadOnlySet<string> scopes)
    {
        var claims = new Dictionary<string, object> { ["sub"] = person.Subject };
        if (scopes.Contains("email"))
            (claims["email"], claims["email_verified"]) = (person.Email, true);
        if (scopes.Contains("profile"))
        {
            (claims["name"], claims["given_name"]) = (person.Name, person.GivenName);
            if (person.FamilyName.Length > 0)
                claims["family_name"] = person.FamilyName;
        }

        return claims;
    }

    private static bool Proves(string? verifier, string? challenge)
    {
        if (challenge is null || string.IsNullOrEmpty(verifier))
            return challenge is null && string.IsNullOrEmpty(verifier);

        var expected = WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
        return Same(expected, challenge);
    }

    // RFC 6749 2.3: never two ways at once; 2.3.1: both halves of the basic credentials are form-encoded.
    private static bool TryReadClient(HttpRequest request, IFormCollection form, [NotNullWhen(true)] out (string Id, string Secret)? client)
    {
        client = null;
        var posted = (Id: form["client_id"].ToString(), Secret: form["client_secret"].ToString());
        if (request.Headers.Authorization is not [{ } authorization])
        {
            client = posted;
            return true;
        }

        if (posted.Secret.Length > 0 || !AuthenticationHeaderValue.TryParse(authorization, out var header) || !header.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase))
            return false;

        var buffer = new byte[authorization.Length];
        if (!Convert.TryFromBase64String(header.Parameter ?? string.Empty, buffer, out var length)
            || Encoding.UTF8.GetString(buffer, 0, length).Split(':', 2) is not [var id, var secret])
            return false;

        client = (FormDecode(id), FormDecode(secret));
        return posted.Id.Length == 0 || posted.Id == client.Value.Id;
    }

    private static string FormDecode(string value) => Uri.UnescapeDataString(value.Replace('+', ' '));

    private bool IsOurClient(string id, string secret) => Same(id, state.Options.ClientId) & Same(secret, state.Options.ClientSecret);

    private static bool Same(string left, string right) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(left), Encoding.UTF8.GetBytes(right));

    private static JsonHttpResult<Dictionary<string, string>> Refuse(string error, string sentence, int status = StatusCodes.Status400BadRequest) =>
        TypedResults.Json(new Dictionary<string, string> { ["error"] = error, ["error_description"] = sentence }, statusCode: status);
}
