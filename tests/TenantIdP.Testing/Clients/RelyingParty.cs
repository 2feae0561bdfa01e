using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace TenantIdP.Testing.Clients;

/// <summary>An app's registration as a test knows it.</summary>
public sealed record TestApp(string Id, string ClientId, string? Secret, string RedirectUri);

/// <summary>One answer of the token endpoint.</summary>
public sealed record TokenAnswer(HttpStatusCode Status, JsonObject Body)
{
    public bool IsOk => Status == HttpStatusCode.OK;
    public string? Error => (string?)Body["error"];
    public string AccessToken => (string)Body["access_token"]!; // asked for only after IsOk
    public string RefreshToken => (string)Body["refresh_token"]!; // as above
    public JsonObject Access => Jwt.Payload(AccessToken);
    public string IdToken => (string)Body["id_token"]!; // as above
    public JsonObject Id => Jwt.Payload(IdToken);
}

public static class Jwt
{
    public static JsonObject Payload(string token) => Part(token, 1);

    public static JsonObject Header(string token) => Part(token, 0);

    private static JsonObject Part(string token, int index) => JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[index]))!.AsObject(); // a JWT by then
}

/// <summary>Speaks plain OpenID Connect to an issuer: authorize in a browser, tokens by back channel.</summary>
public sealed class RelyingParty(string issuer, TestApp app, HttpClient http)
{
    public string Issuer => issuer;

    public TestApp App => app;

    /// <summary>A pending authorization: what the app keeps until the answer comes.</summary>
    public sealed record Pending(Uri Address, string State, string Nonce, string Verifier);

    public Pending Authorize(params (string Name, string? Value)[] extra)
    {
        var verifier = Random(32);
        var pending = new Pending(new Uri(issuer), Random(16), Random(16), verifier);
        var query = new Dictionary<string, string?>
        {
            ["client_id"] = app.ClientId,
            ["redirect_uri"] = app.RedirectUri,
            ["response_type"] = "code",
            ["scope"] = "openid profile email offline_access",
            ["state"] = pending.State,
            ["nonce"] = pending.Nonce,
            ["code_challenge"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))),
            ["code_challenge_method"] = "S256",
        };
        foreach (var (name, value) in extra)
        {
            if (value is null) query.Remove(name);
            else query[name] = value;
        }

        return pending with { Address = new Uri(QueryHelpers.AddQueryString(issuer + "/connect/authorize", query)) };
    }

    /// <summary>The address with the answer: the app itself is not running.</summary>
    public bool IsCallback(Uri address) => address.AbsoluteUri.StartsWith(app.RedirectUri, StringComparison.Ordinal);

    public static IReadOnlyDictionary<string, string> Answer(WebPage page) =>
        QueryHelpers.ParseQuery(page.Address.Query).ToDictionary(p => p.Key, p => p.Value.ToString());

    public Task<TokenAnswer> RedeemAsync(string code, string? verifier, CancellationToken ct, params (string, string)[] extra) =>
        TokenAsync([("grant_type", "authorization_code"), ("code", code), ("redirect_uri", app.RedirectUri), .. verifier is null ? Array.Empty<(string, string)>() : [("code_verifier", verifier)], .. extra], ct);

    public Task<TokenAnswer> RefreshAsync(string refreshToken, CancellationToken ct, params (string, string)[] extra) =>
        TokenAsync([("grant_type", "refresh_token"), ("refresh_token", refreshToken), .. extra], ct);

    public async Task<TokenAnswer> TokenAsync((string Name, string Value)[] form, CancellationToken ct, string path = "/connect/token")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, issuer + path) { Content = new FormUrlEncodedContent(form.Select(f => new KeyValuePair<string, string>(f.Name, f.Value))) };
        if (app.Secret is { } secret)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(app.ClientId)}:{Uri.EscapeDataString(secret)}")));
        else
            request.Content = new FormUrlEncodedContent(form.Append(("client_id", app.ClientId)).Select(f => new KeyValuePair<string, string>(f.Item1, f.Item2)));
        using var response = await http.SendAsync(request, ct);
        var text = await response.Content.ReadAsStringAsync(ct);
        return new TokenAnswer(response.StatusCode, text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject()); // JSON by RFC 6749 section 5
    }

    public async Task<(HttpStatusCode Status, JsonObject Body)> UserInfoAsync(string accessToken, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, issuer + "/connect/userinfo");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
        using var response = await http.SendAsync(request, ct);
        var text = await response.Content.ReadAsStringAsync(ct);
        return (response.StatusCode, text.Length == 0 ? [] : JsonSerializer.Deserialize<JsonObject>(text)!); // JSON by OpenID Connect Core section 5.3.2
    }

    private static string Random(int bytes) => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(bytes));
}
