using static TenantIdP.Scim.Schemas.MultiValuedShape;

namespace TenantIdP.Scim.Schemas;

/// <summary>The enterprise extension (RFC 7643 4.3).</summary>
public static class EnterpriseUserSchema
{
    public static ScimAttribute Manager { get; } = new("manager", AttributeType.Complex)
    {
        Description = "The user's manager.",
        SubAttributes =
        [
            new ScimAttribute("value") { Description = "The id of the manager's user.", CaseExact = true },
            new ScimAttribute("$ref", AttributeType.Reference) { Description = "The manager's address.", ReferenceTypes = ["User"] },
            new ScimAttribute("displayName") { Description = "The manager's name.", Mutability = Mutability.ReadOnly },
        ],
    };

    public static ScimSchema Schema { get; } = new(ScimUrns.EnterpriseUser, "EnterpriseUser", "What companies add to a user.",
    [
        Text("employeeNumber", "The number that the company gave."), Text("costCenter", "The cost center."), Text("organization", "The company."), Text("division", "The division."),
        Text("department", "The department."), Manager,
    ]);
}
