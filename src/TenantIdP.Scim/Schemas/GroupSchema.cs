namespace TenantIdP.Scim.Schemas;

/// <summary>The core group (RFC 7643 4.2 and 8.7.1), with what holds here: a name is required and unique, and so is a member's value.</summary>
public static class GroupSchema
{
    public static ScimAttribute DisplayName { get; } = new("displayName") { Description = "The group's name; unique in the directory, whatever the case.", Required = true, Uniqueness = Uniqueness.Server };

    public static ScimAttribute MemberValue { get; } = new("value") { Description = "The id of the member.", Required = true, CaseExact = true, Mutability = Mutability.Immutable };

    public static ScimAttribute MemberRef { get; } = new("$ref", AttributeType.Reference) { Description = "The member's address.", Mutability = Mutability.Immutable, ReferenceTypes = ["User", "Group"] };

    public static ScimAttribute MemberType { get; } = new("type") { Description = "The kind of member.", Mutability = Mutability.Immutable, CanonicalValues = ["User", "Group"] };

    public static ScimAttribute MemberDisplay { get; } = new("display") { Description = "The member's name.", Mutability = Mutability.Immutable };

    public static ScimAttribute Members { get; } = new("members", AttributeType.Complex)
    {
        Description = "Who is in the group.", MultiValued = true, IsMemberList = true, SubAttributes = [MemberValue, MemberRef, MemberType, MemberDisplay],
    };

    public static ScimSchema Schema { get; } = new(ScimUrns.Group, "Group", "A group of users.", [DisplayName, Members]);
}
