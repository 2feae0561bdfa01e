using System.Text.Json;
using Xunit;

namespace TenantIdP.Tests.Management;

/// <summary>What the document promises of every operation: a new one has it by being in the group, or fails here.</summary>
public sealed class ManagementDocumentTests(SqliteManagement host) : IClassFixture<SqliteManagement>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    [Fact]
    public async Task The_document_is_3_1_and_every_reference_in_it_leads_somewhere()
    {
        var document = await ApiDocument.ReadAsync(host, Ct);
        Assert.StartsWith("3.1", Text(document.Root, "openapi"), StringComparison.Ordinal);
        Assert.NotEmpty(Text(document.Root.GetProperty("info"), "title"));
        Assert.NotEmpty(Text(document.Root.GetProperty("info"), "version"));
        var count = 0;
        Walk(document.Root);
        Assert.True(count > 1_000, $"{count} references");

        void Walk(JsonElement json)
        {
            if (json.ValueKind == JsonValueKind.Array)
            {
                foreach (var item in json.EnumerateArray()) Walk(item);
            }

            if (json.ValueKind != JsonValueKind.Object) return;
            if (json.TryGetProperty("$ref", out _))
            {
                count++;
                Assert.Equal(JsonValueKind.Object, document.Schema.Resolve(json).ValueKind); // throws when it leads nowhere
            }

            foreach (var member in json.EnumerateObject()) Walk(member.Value);
        }
    }

    [Fact]
    public async Task Every_operation_says_what_it_is_who_may_call_it_and_what_its_headers_are()
    {
        var operations = (await ApiDocument.ReadAsync(host, Ct)).Operations.ToList();
        Assert.True(operations.Count > 40, $"{operations.Count} operations");
        Assert.Equal(operations.Count, operations.Select(o => Text(o.Json, "operationId")).Distinct().Count());
        foreach (var operation in operations)
        {
            Assert.True(Text(operation.Json, "operationId").Length > 3 && Text(operation.Json, "summary").Length > 3 && Text(operation.Json, "description").Length > 20, $"{operation} says too little.");
            Assert.NotEmpty(operation.Json.GetProperty("tags").EnumerateArray());
            Assert.Contains("bearer", operation.Json.GetProperty("security")[0].EnumerateObject().Select(s => s.Name));
            Assert.Contains(operation.Access, new[] { "instance", "organization", "user" });
            Assert.Equal(operation.Access == "organization", operation.Permission is not null);
            Assert.Equal(operation.Method == "POST", operation.Parameters.Any(p => Text(p, "name") == "Idempotency-Key" && Text(p, "in") == "header"));
            Assert.Equal(operation.Parameters.Any(p => Text(p, "name") == "limit"), operation.Parameters.Any(p => Text(p, "name") == "after"));
            foreach (var answer in operation.Json.GetProperty("responses").EnumerateObject().Where(a => a.Name[0] != '5'))
            {
                var headers = answer.Value.GetProperty("headers").EnumerateObject().Select(h => h.Name).ToList();
                Assert.Superset(new HashSet<string> { "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset" }, headers.ToHashSet());
                if (answer.Name == "201") Assert.Contains("Location", headers);
                if (answer.Name == "429") Assert.Contains("Retry-After", headers);
                if (answer.Name == "401") Assert.Contains("WWW-Authenticate", headers);
                if (answer.Name[0] == '2' && operation.Method == "POST") Assert.Contains("Idempotency-Replayed", headers);
            }
        }
    }

    [Fact]
    public async Task Every_operation_lists_every_error_with_its_codes_and_an_example_of_each()
    {
        var document = await ApiDocument.ReadAsync(host, Ct);
        foreach (var operation in document.Operations)
        {
            var answers = operation.Json.GetProperty("responses").EnumerateObject().ToDictionary(r => r.Name, r => r.Value);
            string[] needed = ["401", "403", "429", "500", "503", .. operation.PathParameters.Count > 0 ? ["404"] : Array.Empty<string>(), .. operation.Method == "POST" ? ["409", "422"] : Array.Empty<string>(),
                .. operation.Body is null ? Array.Empty<string>() : ["400", "413", "415"], .. operation.Parameters.Any(p => Text(p, "name") == "If-Match") ? ["412"] : Array.Empty<string>()];
            Assert.All(needed, status => Assert.True(answers.ContainsKey(status), $"{operation} lacks {status}."));
            Assert.Contains(answers.Keys, status => status[0] == '2');
            foreach (var (status, answer) in answers.Where(a => a.Key[0] is '4' or '5'))
            {
                var media = answer.GetProperty("content").GetProperty("application/problem+json");
                var codes = media.GetProperty("schema").GetProperty("allOf")[1].GetProperty("properties").GetProperty("code").GetProperty("enum").EnumerateArray().Select(c => c.GetString()).ToList();
                var examples = media.GetProperty("examples").EnumerateObject().ToList();
                Assert.NotEmpty(codes);
                Assert.Equal(codes, examples.Select(e => e.Name));
                foreach (var value in examples.Select(e => document.Schema.Resolve(e.Value).GetProperty("value")))
                {
                    Assert.Empty(document.Schema.Check(media.GetProperty("schema"), value));
                    Assert.Equal(status, value.GetProperty("status").GetInt32().ToString(System.Globalization.CultureInfo.InvariantCulture));
                }
            }
        }
    }

    [Fact]
    public async Task Every_body_has_an_example_that_is_of_its_schema()
    {
        var document = await ApiDocument.ReadAsync(host, Ct);
        var examples = 0;
        foreach (var operation in document.Operations)
        {
            var bodies = operation.Json.GetProperty("responses").EnumerateObject().Where(r => r.Name[0] == '2').Select(r => r.Value);
            if (operation.Json.TryGetProperty("requestBody", out var request)) bodies = bodies.Append(request);
            foreach (var body in bodies)
            {
                if (!body.TryGetProperty("content", out var content)) continue;
                foreach (var media in content.EnumerateObject())
                {
                    var wrong = document.Schema.Check(media.Value.GetProperty("schema"), media.Value.GetProperty("example"));
                    Assert.True(wrong.Count == 0, $"{operation} {media.Name}: {string.Join("; ", wrong)}");
                    examples++;
                }
            }
        }

        Assert.True(examples > 60, $"{examples} examples");
    }
}
