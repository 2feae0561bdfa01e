using TenantIdP.Core.Directories;
using TenantIdP.Scim.Schemas;

namespace TenantIdP.Server.Scim;

/// <summary>What users are in a directory: those of the standard, and what its organization has added. A directory that adds nothing shares one type with all others.</summary>
internal static class UserTypes
{
    private static readonly string[] Anywhere = ["external"];

    public static ScimResourceType Of(OrganizationDirectory directory)
    {
        if (directory.CustomAttributes.Count == 0) return ScimResourceType.User;
        var added = CustomUserSchema.Create([.. directory.CustomAttributes.Select(Of)]);
        return added.IsOk ? ScimResourceType.UserWith(added.Value) : throw new InvalidOperationException($"The attributes of {directory.Id} are none: {added.Error.Detail}");
    }

    private static ScimAttribute Of(DirectoryAttribute attribute)
    {
        var type = TypeOf(attribute.Type);
        return new ScimAttribute(attribute.Name, type)
        {
            Description = attribute.Description,
            MultiValued = attribute.MultiValued,
            CaseExact = attribute.CaseExact || type == AttributeType.Reference, // RFC 7643 2.3.7
            ReferenceTypes = type == AttributeType.Reference ? Anywhere : [],
        };
    }

    private static AttributeType TypeOf(DirectoryAttributeType type) => type switch
    {
        DirectoryAttributeType.String => AttributeType.String,
        DirectoryAttributeType.Boolean => AttributeType.Boolean,
        DirectoryAttributeType.Integer => AttributeType.Integer,
        DirectoryAttributeType.Decimal => AttributeType.Decimal,
        DirectoryAttributeType.DateTime => AttributeType.DateTime,
        DirectoryAttributeType.Reference => AttributeType.Reference,
    };
}
