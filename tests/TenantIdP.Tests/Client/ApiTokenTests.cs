using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using TenantIdP.Client;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Client;

/// <summary>A good access token, and the same with one thing changed.</summary>
public sealed class ApiTokenTests : IAsyncLifetime
{
    private const string Api = "https://invoices.test/api";

    private TestUpstream? issuer;
    private WebApplication? app;
    private HttpClient? client;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private TestUpstream Issuer => issuer!; // started before the test

    public async ValueTask InitializeAsync()
    {
        issuer = await TestUpstream.StartAsync(Ct);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddTenantIdPApi(o => (o.Issuer, o.Api) = (issuer.Issuer, Api));
        app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapGet("/invoices", [RequirePermission("invoices:read"), RequireOrganization] () => "read");
        await app.StartAsync(Ct);
        client = new HttpClient { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()) }; // Kestrel has it once started
    }

    public async ValueTask DisposeAsync()
    {
        client?.Dispose();
        if (app is not null) await app.DisposeAsync();
        if (issuer is not null) await issuer.DisposeAsync();
    }

    [Fact]
    public async Task A_token_of_the_issuer_for_this_api_is_accepted() => Assert.Equal(HttpStatusCode.OK, await AnswerAsync(Signed(Payload())));

    [Fact]
    public async Task A_token_without_the_permission_is_403_and_without_a_token_401()
    {
        Assert.Equal(HttpStatusCode.Forbidden, await AnswerAsync(Signed(Payload(p => p["permissions"] = new JsonArray("invoices:readers", "INVOICES:READ")))));
        Assert.Equal(HttpStatusCode.Forbidden, await AnswerAsync(Signed(Payload(p => p.Remove("permissions")))));
        Assert.Equal(HttpStatusCode.Forbidden, await AnswerAsync(Signed(Payload(p => p.Remove("org_id")))));
        Assert.Equal(HttpStatusCode.Forbidden, await AnswerAsync(Signed(Payload(p => (p["permissions"], p["permissions_overage"]) = (new JsonArray(), true)))));
        Assert.Equal(HttpStatusCode.Unauthorized, await AnswerAsync(token: null));
    }

    [Theory]
    [InlineData("iss", "https://login.elsewhere.test")]
    [InlineData("aud", "https://payroll.test/api")]
    [InlineData("aud", null)]
    [InlineData("exp", null)]
    public async Task A_claim_that_is_wrong_or_missing_refuses_the_token(string claim, string? value) =>
        Assert.Equal(HttpStatusCode.Unauthorized, await AnswerAsync(Signed(Payload(p => { if (value is null) p.Remove(claim); else p[claim] = value; }))));

    [Theory, InlineData(-31, HttpStatusCode.Unauthorized), InlineData(-10, HttpStatusCode.OK)]
    public async Task The_clocks_may_differ_by_half_a_minute(int seconds, HttpStatusCode expected) =>
        Assert.Equal(expected, await AnswerAsync(Signed(Payload(p => p["exp"] = Now + seconds))));

    [Theory, InlineData("JWT"), InlineData("logout+jwt"), InlineData(null)]
    public async Task A_token_of_another_kind_is_refused(string? type) => Assert.Equal(HttpStatusCode.Unauthorized, await AnswerAsync(Signed(Payload(), type)));

    [Fact]
    public async Task A_token_without_a_signature_is_refused()
    {
        foreach (var algorithm in (string[])["none", "None", "RS256"])
            Assert.Equal(HttpStatusCode.Unauthorized, await AnswerAsync($"{Part(Header(algorithm))}.{Part(Payload())}."));
    }

    [Fact]
    public async Task A_token_signed_by_the_public_key_as_a_shared_secret_is_refused()
    {
        foreach (var secret in (byte[][])[Encoding.ASCII.GetBytes(Issuer.Key.Rsa.ExportSubjectPublicKeyInfoPem()), Issuer.Key.Rsa.ExportSubjectPublicKeyInfo(), Issuer.Key.Rsa.ExportParameters(false).Modulus!]) // every RSA key has one
        {
            var signed = $"{Part(Header("HS256"))}.{Part(Payload())}";
            Assert.Equal(HttpStatusCode.Unauthorized, await AnswerAsync($"{signed}.{WebEncoders.Base64UrlEncode(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(signed)))}"));
        }
    }

    [Fact]
    public async Task A_token_signed_by_another_key_of_the_same_name_or_in_another_way_is_refused()
    {
        using var other = RSA.Create(2048);
        Assert.Equal(HttpStatusCode.Unauthorized, await AnswerAsync(Signed(Payload(), key: new RsaSecurityKey(other) { KeyId = Issuer.Key.KeyId })));
        Assert.Equal(HttpStatusCode.Unauthorized, await AnswerAsync(Signed(Payload(), algorithm: SecurityAlgorithms.RsaSsaPssSha256)));
        Assert.Equal(HttpStatusCode.Unauthorized, await AnswerAsync(Signed(Payload(), algorithm: SecurityAlgorithms.RsaSha512)));
    }

    [Theory, InlineData("http://login.example.test", Api), InlineData("login.example.test", Api), InlineData("https://login.example.test?x=1", Api), InlineData("https://login.example.test", "")]
    public async Task Settings_that_would_be_unsafe_end_the_start(string address, string api)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddTenantIdPApi(o => (o.Issuer, o.Api) = (address, api));
        await using var wrong = builder.Build();

        await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(() => wrong.StartAsync(Ct));
    }

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    private JsonObject Payload(Action<JsonObject>? change = null)
    {
        var payload = new JsonObject
        {
            ["iss"] = Issuer.Issuer, ["aud"] = Api, ["sub"] = "usr_1", ["org_id"] = "org_1", ["org_name"] = "acme", ["permissions"] = new JsonArray("invoices:read"), ["iat"] = Now, ["exp"] = Now + 300,
        };
        change?.Invoke(payload);
        return payload;
    }

    private JsonObject Header(string algorithm) => new() { ["alg"] = algorithm, ["typ"] = "at+jwt", ["kid"] = Issuer.Key.KeyId };

    private string Signed(JsonObject payload, string? type = "at+jwt", string algorithm = SecurityAlgorithms.RsaSha256, RsaSecurityKey? key = null)
    {
        var header = Header(algorithm);
        header.Remove("typ");
        if (type is not null) header["typ"] = type;
        var signed = $"{Part(header)}.{Part(payload)}";
        var provider = new CryptoProviderFactory { CacheSignatureProviders = false }.CreateForSigning(key ?? Issuer.Key, algorithm);
        return $"{signed}.{WebEncoders.Base64UrlEncode(provider.Sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    private static string Part(JsonObject json) => WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(json.ToJsonString()));

    private async Task<HttpStatusCode> AnswerAsync(string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/invoices");
        if (token is not null) request.Headers.Authorization = new("Bearer", token);
        using var response = await client!.SendAsync(request, Ct); // made before the test
        return response.StatusCode;
    }
}
