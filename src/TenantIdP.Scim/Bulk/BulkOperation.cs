using System.Text.Json;

namespace TenantIdP.Scim.Bulk;

public enum BulkMethod
{
    Post,
    Put,
    Patch,
    Delete,
}

/// <param name="MaxOperations">More are 413.</param>
/// <param name="MaxPayload">Bytes; more are 413.</param>
public sealed record BulkLimits(int MaxOperations, int MaxPayload);

/// <summary>One operation as it was sent.</summary>
internal sealed class BulkOperation
{
    /// <summary>As sent, to be repeated in the answer.</summary>
    public required string Method { get; init; }

    public BulkMethod Kind { get; init; }

    public string? BulkId { get; init; }

    /// <summary>Such as <c>/Users</c>.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>The resource's id, or a reference to the operation that makes it.</summary>
    public string? Id { get; init; }

    public string? Version { get; init; }

    public JsonElement Data { get; init; }

    /// <summary>The bulkIds that path and data refer to.</summary>
    public IReadOnlySet<string> References { get; init; } = new HashSet<string>();

    /// <summary>Those of <see cref="References"/> that are members of a group and nothing else: the group can be made without them and get them later.</summary>
    public IReadOnlySet<string> Deferrable { get; init; } = new HashSet<string>();

    /// <summary>Why it can't be done at all.</summary>
    public ScimError? Error { get; init; }
}
