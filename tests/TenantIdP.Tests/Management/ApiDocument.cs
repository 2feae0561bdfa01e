using System.Net.Http.Json;
using System.Text.Json;
using TenantIdP.Testing.Contracts;

namespace TenantIdP.Tests.Management;

/// <summary>The OpenAPI document as it is served.</summary>
internal sealed class ApiDocument
{
    private ApiDocument(JsonElement root) => (Root, Schema) = (root, new JsonSchema(root));

    public JsonElement Root { get; }

    public JsonSchema Schema { get; }

    public IEnumerable<ApiOperation> Operations =>
        from path in Root.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        select new ApiOperation(operation.Name.ToUpperInvariant(), path.Name, operation.Value, this);

    public static async Task<ApiDocument> ReadAsync(ManagementHost host, CancellationToken ct)
    {
        using var client = host.Client();
        return new ApiDocument(await client.GetFromJsonAsync<JsonElement>(new Uri(host.Url, "/openapi/v1.json"), ct));
    }
}

internal sealed record ApiOperation(string Method, string Path, JsonElement Json, ApiDocument Document)
{
    public IEnumerable<JsonElement> Parameters => Json.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray().Select(Document.Schema.Resolve) : [];

    public IReadOnlyList<string> PathParameters => [.. Path.Split('{').Skip(1).Select(part => part[..part.IndexOf('}', StringComparison.Ordinal)])];

    public string Access => Json.GetProperty("x-access").GetString()!; // every operation has one

    public string? Permission => Json.TryGetProperty("x-permission", out var permission) ? permission.GetString() : null;

    /// <summary>The example of the body; null for an operation without one.</summary>
    public string? Body => Json.TryGetProperty("requestBody", out var body) ? body.GetProperty("content").GetProperty("application/json").GetProperty("example").GetRawText() : null;

    /// <summary>Below the base address of a client.</summary>
    public string Fill(Func<string, string> value) => PathParameters.Aggregate(Path, (path, name) => path.Replace($"{{{name}}}", value(name), StringComparison.Ordinal))["/api/v1/".Length..].TrimEnd('/');

    public override string ToString() => $"{Method} {Path}";
}
