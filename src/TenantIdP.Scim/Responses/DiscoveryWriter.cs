using System.Text.Json;
using TenantIdP.Scim.Schemas;

namespace TenantIdP.Scim.Responses;

/// <summary>The documents of <c>/Schemas</c> (RFC 7643 7) and <c>/ResourceTypes</c> (RFC 7643 6).</summary>
public static class DiscoveryWriter
{
    /// <param name="baseAddress">Of the service, without a slash at its end.</param>
    public static void WriteSchema(Utf8JsonWriter json, ScimSchema schema, string baseAddress)
    {
        json.WriteStartObject();
        ScimMessages.WriteSchemas(json, ScimUrns.Schema);
        json.WriteString("id", schema.Id);
        json.WriteString("name", schema.Name);
        json.WriteString("description", schema.Description);
        WriteAttributes(json, "attributes", schema.Attributes);
        WriteMeta(json, "Schema", $"{baseAddress}/Schemas/{schema.Id}");
        json.WriteEndObject();
    }

    /// <inheritdoc cref="WriteSchema"/>
    public static void WriteResourceType(Utf8JsonWriter json, ScimResourceType type, string baseAddress)
    {
        json.WriteStartObject();
        ScimMessages.WriteSchemas(json, ScimUrns.ResourceType);
        json.WriteString("id", type.Name);
        json.WriteString("name", type.Name);
        json.WriteString("endpoint", type.Endpoint);
        json.WriteString("description", type.Schema.Description);
        json.WriteString("schema", type.Schema.Id);
        json.WriteStartArray("schemaExtensions");
        foreach (var extension in type.Extensions)
        {
            json.WriteStartObject();
            json.WriteString("schema", extension.Id);
            json.WriteBoolean("required", false);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteMeta(json, "ResourceType", $"{baseAddress}/ResourceTypes/{type.Name}");
        json.WriteEndObject();
    }

    internal static void WriteMeta(Utf8JsonWriter json, string resourceType, string location)
    {
        json.WriteStartObject("meta");
        json.WriteString("resourceType", resourceType);
        json.WriteString("location", location);
        json.WriteEndObject();
    }

    private static void WriteAttributes(Utf8JsonWriter json, string name, IReadOnlyList<ScimAttribute> attributes)
    {
        json.WriteStartArray(name);
        foreach (var attribute in attributes) WriteAttribute(json, attribute);
        json.WriteEndArray();
    }

    private static void WriteAttribute(Utf8JsonWriter json, ScimAttribute attribute)
    {
        json.WriteStartObject();
        json.WriteString("name", attribute.Name);
        json.WriteString("type", Camel(attribute.Type));
        json.WriteBoolean("multiValued", attribute.MultiValued);
        json.WriteString("description", attribute.Description);
        json.WriteBoolean("required", attribute.Required);
        json.WriteBoolean("caseExact", attribute.CaseExact);
        json.WriteString("mutability", Camel(attribute.Mutability));
        json.WriteString("returned", Camel(attribute.Returned));
        json.WriteString("uniqueness", Camel(attribute.Uniqueness));
        WriteNames(json, "canonicalValues", attribute.CanonicalValues);
        WriteNames(json, "referenceTypes", attribute.ReferenceTypes);
        if (attribute.IsComplex) WriteAttributes(json, "subAttributes", attribute.SubAttributes);
        json.WriteEndObject();
    }

    private static void WriteNames(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        if (values.Count == 0) return;
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static string Camel<T>(T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
