using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;

namespace TenantIdP.Tests.Scim.Dialects;

/// <summary>An answer of a SCIM endpoint.</summary>
internal sealed record ScimAnswer(int Status, JsonNode? Body, HttpResponseHeaders Headers, string? ContentType);

/// <summary>One directory's client: it knows the base address, its token and the ids it was answered, and nothing else.</summary>
internal sealed partial class Caller(HttpClient http, Vendor vendor, ScimAccess access, string domain)
{
    private const string ScimJson = "application/scim+json";
    private const string ErrorUrn = "urn:ietf:params:scim:api:messages:2.0:Error";

    private readonly Dictionary<string, string> names = new() { ["domain"] = domain };
    private readonly List<string> alive = [];

    public string this[string name] => names[name];

    /// <summary>A name for what no answer has told.</summary>
    public void Learn(string name, string value) => names[name] = value;

    public async Task PlayAsync(IEnumerable<Step> steps, CancellationToken ct)
    {
        var number = 0;
        foreach (var step in steps)
        {
            number++;
            var answer = await SendAsync(step.Method, step.Path, step.Body, ct);
            Check($"{vendor.Name}, step {number}, {step}", step, answer);
            Remember(step, answer);
        }
    }

    /// <summary>Takes away what the steps have made and left; groups first, as directories do.</summary>
    public async Task LeaveAsync(CancellationToken ct)
    {
        foreach (var path in alive.OrderBy(p => p.StartsWith("/Users", StringComparison.Ordinal)).ToList())
        {
            var answer = await SendAsync(HttpMethod.Delete, path, null, ct);
            Assert.True(answer.Status == 204, $"DELETE {path}: {answer.Status} {answer.Body}");
        }

        alive.Clear();
    }

    /// <summary>Nothing of another directory is seen, and nothing that was made is lost.</summary>
    public async Task AssertOwnOnlyAsync(CancellationToken ct)
    {
        foreach (var kind in (string[])["/Users", "/Groups"])
        {
            var answer = await SendAsync(HttpMethod.Get, $"{kind}?startIndex=1&count=200&attributes=id", null, ct);
            Assert.True(answer.Status == 200, $"GET {kind}: {answer.Status} {answer.Body}");
            Assert.Equal(alive.Where(path => path.StartsWith(kind, StringComparison.Ordinal)).Order(StringComparer.Ordinal), Ids(answer).Select(id => $"{kind}/{id}").Order(StringComparer.Ordinal));
        }
    }

    /// <summary>Goes on after Retry-After where it is told to, as directories do.</summary>
    public async Task<ScimAnswer> SendAsync(HttpMethod method, string path, string? body, CancellationToken ct, string? token = null)
    {
        while (true)
        {
            var answer = await SendOnceAsync(method, path, body, token, ct);
            if (answer is not { Status: 429, Headers.RetryAfter.Delta: { } pause }) return answer;
            await Task.Delay(pause, ct);
        }
    }

    private async Task<ScimAnswer> SendOnceAsync(HttpMethod method, string path, string? body, string? token, CancellationToken ct)
    {
        var address = access.BaseUrl + Resolve(path);
        if (vendor.Flag is { } flag) address += (address.Contains('?', StringComparison.Ordinal) ? '&' : '?') + flag;
        using var request = new HttpRequestMessage(method, new Uri(address));
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + (token ?? access.Token));
        request.Headers.TryAddWithoutValidation("Accept", vendor.Accept);
        request.Headers.TryAddWithoutValidation("User-Agent", vendor.Name);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Resolve(body)));
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(vendor.ContentType);
        }

        using var answer = await http.SendAsync(request, ct);
        var text = await answer.Content.ReadAsStringAsync(ct);
        return new ScimAnswer((int)answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text), answer.Headers, answer.Content.Headers.ContentType?.MediaType);
    }

    private void Check(string where, Step step, ScimAnswer answer)
    {
        Assert.True(step.Status == answer.Status, $"{where}: {answer.Status} instead of {step.Status}: {answer.Body?.ToJsonString()}");
        if (answer.Status == 204) Assert.Null(answer.Body);
        else Assert.Equal(ScimJson, answer.ContentType);
        if (answer.Status >= 400) AssertError(where, answer);
        if (answer.Status == 201) Assert.Equal((string?)answer.Body!["meta"]!["location"], answer.Headers.Location?.OriginalString); // RFC 7644 section 3.3
        Assert.False(answer.Body?.ToJsonString().Contains("\"password\":", StringComparison.OrdinalIgnoreCase) == true, $"{where}: a password comes back.");

        if (step.Has is { } has)
        {
            var missing = JsonShape.Missing(JsonNode.Parse(Resolve(has)), answer.Body);
            Assert.True(missing.Count == 0, $"{where}: {string.Join("; ", missing)}");
        }

        if (step.Found is not { } found) return;
        Assert.Equal(found.Select(name => names[name]).Order(StringComparer.Ordinal), Ids(answer).Order(StringComparer.Ordinal));
        Assert.Equal(found.Count, (int?)answer.Body!["totalResults"]); // a list
    }

    private static void AssertError(string where, ScimAnswer answer)
    {
        Assert.True(answer.Body?["schemas"]?.AsArray().Any(s => (string?)s == ErrorUrn) == true, $"{where}: {answer.Body}");
        Assert.Equal($"{answer.Status}", (string?)answer.Body["status"]);
        Assert.False(string.IsNullOrWhiteSpace((string?)answer.Body["detail"]), $"{where}: the administrator is told nothing.");
    }

    private void Remember(Step step, ScimAnswer answer)
    {
        var resource = answer.Body?["Resources"] is JsonArray { Count: > 0 } list ? list[0] : answer.Body;
        var kind = Resolve(step.Path).Split('?')[0];
        if (answer.Status == 201)
        {
            var made = $"{kind}/{(string)resource!["id"]!}"; // 201 has both
            if (!alive.Contains(made)) alive.Add(made);
        }

        if (answer.Status == 204 && step.Method == HttpMethod.Delete) alive.Remove(kind);
        if (step.Name is not { } name) return;
        names[name] = (string?)resource?["id"] ?? throw new InvalidOperationException($"{step}: there is no id to keep.");
    }

    private static IEnumerable<string> Ids(ScimAnswer answer) => (answer.Body!["Resources"]?.AsArray() ?? []).Select(r => (string)r!["id"]!); // a list, of resources

    private string Resolve(string text) => Placeholder().Replace(text, match => names.TryGetValue(match.Groups[1].Value, out var value) ? value : match.Value);

    [GeneratedRegex("<([a-z0-9]+)>")]
    private static partial Regex Placeholder();
}
