using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace TenantIdP.Testing.Upstreams;

/// <summary>
/// An OpenID provider that says what a test tells it to, well or badly. Asks nobody: <c>/authorize</c> answers at once with a code for the claims in <see cref="Claims"/>.
/// </summary>
public sealed class TestUpstream : IAsyncDisposable
{
    public const string ClientId = "tenantidp";
    public const string ClientSecret = "upstream-secret-upstream-secret-upstream";

    private readonly WebApplication app;
    private readonly RsaSecurityKey key = new(RSA.Create(2048)) { KeyId = "upstream-1" };
    private readonly ConcurrentDictionary<string, (string? Nonce, JsonObject Claims)> codes = new();

    private TestUpstream(WebApplication app) => this.app = app;

    public string Issuer { get; private set; } = "";

    /// <summary>What the next id token says beside iss, aud, exp, iat and nonce.</summary>
    public JsonObject Claims { get; set; } = [];

    /// <summary>Last change of the id token's payload before it is signed.</summary>
    public Action<JsonObject>? Twist { get; set; }

    /// <summary>Replaces the signed id token.</summary>
    public Func<string, JsonObject, string>? Forge { get; set; }

    public JsonObject? UserInfo { get; set; }

    /// <summary>Last change of the redirect back to the relying party.</summary>
    public Action<IDictionary<string, string?>>? TwistRedirect { get; set; }

    /// <summary>Last change of the discovery document.</summary>
    public Action<JsonObject>? TwistDiscovery { get; set; }

    /// <summary>Answers instead of an endpoint when it returns true.</summary>
    public Func<HttpContext, Task<bool>>? Intercept { get; set; }

    public RsaSecurityKey Key => key;

    public ConcurrentQueue<string> Requests { get; } = new();

    public static async Task<TestUpstream> StartAsync(CancellationToken ct)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var upstream = new TestUpstream(app);
        app.Run(upstream.ServeAsync);
        await app.StartAsync(ct);
        upstream.Issuer = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single(); // Kestrel has it once started
        return upstream;
    }

    /// <summary>Speaks for this person until told otherwise.</summary>
    public void SignsIn(string subject, string? email, bool? emailVerified = true, string? name = null)
    {
        Claims = new JsonObject { ["sub"] = subject };
        if (email is not null) Claims["email"] = email;
        if (emailVerified is { } verified) Claims["email_verified"] = verified;
        if (name is not null) Claims["name"] = name;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }

    private async Task ServeAsync(HttpContext http)
    {
        Requests.Enqueue(http.Request.Path);
        if (Intercept is { } intercept && await intercept(http)) return;
        switch (http.Request.Path.Value)
        {
            case "/.well-known/openid-configuration":
                await http.Response.WriteAsJsonAsync(Discovery());
                break;
            case "/jwks":
                await http.Response.WriteAsJsonAsync(Jwks());
                break;
            case "/authorize":
                Authorize(http);
                break;
            case "/token":
                await TokenAsync(http);
                break;
            case "/userinfo" when UserInfo is not null:
                await http.Response.WriteAsJsonAsync(UserInfo);
                break;
            default:
                http.Response.StatusCode = 404;
                break;
        }
    }

    private JsonObject Discovery()
    {
        var document = new JsonObject
        {
            ["issuer"] = Issuer,
            ["authorization_endpoint"] = Issuer + "/authorize",
            ["token_endpoint"] = Issuer + "/token",
            ["userinfo_endpoint"] = Issuer + "/userinfo",
            ["jwks_uri"] = Issuer + "/jwks",
            ["response_types_supported"] = new JsonArray("code"),
            ["subject_types_supported"] = new JsonArray("public"),
            ["id_token_signing_alg_values_supported"] = new JsonArray("RS256"),
            ["code_challenge_methods_supported"] = new JsonArray("S256"),
        };
        TwistDiscovery?.Invoke(document);
        return document;
    }

    private JsonObject Jwks()
    {
        var jwk = JsonWebKeyConverter.ConvertFromRSASecurityKey(key);
        return new JsonObject { ["keys"] = new JsonArray(new JsonObject { ["kty"] = "RSA", ["kid"] = key.KeyId, ["use"] = "sig", ["alg"] = "RS256", ["n"] = jwk.N, ["e"] = jwk.E }) };
    }

    private void Authorize(HttpContext http)
    {
        var code = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        codes[code] = ((string?)http.Request.Query["nonce"], Claims.DeepClone().AsObject());
        var answer = new Dictionary<string, string?> { ["code"] = code, ["state"] = http.Request.Query["state"] };
        TwistRedirect?.Invoke(answer);
        http.Response.Redirect(QueryHelpers.AddQueryString(http.Request.Query["redirect_uri"].ToString(), answer.Where(p => p.Value is not null).ToDictionary()));
    }

    private async Task TokenAsync(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync();
        if (!codes.TryRemove(form["code"].ToString(), out var issued))
        {
            http.Response.StatusCode = 400;
            await http.Response.WriteAsJsonAsync(new { error = "invalid_grant" });
            return;
        }

        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var payload = issued.Claims;
        payload["iss"] = Issuer;
        payload["aud"] = ClientId;
        payload["iat"] = now;
        payload["exp"] = now + 300;
        if (issued.Nonce is not null) payload["nonce"] = issued.Nonce;
        Twist?.Invoke(payload);
        var token = new JsonWebTokenHandler().CreateToken(payload.ToJsonString(), new SigningCredentials(key, SecurityAlgorithms.RsaSha256));
        if (Forge is { } forge) token = forge(token, payload);
        await http.Response.WriteAsJsonAsync(new { access_token = "upstream-access-token", token_type = "Bearer", expires_in = 300, id_token = token }, JsonSerializerOptions.Web);
    }
}
