using TenantIdP.Scim.Schemas;

namespace TenantIdP.Scim.Values;

/// <summary>Whether two values are the same.</summary>
public static class ValueEquality
{
    /// <summary>Every letter counts: for "did anything change", where <c>Ann</c> and <c>ann</c> are two values.</summary>
    public static bool Identical(ScimValue? one, ScimValue? other) => Equal(one, other, null, exact: true);

    /// <summary>As the schema compares: text of an attribute that is not caseExact whatever its case.</summary>
    public static bool Same(ScimAttribute attribute, ScimValue? one, ScimValue? other) => Equal(one, other, attribute, exact: false);

    private static bool Equal(ScimValue? one, ScimValue? other, ScimAttribute? attribute, bool exact) => (one, other) switch
    {
        (null, null) => true,
        (TextValue a, TextValue b) => string.Equals(a.Text, b.Text, exact || attribute is null ? StringComparison.Ordinal : attribute.Comparison),
        (BooleanValue a, BooleanValue b) => a.Value == b.Value,
        (NumberValue a, NumberValue b) => a.Value == b.Value,
        (DateTimeValue a, DateTimeValue b) => a.Value == b.Value,
        (MultiValue a, MultiValue b) => Equal(a, b, attribute, exact),
        (ComplexValue a, ComplexValue b) => Equal(a, b, exact),
        _ => false,
    };

    private static bool Equal(MultiValue one, MultiValue other, ScimAttribute? attribute, bool exact)
    {
        if (one.Values.Count != other.Values.Count) return false;
        for (var i = 0; i < one.Values.Count; i++)
        {
            if (!Equal(one.Values[i], other.Values[i], attribute, exact)) return false;
        }

        return true;
    }

    private static bool Equal(ComplexValue one, ComplexValue other, bool exact)
    {
        if (one.Assigned.Count != other.Assigned.Count) return false;
        foreach (var (attribute, value) in one.Assigned)
        {
            if (!Equal(value, other.Get(attribute), attribute, exact)) return false;
        }

        return true;
    }
}
