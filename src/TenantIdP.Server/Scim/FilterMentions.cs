using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Schemas;

namespace TenantIdP.Server.Scim;

/// <summary>Whether a filter looks at an attribute: what none looks at is not loaded to be judged.</summary>
internal sealed class FilterMentions(ScimAttribute attribute) : IScimFilterVisitor<bool>
{
    public static bool Of(ScimFilter filter, ScimAttribute attribute) => filter.Accept(new FilterMentions(attribute));

    public bool And(AndFilter filter) => filter.Terms.Any(t => t.Accept(this));

    public bool Or(OrFilter filter) => filter.Terms.Any(t => t.Accept(this));

    public bool Not(NotFilter filter) => filter.Inner.Accept(this);

    public bool Compare(CompareFilter filter) => ReferenceEquals(filter.Path.Attribute, attribute);

    public bool Present(PresentFilter filter) => ReferenceEquals(filter.Path.Attribute, attribute);

    public bool ValuePath(ValuePathFilter filter) => ReferenceEquals(filter.Path.Attribute, attribute);
}
