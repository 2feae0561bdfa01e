using TenantIdP.Scim.Schemas;

namespace TenantIdP.Scim.Values;

/// <summary>At most one value of a multi-valued attribute is primary (RFC 7643 2.4).</summary>
internal static class Primaries
{
    public static int Count(ScimAttribute attribute, IReadOnlyList<ScimValue> values)
    {
        if (attribute.PrimaryAttribute is null) return 0;
        var count = 0;
        foreach (var value in values)
        {
            if (IsPrimary(attribute, value)) count++;
        }

        return count;
    }

    public static bool IsPrimary(ScimAttribute attribute, ScimValue value) =>
        attribute.PrimaryAttribute is { } primary && value is ComplexValue complex && complex.Boolean(primary) == true;

    /// <summary>The new primary value is the only one.</summary>
    public static void Leave(ScimAttribute attribute, IReadOnlyList<ScimValue> values, ScimValue chosen)
    {
        foreach (var value in values)
        {
            if (!ReferenceEquals(value, chosen) && IsPrimary(attribute, value)) ((ComplexValue)value).Set(attribute.PrimaryAttribute!, false); // IsPrimary saw it
        }
    }
}
