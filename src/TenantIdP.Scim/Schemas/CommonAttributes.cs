namespace TenantIdP.Scim.Schemas;

/// <summary>What every resource has (RFC 7643 3.1); in no schema's own list.</summary>
public static class CommonAttributes
{
    public static ScimAttribute Schemas { get; } = new("schemas", AttributeType.Reference)
    {
        Description = "The schemas of the resource.", MultiValued = true, Required = true, CaseExact = false, Mutability = Mutability.ReadOnly, Returned = Returned.Always, ReferenceTypes = ["uri"],
    };

    public static ScimAttribute Id { get; } = new("id")
    {
        Description = "Given by the server.", CaseExact = true, Mutability = Mutability.ReadOnly, Returned = Returned.Always, Uniqueness = Uniqueness.Server,
    };

    public static ScimAttribute ExternalId { get; } = new("externalId") { Description = "Given by the client.", CaseExact = true };

    public static ScimAttribute ResourceType { get; } = ReadOnly("resourceType", AttributeType.String, caseExact: true);

    public static ScimAttribute Created { get; } = ReadOnly("created", AttributeType.DateTime);

    public static ScimAttribute LastModified { get; } = ReadOnly("lastModified", AttributeType.DateTime);

    public static ScimAttribute Location { get; } = ReadOnly("location", AttributeType.Reference, caseExact: true);

    public static ScimAttribute Version { get; } = ReadOnly("version", AttributeType.String, caseExact: true);

    public static ScimAttribute Meta { get; } = new("meta", AttributeType.Complex)
    {
        Description = "About the resource itself.", Mutability = Mutability.ReadOnly, SubAttributes = [ResourceType, Created, LastModified, Location, Version],
    };

    private static ScimAttribute ReadOnly(string name, AttributeType type, bool caseExact = false) => new(name, type) { Mutability = Mutability.ReadOnly, CaseExact = caseExact };
}
