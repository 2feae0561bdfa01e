namespace TenantIdP.Scim.Schemas;

/// <summary>The schemas of the documents by which a service describes itself (RFC 7643 5, 6, 7 and 8.7.2; RFC 9865 4).</summary>
public static class DiscoverySchemas
{
    public static ScimSchema ServiceProviderConfig { get; } = new(ScimUrns.ServiceProviderConfig, "Service Provider Configuration", "What the service can.",
    [
        Reference("documentationUri", "The documentation."),
        Complex("patch", "PATCH.", Supported),
        Complex("bulk", "Bulk requests.", Supported, Number("maxOperations", "The most operations of one request."), Number("maxPayloadSize", "The most bytes of one request.")),
        Complex("filter", "Filters.", Supported, Number("maxResults", "The most resources of one page.")),
        Complex("changePassword", "Changing passwords.", Supported),
        Complex("sort", "Sorting.", Supported),
        Complex("etag", "Entity tags.", Supported),
        Complex("pagination", "Paging.", Flag("cursor", "By cursor."), Flag("index", "By index."), Fixed("defaultPaginationMethod", "How pages are made when the client does not say."),
            Number("defaultPageSize", "The size of a page when the client does not say.", required: false), Number("maxPageSize", "The most resources of one page.", required: false),
            Number("cursorTimeout", "How many seconds a cursor is good for.", required: false)),
        Complex("authenticationSchemes", "How clients authenticate.", many: true, Fixed("type", "The scheme."), Fixed("name", "Its name."), Fixed("description", "What it is."), Reference("specUri", "Its specification."),
            Reference("documentationUri", "Its documentation."), Flag("primary", "Whether it is the preferred one.", required: false)),
    ]);

    public static ScimSchema ResourceType { get; } = new(ScimUrns.ResourceType, "ResourceType", "A type of resource.",
    [
        Fixed("id", "The type's id."), Fixed("name", "The type's name."), Fixed("description", "What it is."), Reference("endpoint", "Relative to the base of the service.", required: true),
        Reference("schema", "The core schema.", required: true), Complex("schemaExtensions", "The extensions.", many: true, Reference("schema", "The extension.", required: true), Flag("required", "Whether a resource must have it.")),
    ]);

    public static ScimSchema Schema { get; } = new(ScimUrns.Schema, "Schema", "The attributes of resources.",
    [
        Fixed("id", "The schema's URN."), Fixed("name", "The schema's name."), Fixed("description", "What it is."),
        Complex("attributes", "The attributes.", many: true, [.. AttributeMembers, Complex("subAttributes", "Of a complex attribute.", many: true, AttributeMembers)]),
    ]);

    private static ScimAttribute Supported => Flag("supported", "Whether it is supported.");

    private static ScimAttribute[] AttributeMembers =>
    [
        Fixed("name", "Its name."), Fixed("type", "Its type."), Flag("multiValued", "Whether it has several values."), Fixed("description", "What it is."),
        Flag("required", "Whether it must be there."), Many("canonicalValues", "Suggested values."), Flag("caseExact", "Whether case counts."),
        Fixed("mutability", "Who sets it."), Fixed("returned", "When it is returned."), Fixed("uniqueness", "Where its values are unique."), Many("referenceTypes", "What it refers to."),
    ];

    /// <summary>All that <c>/Schemas</c> lists: those of the types, each once, then those of the service itself.</summary>
    public static IReadOnlyList<ScimSchema> All(params IReadOnlyList<ScimResourceType> types) =>
        [.. types.SelectMany(t => t.Extensions.Prepend(t.Schema)).DistinctBy(s => s.Id), ServiceProviderConfig, ResourceType, Schema];

    private static ScimAttribute Fixed(string name, string description) => new(name) { Description = description, CaseExact = true, Mutability = Mutability.ReadOnly };

    private static ScimAttribute Many(string name, string description) => new(name) { Description = description, MultiValued = true, CaseExact = true, Mutability = Mutability.ReadOnly };

    private static ScimAttribute Flag(string name, string description, bool required = true) => new(name, AttributeType.Boolean) { Description = description, Required = required, Mutability = Mutability.ReadOnly };

    private static ScimAttribute Number(string name, string description, bool required = true) => new(name, AttributeType.Integer) { Description = description, Required = required, Mutability = Mutability.ReadOnly };

    private static ScimAttribute Reference(string name, string description, bool required = false) =>
        new(name, AttributeType.Reference) { Description = description, Required = required, Mutability = Mutability.ReadOnly, ReferenceTypes = ["external"] };

    private static ScimAttribute Complex(string name, string description, params ScimAttribute[] subs) => Complex(name, description, false, subs);

    private static ScimAttribute Complex(string name, string description, bool many, params ScimAttribute[] subs) =>
        new(name, AttributeType.Complex) { Description = description, MultiValued = many, Mutability = Mutability.ReadOnly, SubAttributes = subs };
}
