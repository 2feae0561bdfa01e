namespace TenantIdP.Scim.Values;

/// <summary>The values of a multi-valued attribute, in their order. Never empty in a resource: no values means unassigned.</summary>
public sealed class MultiValue(List<ScimValue> values) : ScimValue
{
    public IReadOnlyList<ScimValue> Values => values;

    /// <summary>To change while a PATCH is applied.</summary>
    internal List<ScimValue> Items => values;

    internal override ScimValue Copy() => new MultiValue(values.ConvertAll(v => v.Copy()));
}
