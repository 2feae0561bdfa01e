using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Schemas;

/// <summary>
/// A type of resource (RFC 7643 6): a core schema and its extensions. Seen as one complex attribute, <see cref="Root"/>, an extension is a sub-attribute named by its URN, so that
/// reading, filters, PATCH and writing have one model. Immutable; attributes are compared by reference, so a resource belongs to the type that read it, and making a type builds tables
/// of names.
/// </summary>
public sealed class ScimResourceType
{
    private static readonly ScimAttribute[] Common = [CommonAttributes.Schemas, CommonAttributes.Id, CommonAttributes.ExternalId, CommonAttributes.Meta];

    /// <param name="endpoint">Relative to the base of the service: <c>/Users</c>.</param>
    /// <param name="extensions">None is required.</param>
    public ScimResourceType(string name, string endpoint, ScimSchema schema, params IReadOnlyList<ScimSchema> extensions)
    {
        (Name, Endpoint, Schema, Extensions) = (name, endpoint, schema, extensions);
        Root = new ScimAttribute(name, AttributeType.Complex)
        {
            SubAttributes = [.. Common, .. schema.Attributes, .. extensions.Select(e => new ScimAttribute(e.Id, AttributeType.Complex) { IsExtension = true, SubAttributes = e.Attributes })],
        };
        MemberList = schema.Attributes.FirstOrDefault(a => a.IsMemberList);
    }

    /// <summary>Users with the enterprise extension.</summary>
    public static ScimResourceType User { get; } = UserWith();

    public static ScimResourceType Group { get; } = new("Group", "/Groups", GroupSchema.Schema);

    public string Name { get; }

    public string Endpoint { get; }

    public ScimSchema Schema { get; }

    public IReadOnlyList<ScimSchema> Extensions { get; }

    /// <summary>The whole resource as one complex attribute.</summary>
    public ScimAttribute Root { get; }

    /// <summary>Of a group: the attribute whose values are not loaded to be changed.</summary>
    public ScimAttribute? MemberList { get; }

    /// <summary>Users with the enterprise extension and more, such as what <see cref="CustomUserSchema"/> made.</summary>
    public static ScimResourceType UserWith(params IReadOnlyList<ScimSchema> extensions) => new("User", "/Users", UserSchema.Schema, [EnterpriseUserSchema.Schema, .. extensions]);

    /// <summary>The schemas that a resource says it has: the core one, and each extension of which it has a value.</summary>
    public MultiValue SchemasOf(ComplexValue resource)
    {
        var found = new List<ScimValue>(1 + Extensions.Count) { new TextValue(Schema.Id) };
        foreach (var extension in Extensions)
        {
            if (resource.Get(Root[extension.Id]) is not null) found.Add(new TextValue(extension.Id));
        }

        return new MultiValue(found);
    }
}
