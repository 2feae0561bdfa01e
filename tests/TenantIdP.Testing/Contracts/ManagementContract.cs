using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace TenantIdP.Testing.Contracts;

/// <summary>
/// Holds every request to the management API and every answer against the OpenAPI document that the same server serves: an undocumented operation, status, code, header or
/// member, or a value of another form, fails the test that sent it. What a request asks is checked when it was accepted; tests of refusals send what they like.
/// </summary>
public sealed partial class ManagementContract(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const string Api = "/api/v1/";

    private static readonly ConcurrentDictionary<string, Lazy<Task<JsonElement>>> Documents = new();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var address = request.RequestUri!; // the client has made it absolute
        if (!address.AbsolutePath.StartsWith(Api, StringComparison.Ordinal)) return await base.SendAsync(request, cancellationToken);

        var document = await Documents.GetOrAdd(address.GetLeftPart(UriPartial.Authority), origin => new Lazy<Task<JsonElement>>(() => ReadAsync(origin))).Value;
        var sent = await TextAsync(request.Content, cancellationToken);
        var answer = await base.SendAsync(request, cancellationToken);
        await answer.Content.LoadIntoBufferAsync(cancellationToken);
        var wrong = Check(document, request, sent, answer, await TextAsync(answer.Content, cancellationToken));
        Assert.True(wrong.Count == 0, $"{request.Method} {address.PathAndQuery} {(int)answer.StatusCode} is not as the OpenAPI document says: {string.Join("; ", wrong.Take(10))}");
        return answer;
    }

    private async Task<JsonElement> ReadAsync(string origin)
    {
        using var answer = await base.SendAsync(new HttpRequestMessage(HttpMethod.Get, $"{origin}/openapi/v1.json"), CancellationToken.None);
        return await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
    }

    // A body that can be read once is the test's own affair; a charset that nobody knows may be what a test is about.
    private static async Task<string?> TextAsync(HttpContent? content, CancellationToken ct) =>
        content is null or StreamContent { Headers.ContentLength: null } ? null : Encoding.UTF8.GetString(await content.ReadAsByteArrayAsync(ct));

    private static List<string> Check(JsonElement document, HttpRequestMessage request, string? sent, HttpResponseMessage answer, string? received)
    {
        var wrong = new List<string>();
        if (request.Method == HttpMethod.Head) return wrong;
        if (Find(document, request) is not { } operation) return answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.BadRequest ? wrong : ["the operation is not in it"];

        var schema = new JsonSchema(document);
        var status = ((int)answer.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (!operation.GetProperty("responses").TryGetProperty(status, out var documented)) return [$"the status is not in it ({received})"];
        CheckBody(schema, documented, answer.Content.Headers.ContentType?.MediaType, received, "answer", wrong);
        if (request.RequestUri!.Query.Contains("fields=", StringComparison.Ordinal)) wrong.RemoveAll(found => Trimmed().IsMatch(found)); // absolute by now
        if (documented.TryGetProperty("headers", out var headers))
        {
            // What is no text is refused before anybody asks whose request it is.
            var counted = received?.Contains("\"invalid_request\"", StringComparison.Ordinal) != true;
            wrong.AddRange(headers.EnumerateObject().Where(h => counted && h.Name.StartsWith("RateLimit-", StringComparison.Ordinal) && !answer.Headers.Contains(h.Name)).Select(h => $"the answer lacks {h.Name}"));
            wrong.AddRange(new[] { "ETag", "Location", "Retry-After", "WWW-Authenticate", "Idempotency-Replayed", "Deprecation", "Sunset" }
                .Where(name => answer.Headers.Contains(name) && !headers.TryGetProperty(name, out _)).Select(name => $"the header {name} is not in it"));
        }

        if (answer.IsSuccessStatusCode) CheckRequest(schema, operation, request, sent, wrong);
        return wrong;
    }

    private static void CheckRequest(JsonSchema schema, JsonElement operation, HttpRequestMessage request, string? sent, List<string> wrong)
    {
        var known = operation.TryGetProperty("parameters", out var parameters)
            ? parameters.EnumerateArray().Select(schema.Resolve).Where(p => p.GetProperty("in").GetString() == "query").Select(p => p.GetProperty("name").GetString()!).ToHashSet(StringComparer.Ordinal) // a parameter has a name
            : [];
        // An organization in the query is what an attacker tries: the path decides.
        wrong.AddRange(System.Web.HttpUtility.ParseQueryString(request.RequestUri!.Query).AllKeys.Where(name => name is not (null or "organizationId") && !known.Contains(name)).Select(name => $"the parameter {name} is not in it")); // absolute by now
        if (!string.IsNullOrEmpty(sent) && operation.TryGetProperty("requestBody", out var body)) CheckBody(schema, body, request.Content!.Headers.ContentType?.MediaType, sent, "request", wrong); // it has sent something
    }

    private static void CheckBody(JsonSchema schema, JsonElement documented, string? mediaType, string? text, string which, List<string> wrong)
    {
        if (!documented.TryGetProperty("content", out var content))
        {
            // A file that is streamed has no schema.
            if (!string.IsNullOrEmpty(text) && mediaType is not ("text/csv" or "application/x-ndjson")) wrong.Add($"the {which} has a body");
        }
        else if (mediaType is null || !content.TryGetProperty(mediaType, out var media))
        {
            wrong.Add($"the {which} is {mediaType ?? "nothing"}");
        }
        else
        {
            using var parsed = JsonDocument.Parse(text ?? "");
            wrong.AddRange(schema.Check(media.GetProperty("schema"), parsed.RootElement).Select(found => $"{which} {found}"));
        }
    }

    /// <summary>An item comes with the members that were asked for; what is there must still be of the document.</summary>
    [GeneratedRegex(@"^answer \$\.data\[[0-9]+\] lacks ")]
    private static partial Regex Trimmed();

    /// <summary>The operation whose path has the most literal segments of those that fit.</summary>
    private static JsonElement? Find(JsonElement document, HttpRequestMessage request)
    {
        var segments = request.RequestUri!.AbsolutePath.TrimEnd('/').Split('/'); // absolute by now
        return document.GetProperty("paths").EnumerateObject()
            .Select(path => (Parts: path.Name.TrimEnd('/').Split('/'), path.Value))
            .Where(path => path.Parts.Length == segments.Length && path.Parts.Zip(segments).All(pair => pair.First.StartsWith('{') || pair.First == pair.Second))
            .OrderByDescending(path => path.Parts.Count(part => !part.StartsWith('{')))
            .Select(path => path.Value.TryGetProperty(request.Method.Method.ToLowerInvariant(), out var operation) ? operation : (JsonElement?)null)
            .FirstOrDefault(operation => operation is not null);
    }
}
