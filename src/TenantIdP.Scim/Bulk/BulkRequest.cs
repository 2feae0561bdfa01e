using System.Text.Json;
using TenantIdP.Scim.Json;

namespace TenantIdP.Scim.Bulk;

/// <summary>
/// A bulk request (RFC 7644 3.7). An operation that is wrong by itself fails by itself, in its turn; what makes the whole unclear, such as one bulkId twice, is refused whole.
/// Keeps the document of the request: dispose it after the last step.
/// </summary>
public sealed class BulkRequest : IDisposable
{
    private const int LongestId = 256;
    private static readonly string[] Envelope = ["schemas", "failOnErrors", "Operations"];
    private static readonly string[] Fields = ["method", "bulkId", "path", "version", "data"];

    private readonly JsonDocument document;

    private BulkRequest(JsonDocument document, IReadOnlyList<BulkOperation> operations, int? failOnErrors) => (this.document, Operations, FailOnErrors) = (document, operations, failOnErrors);

    /// <summary>After so many errors nothing more is done; null: everything is tried.</summary>
    public int? FailOnErrors { get; }

    public int Count => Operations.Count;

    internal IReadOnlyList<BulkOperation> Operations { get; }

    public static ScimResult<BulkRequest> Read(ReadOnlyMemory<byte> utf8, BulkLimits limits)
    {
        var parsed = ScimJson.Parse(utf8, limits.MaxPayload);
        if (!parsed.IsOk) return parsed.Error;
        var operations = new List<BulkOperation>();
        if (Read(parsed.Value.RootElement, limits, operations, out var failOnErrors) is not { } error) return new BulkRequest(parsed.Value, operations, failOnErrors);
        parsed.Value.Dispose();
        return error;
    }

    public void Dispose() => document.Dispose();

    private static ScimError? Read(JsonElement json, BulkLimits limits, List<BulkOperation> operations, out int? failOnErrors)
    {
        failOnErrors = null;
        Span<JsonElement> fields = [default, default, default];
        if ((ScimJson.Fields(json, Envelope, fields) ?? ScimJson.RequireSchema(fields[0], ScimUrns.BulkRequest)) is { } wrong) return wrong;
        if (!ScimJson.IsAbsent(fields[1]))
        {
            if (fields[1].ValueKind != JsonValueKind.Number || !fields[1].TryGetInt32(out var errors) || errors < 1) return ScimErrors.InvalidValue("failOnErrors", "must be a number from 1.");
            failOnErrors = errors;
        }

        if (fields[2].ValueKind != JsonValueKind.Array) return ScimErrors.InvalidSyntax("Operations must be an array.");
        if (fields[2].GetArrayLength() > limits.MaxOperations) return ScimErrors.TooManyOperations(limits.MaxOperations);
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var element in fields[2].EnumerateArray())
        {
            if (ReadOperation(element, operations) is { } error) return error;
            if (operations[^1].BulkId is { } id && !ids.Add(id)) return ScimErrors.InvalidSyntax($"bulkId {ScimErrors.Quote(id)} is there twice.");
        }

        return null;
    }

    private static ScimError? ReadOperation(JsonElement json, List<BulkOperation> operations)
    {
        var fields = new JsonElement[Fields.Length];
        if (ScimJson.Fields(json, Fields, fields) is { } wrong) return wrong;
        for (var i = 0; i < 4; i++)
        {
            if (!ScimJson.IsAbsent(fields[i]) && fields[i].ValueKind != JsonValueKind.String) return ScimErrors.InvalidSyntax($"{Fields[i]} must be text.");
        }

        var (method, bulkId, path, data) = (Text(fields[0]) ?? "", Text(fields[1]), Text(fields[2]) ?? "", fields[4]);
        var known = TryMethod(method, out var kind);
        var (endpoint, id) = Split(path);
        var references = new HashSet<string>(StringComparer.Ordinal);
        if (id is not null && BulkReferences.Is(id, out var made)) references.Add(made);
        if (kind != BulkMethod.Delete) BulkReferences.Collect(data, references);
        var deferrable = kind == BulkMethod.Post ? BulkReferences.OfMembersOnly(data) : [];
        operations.Add(new BulkOperation
        {
            Method = known ? method.ToUpperInvariant() : "", Kind = kind, BulkId = bulkId, Endpoint = endpoint, Id = id, Version = Text(fields[3]), Data = data, References = references, Deferrable = deferrable,
            Error = !known ? ScimErrors.InvalidSyntax("method must be POST, PUT, PATCH or DELETE.") : Wrong(kind, bulkId, endpoint, id, data),
        });
        return null;
    }

    private static ScimError? Wrong(BulkMethod kind, string? bulkId, string endpoint, string? id, JsonElement data)
    {
        if (bulkId is { Length: 0 or > LongestId }) return ScimErrors.InvalidValue("bulkId", $"has 1 to {LongestId} characters.");
        if (kind == BulkMethod.Post && bulkId is null) return ScimErrors.InvalidSyntax("A POST needs a bulkId.");
        if (endpoint.Length == 0) return ScimErrors.InvalidSyntax("path must be an endpoint such as /Users, with an id where one is meant.");
        if (kind == BulkMethod.Post != id is null) return ScimErrors.InvalidSyntax(kind == BulkMethod.Post ? "The path of a POST has no id." : "The path needs an id.");
        return kind == BulkMethod.Delete || data.ValueKind == JsonValueKind.Object ? null : ScimErrors.InvalidSyntax("data must be an object.");
    }

    private static bool TryMethod(string method, out BulkMethod kind)
    {
        // Enum.TryParse would take numbers.
        kind = BulkMethod.Delete;
        foreach (var candidate in Enum.GetValues<BulkMethod>())
        {
            if (!candidate.ToString().Equals(method, StringComparison.OrdinalIgnoreCase)) continue;
            kind = candidate;
            return true;
        }

        return false;
    }

    /// <summary>Relative to the base (RFC 7644 3.7): <c>/Users</c> or <c>/Users/id</c>. Anything else has no endpoint.</summary>
    private static (string Endpoint, string? Id) Split(string path)
    {
        var trimmed = path.StartsWith('/') ? path[1..] : path;
        var slash = trimmed.IndexOf('/');
        var (name, id) = slash < 0 ? (trimmed, null) : (trimmed[..slash], trimmed[(slash + 1)..]);
        return name.Length == 0 || name.Contains('?') || id is { Length: 0 or > LongestId } || id?.AsSpan().ContainsAny('/', '?') == true ? ("", null) : ("/" + name, id);
    }

    private static string? Text(JsonElement json) => json.ValueKind == JsonValueKind.String ? json.GetString() : null;
}
