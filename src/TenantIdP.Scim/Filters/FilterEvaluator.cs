using TenantIdP.Scim.Names;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Filters;

/// <summary>
/// Says whether a resource, or one value of a multi-valued attribute, satisfies a filter. This is the meaning that a translation to SQL is held to.
/// Text of an attribute that is not caseExact is compared whatever its case; order of text is ordinal.
/// </summary>
public sealed class FilterEvaluator(ComplexValue subject) : IScimFilterVisitor<bool>
{
    public static bool Matches(ScimFilter filter, ComplexValue subject) => filter.Accept(new FilterEvaluator(subject));

    public bool And(AndFilter filter)
    {
        foreach (var term in filter.Terms)
        {
            if (!term.Accept(this)) return false;
        }

        return true;
    }

    public bool Or(OrFilter filter)
    {
        foreach (var term in filter.Terms)
        {
            if (term.Accept(this)) return true;
        }

        return false;
    }

    public bool Not(NotFilter filter) => !filter.Inner.Accept(this);

    public bool Compare(CompareFilter filter)
    {
        var any = false;
        foreach (var value in Leaves(filter.Path))
        {
            any = true;
            if (filter.Value is { } wanted && Holds(filter.Operator, value, wanted, filter.Path.Leaf)) return true;
        }

        // With null: eq asks for none, ne for any. Otherwise only ne holds for what has no value.
        return filter.Operator == CompareOperator.NotEqual ? (filter.Value is null) == any : filter.Value is null && !any;
    }

    public bool Present(PresentFilter filter)
    {
        foreach (var value in Leaves(filter.Path))
        {
            if (value is not TextValue { Text: "" } and not ComplexValue { IsEmpty: true }) return true;
        }

        return false;
    }

    public bool ValuePath(ValuePathFilter filter)
    {
        foreach (var value in Leaves(filter.Path))
        {
            if (value is ComplexValue complex && filter.Inner.Accept(new FilterEvaluator(complex))) return true;
        }

        return false;
    }

    /// <summary>All values that a path means.</summary>
    private IEnumerable<ScimValue> Leaves(AttributePath path)
    {
        if (path.Holder(subject)?.Get(path.Attribute) is not { } found) return [];
        return path.SubAttribute is null ? Each(found) : Each(found).OfType<ComplexValue>().Select(c => c.Get(path.SubAttribute)).OfType<ScimValue>().SelectMany(Each);
    }

    private static IEnumerable<ScimValue> Each(ScimValue value) => value is MultiValue many ? many.Values : [value];

    private static bool Holds(CompareOperator op, ScimValue value, ScimValue wanted, ScimAttribute attribute) => (value, wanted) switch
    {
        (TextValue a, TextValue b) => Holds(op, a.Text, b.Text, attribute.Comparison),
        (BooleanValue a, BooleanValue b) => Holds(op, a.Value.CompareTo(b.Value)),
        (NumberValue a, NumberValue b) => Holds(op, a.Value.CompareTo(b.Value)),
        (DateTimeValue a, DateTimeValue b) => Holds(op, a.Value.CompareTo(b.Value)),
        _ => false,
    };

    private static bool Holds(CompareOperator op, string value, string wanted, StringComparison comparison) => op switch
    {
        CompareOperator.Contains => value.Contains(wanted, comparison),
        CompareOperator.StartsWith => value.StartsWith(wanted, comparison),
        CompareOperator.EndsWith => value.EndsWith(wanted, comparison),
        CompareOperator.Equal => string.Equals(value, wanted, comparison),
        CompareOperator.NotEqual => !string.Equals(value, wanted, comparison),
        _ => Holds(op, string.Compare(value, wanted, comparison)),
    };

    private static bool Holds(CompareOperator op, int order) => op switch
    {
        CompareOperator.Equal => order == 0,
        CompareOperator.NotEqual => order != 0,
        CompareOperator.GreaterThan => order > 0,
        CompareOperator.GreaterOrEqual => order >= 0,
        CompareOperator.LessThan => order < 0,
        CompareOperator.LessOrEqual => order <= 0,
        CompareOperator.Contains or CompareOperator.StartsWith or CompareOperator.EndsWith => false,
    };
}
