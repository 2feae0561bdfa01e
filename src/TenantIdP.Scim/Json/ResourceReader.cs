using System.Text.Json;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Json;

/// <param name="Resource">Without what is read only: <c>id</c>, <c>meta</c>, <c>groups</c>.</param>
/// <param name="Ignored">Names in the request that the schema does not have, at most 20: for the log that an admin reads.</param>
public sealed record ResourceBody(ComplexValue Resource, IReadOnlyList<string> Ignored);

/// <summary>Reads the body of a POST or a PUT (RFC 7644 3.3 and 3.5.1). Names that are unknown are ignored and reported: directories send attributes of their own.</summary>
public static class ResourceReader
{
    private static readonly string[] SchemasField = ["schemas"];

    /// <param name="utf8">The body.</param>
    /// <param name="maxBytes">What is longer is 413, unread.</param>
    public static ScimResult<ResourceBody> Read(ReadOnlyMemory<byte> utf8, ScimResourceType type, int maxBytes)
    {
        var parsed = ScimJson.Parse(utf8, maxBytes);
        if (!parsed.IsOk) return parsed.Error;
        using var document = parsed.Value;
        return Read(document.RootElement, type);
    }

    /// <summary>
    /// Reads what <see cref="Responses.ResourceWriter"/> wrote to be kept. The attributes of an organization's own may have been defined anew since: a value that fits no more is left out.
    /// </summary>
    public static ScimResult<ResourceBody> ReadStored(ReadOnlyMemory<byte> utf8, ScimResourceType type)
    {
        var parsed = ScimJson.Parse(utf8, int.MaxValue);
        if (!parsed.IsOk) return parsed.Error;
        using var document = parsed.Value;
        return Read(document.RootElement, type, new ValueReader(isStored: true));
    }

    /// <inheritdoc cref="Read(ReadOnlyMemory{byte}, ScimResourceType, int)"/>
    /// <param name="json">Of a document that <see cref="ScimJson"/> parsed.</param>
    public static ScimResult<ResourceBody> Read(JsonElement json, ScimResourceType type) => Read(json, type, new ValueReader());

    private static ScimResult<ResourceBody> Read(JsonElement json, ScimResourceType type, ValueReader reader)
    {
        // URNs other than the type's own are no more than a hint: Entra names the enterprise schema without using it, and one of its own for groups.
        Span<JsonElement> schemas = [default];
        if ((ScimJson.Fields(json, SchemasField, schemas) ?? ScimJson.RequireSchema(schemas[0], type.Schema.Id)) is { } wrong) return wrong;
        var resource = reader.ReadObject(type.Root, json);
        if (reader.Error is { } error) return error;
        return Missing(resource!, type) is { } missing ? missing : new ResourceBody(resource!, reader.Ignored); // without an error there is one
    }

    /// <summary>Every required attribute has a value that is more than blanks.</summary>
    internal static ScimError? Missing(ComplexValue resource, ScimResourceType type)
    {
        foreach (var attribute in type.Schema.Attributes)
        {
            if (attribute.Required && (resource.Get(attribute) is not { } value || string.IsNullOrWhiteSpace(value.AsText ?? "x"))) return ScimErrors.InvalidValue(attribute.Name, "is required.");
        }

        return null;
    }

    /// <summary>What was set once stays as it is (RFC 7644 3.5.1): an attribute that is immutable may be new, and not another.</summary>
    /// <param name="before">The resource as it is stored.</param>
    /// <param name="after">As a PUT would make it.</param>
    public static ScimError? CheckImmutable(ComplexValue before, ComplexValue after)
    {
        foreach (var (attribute, value) in before.Assigned)
        {
            var next = after.Get(attribute);
            if (attribute.Mutability == Mutability.Immutable && !ValueEquality.Identical(value, next)) return ScimErrors.Mutability(attribute.Name, "can't be changed once it is set.");
            // Values of a list have no identity of their own, so only what is there once can be compared.
            if (value is ComplexValue one && CheckImmutable(one, next as ComplexValue ?? new ComplexValue()) is { } wrong) return wrong;
        }

        return null;
    }
}
