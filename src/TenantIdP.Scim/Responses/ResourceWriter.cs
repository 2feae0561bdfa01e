using System.Text.Json;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Responses;

/// <summary>Writes a resource as JSON. <c>schemas</c> is computed from what the resource has, so that it is always true.</summary>
public static class ResourceWriter
{
    public static void Write(Utf8JsonWriter json, ComplexValue resource, ScimResourceType type, Projection projection)
    {
        json.WriteStartObject();
        json.WritePropertyName("schemas");
        WriteValue(json, CommonAttributes.Schemas, type.SchemasOf(resource), projection, whole: false);
        WriteMembers(json, resource, projection, whole: false);
        json.WriteEndObject();
    }

    /// <summary>A resource's <c>meta</c> (RFC 7643 3.1).</summary>
    /// <param name="location">The resource's absolute address.</param>
    /// <param name="version">As <see cref="ETags.Of"/> makes it.</param>
    public static ComplexValue Meta(ScimResourceType type, DateTimeOffset created, DateTimeOffset lastModified, string location, string version) => new ComplexValue()
        .Set(CommonAttributes.ResourceType, type.Name).Set(CommonAttributes.Created, new DateTimeValue(created)).Set(CommonAttributes.LastModified, new DateTimeValue(lastModified))
        .Set(CommonAttributes.Location, location).Set(CommonAttributes.Version, version);

    private static void WriteMembers(Utf8JsonWriter json, ComplexValue value, Projection projection, bool whole)
    {
        foreach (var (attribute, member) in value.Assigned)
        {
            if (ReferenceEquals(attribute, CommonAttributes.Schemas) || !Shows(attribute, member, projection, whole)) continue;
            json.WritePropertyName(attribute.Name);
            WriteValue(json, attribute, member, projection, whole || projection.Names(attribute));
        }
    }

    /// <summary>No empty object is left of a value of which nothing is asked for.</summary>
    private static bool Shows(ScimAttribute attribute, ScimValue value, Projection projection, bool whole)
    {
        if (!projection.Includes(attribute, whole)) return false;
        if (ReferenceEquals(projection, Projection.Default)) return value is not ComplexValue { IsEmpty: true };
        whole |= projection.Names(attribute);
        return value is MultiValue many ? many.Items.Exists(one => ShowsAnything(one, projection, whole)) : ShowsAnything(value, projection, whole);
    }

    private static bool ShowsAnything(ScimValue value, Projection projection, bool whole)
    {
        if (value is not ComplexValue complex) return true;
        foreach (var (attribute, member) in complex.Assigned)
        {
            if (Shows(attribute, member, projection, whole)) return true;
        }

        return false;
    }

    private static void WriteValue(Utf8JsonWriter json, ScimAttribute attribute, ScimValue value, Projection projection, bool whole)
    {
        switch (value)
        {
            case MultiValue many:
                json.WriteStartArray();
                foreach (var one in many.Items)
                {
                    if (ReferenceEquals(projection, Projection.Default) || ShowsAnything(one, projection, whole)) WriteValue(json, attribute, one, projection, whole);
                }

                json.WriteEndArray();
                break;
            case ComplexValue complex:
                json.WriteStartObject();
                WriteMembers(json, complex, projection, whole);
                json.WriteEndObject();
                break;
            case TextValue text:
                json.WriteStringValue(text.Text);
                break;
            case BooleanValue boolean:
                json.WriteBooleanValue(boolean.Value);
                break;
            case NumberValue number:
                json.WriteNumberValue(number.Value);
                break;
            case DateTimeValue time:
                json.WriteStringValue(time.ToString());
                break;
            default:
                throw new InvalidOperationException($"{attribute} has a {value.GetType().Name}.");
        }
    }
}
