using System.Text.Json;
using TenantIdP.Scim.Json;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Patches;

/// <summary>A PATCH that was understood whole (RFC 7644 3.5.2): what can be wrong with it without knowing the resource was looked for. Changes of members stand apart.</summary>
public sealed class PatchRequest
{
    internal PatchRequest(ScimResourceType type, PatchReading reading) =>
        (ResourceType, Operations, Members, Ignored, AssertedId) = (type, reading.Operations, reading.Members, reading.Ignored, reading.AssertedId);

    public ScimResourceType ResourceType { get; }

    /// <summary>In their order, without those on members.</summary>
    public IReadOnlyList<PatchOperation> Operations { get; }

    public MemberChangeSet Members { get; }

    /// <summary>Names of sub-attributes that the schema does not have, inside values that are otherwise understood.</summary>
    public IReadOnlyList<string> Ignored { get; }

    /// <summary>Okta repeats the id in the value that it sends; another id is an error of the client.</summary>
    internal string? AssertedId { get; }

    /// <param name="maxBytes">What is longer is 413, unread.</param>
    public static ScimResult<PatchRequest> Read(ReadOnlyMemory<byte> utf8, ScimResourceType type, int maxBytes)
    {
        var parsed = ScimJson.Parse(utf8, maxBytes);
        if (!parsed.IsOk) return parsed.Error;
        using var document = parsed.Value;
        return Read(document.RootElement, type);
    }

    /// <param name="json">Of a document that <see cref="ScimJson"/> parsed; not needed afterwards.</param>
    public static ScimResult<PatchRequest> Read(JsonElement json, ScimResourceType type)
    {
        var reading = new PatchReading(type);
        return reading.Read(json) is { } error ? error : new PatchRequest(type, reading);
    }

    /// <summary>Applies all operations, or none: <paramref name="resource"/> is left as it is.</summary>
    /// <param name="resource">As it is stored, with its id; a group without its members.</param>
    public ScimResult<PatchOutcome> Apply(ComplexValue resource)
    {
        if (AssertedId is not null && resource.Text(CommonAttributes.Id) is { } id && id != AssertedId) return ScimErrors.Mutability("id", "can't be changed.");
        if (Operations.Count == 0) return new PatchOutcome(resource, false, Members);
        var changed = resource.Clone();
        var comparisons = 0L;
        foreach (var operation in Operations)
        {
            comparisons += ValueListPatch.Comparisons(operation, changed);
            if (comparisons > ScimLimits.MaxPatchComparisons) return ScimErrors.TooMany("The operations select and compare too many values.");
            if (PatchApplier.Apply(operation, changed) is { } error) return error;
        }

        if ((ResourceReader.Missing(changed, ResourceType) ?? ResourceReader.CheckImmutable(resource, changed)) is { } wrong) return wrong;
        return new PatchOutcome(changed, !ValueEquality.Identical(resource, changed), Members);
    }
}

/// <param name="Resource">The resource afterwards, without what is done to its members.</param>
/// <param name="ResourceChanged">False where every operation found what it asks for: nothing is to be written, and the version stays.</param>
/// <param name="Members">What is to be done to the members of a group.</param>
public sealed record PatchOutcome(ComplexValue Resource, bool ResourceChanged, MemberChangeSet Members)
{
    /// <summary>Nothing is to be done at all.</summary>
    public bool IsNoOp => !ResourceChanged && Members.IsEmpty;
}
