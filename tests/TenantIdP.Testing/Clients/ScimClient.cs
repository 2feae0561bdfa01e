using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Xunit;

namespace TenantIdP.Testing.Clients;

/// <summary>What a directory answered. Every body is <c>application/scim+json</c>, errors included: that is checked with each answer.</summary>
/// <param name="Body">Undefined when there is none.</param>
public sealed record ScimReply(HttpStatusCode Status, JsonElement Body, HttpResponseHeaders Headers)
{
    public string Id => Body.GetProperty("id").GetString()!; // a resource has one

    public string? ETag => Headers.ETag?.ToString();

    /// <summary>The keyword of an error; null when it has none.</summary>
    public string? ScimType => Body.TryGetProperty("scimType", out var type) ? type.GetString() : null;

    public string Detail => Body.TryGetProperty("detail", out var detail) ? detail.GetString() ?? "" : "";

    public int TotalResults => Body.GetProperty("totalResults").GetInt32();
}

/// <summary>An identity provider that provisions by SCIM: sends JSON exactly as it is given and judges nothing but the protocol's envelope.</summary>
/// <param name="baseAddress">Of the directory, without a slash at its end.</param>
/// <param name="token">Null: none is sent.</param>
public sealed class ScimClient(HttpClient http, string baseAddress, string? token)
{
    public const string ContentType = "application/scim+json";

    public string BaseAddress => baseAddress;

    public Task<ScimReply> GetAsync(string path, CancellationToken ct) => SendAsync("GET", path, null, ct);

    public Task<ScimReply> PostAsync(string path, string json, CancellationToken ct) => SendAsync("POST", path, json, ct);

    public Task<ScimReply> PutAsync(string path, string json, CancellationToken ct) => SendAsync("PUT", path, json, ct);

    public Task<ScimReply> PatchAsync(string path, string json, CancellationToken ct) => SendAsync("PATCH", path, json, ct);

    public Task<ScimReply> DeleteAsync(string path, CancellationToken ct) => SendAsync("DELETE", path, null, ct);

    /// <param name="path">Below the base address, such as <c>/Users?filter=…</c>; what is in it that is no part of an address is escaped.</param>
    public async Task<ScimReply> SendAsync(string method, string path, string? json, CancellationToken ct, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), baseAddress + path);
        if (token is not null) request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, ContentType);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await http.SendAsync(request, ct);
        var text = await answer.Content.ReadAsStringAsync(ct);
        if (text.Length == 0) return new ScimReply(answer.StatusCode, default, answer.Headers);
        Assert.True(answer.Content.Headers.ContentType?.MediaType == ContentType, $"{method} {path} {(int)answer.StatusCode} is {answer.Content.Headers.ContentType}: {text}");
        var body = JsonDocument.Parse(text).RootElement;
        if ((int)answer.StatusCode >= 400)
        {
            Assert.Equal("urn:ietf:params:scim:api:messages:2.0:Error", body.GetProperty("schemas")[0].GetString());
            Assert.Equal(((int)answer.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture), body.GetProperty("status").GetString());
        }

        return new ScimReply(answer.StatusCode, body, answer.Headers);
    }
}
