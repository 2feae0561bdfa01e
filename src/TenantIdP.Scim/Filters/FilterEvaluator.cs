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
        if (Compare(filter, Value(filter.Path), filter.Path.SubAttribute, ref any)) return true;
        // With null: eq asks for none, ne for any. Otherwise only ne holds for what has no value.
        return filter.Operator == CompareOperator.NotEqual ? (filter.Value is null) == any : filter.Value is null && !any;
    }

    public bool Present(PresentFilter filter) => IsPresent(Value(filter.Path), filter.Path.SubAttribute);

    public bool ValuePath(ValuePathFilter filter) => Value(filter.Path) switch
    {
        MultiValue many => many.Items.Exists(v => v is ComplexValue one && filter.Inner.Accept(new FilterEvaluator(one))),
        ComplexValue one => filter.Inner.Accept(new FilterEvaluator(one)),
        _ => false,
    };

    private ScimValue? Value(AttributePath path) => path.Holder(subject)?.Get(path.Attribute);

    /// <summary>Whether the comparison holds for any value of many; nothing is allocated for it.</summary>
    private static bool Compare(CompareFilter filter, ScimValue? value, ScimAttribute? sub, ref bool any)
    {
        if (value is MultiValue many)
        {
            foreach (var one in many.Items)
            {
                if (Compare(filter, one, sub, ref any)) return true;
            }

            return false;
        }

        if (sub is not null) return value is ComplexValue complex && Compare(filter, complex.Get(sub), null, ref any);
        any |= value is not null;
        return value is not null && filter.Value is { } wanted && Holds(filter.Operator, value, wanted, filter.Path.Leaf);
    }

    private static bool IsPresent(ScimValue? value, ScimAttribute? sub) => value switch
    {
        MultiValue many => many.Items.Exists(one => IsPresent(one, sub)),
        ComplexValue complex when sub is not null => IsPresent(complex.Get(sub), null),
        ComplexValue complex => !complex.IsEmpty,
        TextValue text => sub is null && text.Text.Length > 0,
        _ => value is not null && sub is null,
    };

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
