using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Patches;

/// <summary>
/// The value that an operation makes when its filter selects none: the one of which the filter is true. Entra sets <c>emails[type eq "work"].value</c> of people who have no such
/// address. The standard has noTarget for a Replace (RFC 7644 3.5.2.3), which stays for filters on anything but <c>type</c> and <c>primary</c>.
/// </summary>
internal static class NewValue
{
    public static ComplexValue? For(PatchOperation operation)
    {
        var attribute = operation.Path.Target.Attribute;
        var terms = Terms(operation.Path.Filter);
        // Without a filter there is a sub-attribute to set; a filter that is no list of equalities describes no value.
        if (operation.Path.Filter is not null && terms.Count == 0) return null;
        var made = new ComplexValue();
        foreach (var term in terms)
        {
            var sub = term.Path.Leaf;
            var creates = operation.Kind == PatchKind.Add || ReferenceEquals(sub, attribute.TypeAttribute) || ReferenceEquals(sub, attribute.PrimaryAttribute);
            if (!creates || sub.Mutability == Mutability.ReadOnly || made.Get(sub) is not null) return null;
            made.Set(sub, term.Value!); // Terms has none without a value
        }

        return made;
    }

    /// <summary>The equalities of which a filter is the conjunction; none when it is not one.</summary>
    public static IReadOnlyList<CompareFilter> Terms(ScimFilter? filter)
    {
        IReadOnlyList<ScimFilter> all = filter switch { null => [], AndFilter and => and.Terms, var one => [one] };
        var terms = all.OfType<CompareFilter>().Where(c => c is { Operator: CompareOperator.Equal, Value: not null }).ToList();
        return terms.Count == all.Count ? terms : [];
    }
}
