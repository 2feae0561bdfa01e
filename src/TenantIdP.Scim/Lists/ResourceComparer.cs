using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Lists;

/// <summary>The order of <c>sortBy</c> (RFC 7644 3.4.2.3): of several values the primary one counts, else the first; what has none comes last, and first when descending.</summary>
public sealed class ResourceComparer(SortOrder order) : IComparer<ComplexValue>
{
    public int Compare(ComplexValue? x, ComplexValue? y) => CompareByKey(Key(x), Key(y));

    /// <summary>The same for values of <see cref="Key"/>, where the resources themselves are too many to keep.</summary>
    public int CompareByKey(ScimValue? one, ScimValue? other)
    {
        var ascending = CompareKeys(one, other);
        return order.Descending ? -ascending : ascending;
    }

    /// <summary>The value that a resource is sorted by.</summary>
    public ScimValue? Key(ComplexValue? resource)
    {
        if (resource is null) return null;
        var value = order.By.Holder(resource)?.Get(order.By.Attribute);
        if (value is MultiValue many) value = many.Values.FirstOrDefault(v => Primaries.IsPrimary(order.By.Attribute, v)) ?? (many.Values.Count > 0 ? many.Values[0] : null);
        return order.By.SubAttribute is { } sub ? (value as ComplexValue)?.Get(sub) : value;
    }

    private int CompareKeys(ScimValue? one, ScimValue? other) => (one, other) switch
    {
        (null, null) => 0,
        (null, _) => 1,
        (_, null) => -1,
        (TextValue a, TextValue b) => string.Compare(a.Text, b.Text, order.By.Leaf.Comparison),
        (BooleanValue a, BooleanValue b) => a.Value.CompareTo(b.Value),
        (NumberValue a, NumberValue b) => a.Value.CompareTo(b.Value),
        (DateTimeValue a, DateTimeValue b) => a.Value.CompareTo(b.Value),
        _ => 0,
    };
}
