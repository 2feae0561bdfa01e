using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace TenantIdP.Benchmarks;

/// <summary>A relying app that does nothing but ask, of any OpenID Connect server.</summary>
internal sealed class Client(string address, string authority, string clientId, string secret, string redirectUri) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, MaxConnectionsPerServer = Load.Workers });
    private readonly AuthenticationHeaderValue basic = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{clientId}:{secret}")));

    /// <returns>The access token.</returns>
    public async Task<string> ClientCredentialsAsync(string? scope = null) =>
        (string)(await TokenAsync([new("grant_type", "client_credentials"), .. scope is null ? Array.Empty<KeyValuePair<string, string>>() : [new("scope", scope)]]))["access_token"]!; // RFC 6749 section 5.1

    /// <returns>The next refresh token.</returns>
    public async Task<string> RefreshAsync(string refreshToken, string? organization = null) =>
        (string)(await TokenAsync([new("grant_type", "refresh_token"), new("refresh_token", refreshToken), .. organization is null ? Array.Empty<KeyValuePair<string, string>>() : [new("organization", organization)]]))["refresh_token"]!; // asked for at authorize

    /// <summary>Authorize, code, tokens.</summary>
    /// <returns>The refresh token.</returns>
    public async Task<string> AuthorizeAsync(string? cookie, string? organization)
    {
        var address = AuthorizeAddress(out var verifier, organization is null ? [] : [("organization", organization)]);
        using var response = await SendAsync(HttpMethod.Get, address, null, cookie);
        var code = QueryHelpers.ParseQuery(response.Headers.Location?.Query)["code"].ToString();
        if (code.Length == 0) throw new InvalidOperationException($"No code: {response.StatusCode} {response.Headers.Location}");
        return await RedeemAsync(code, verifier);
    }

    public bool IsCallback(Uri location) => location.AbsoluteUri.StartsWith(redirectUri, StringComparison.Ordinal);

    /// <returns>The refresh token.</returns>
    public async Task<string> RedeemAsync(string code, string verifier) =>
        (string)(await TokenAsync([new("grant_type", "authorization_code"), new("code", code), new("redirect_uri", redirectUri), new("code_verifier", verifier)]))["refresh_token"]!; // asked for at authorize

    public string AuthorizeAddress(out string verifier, params (string Name, string Value)[] more)
    {
        verifier = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var query = new Dictionary<string, string?>
        {
            ["client_id"] = clientId,
            ["redirect_uri"] = redirectUri,
            ["response_type"] = "code",
            ["scope"] = "openid profile email offline_access",
            ["state"] = "s",
            ["nonce"] = verifier[..16],
            ["code_challenge"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))),
            ["code_challenge_method"] = "S256",
        };
        foreach (var (name, value) in more) query[name] = value;
        return QueryHelpers.AddQueryString("/connect/authorize", query);
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, IEnumerable<KeyValuePair<string, string>>? form, string? cookie, bool authenticated = false)
    {
        using var request = new HttpRequestMessage(method, address + path) { Content = form is null ? null : new FormUrlEncodedContent(form) };
        request.Headers.Host = authority;
        if (cookie is not null) request.Headers.Add("Cookie", cookie);
        if (authenticated) request.Headers.Authorization = basic;
        return await http.SendAsync(request);
    }

    public void Dispose() => http.Dispose();

    private async Task<JsonObject> TokenAsync(IEnumerable<KeyValuePair<string, string>> form)
    {
        using var response = await SendAsync(HttpMethod.Post, "/connect/token", form, null, authenticated: true);
        var text = await response.Content.ReadAsStringAsync();
        return response.StatusCode == HttpStatusCode.OK ? JsonNode.Parse(text)!.AsObject() : throw new InvalidOperationException($"{response.StatusCode}: {text}"); // RFC 6749 section 5.1
    }
}
