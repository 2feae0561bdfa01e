using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Patches;

internal static class MemberSelection
{
    /// <summary>The values that <c>value eq "a" or value eq "b"</c> selects, in their order; null for a filter that can't be answered without the members.</summary>
    public static IReadOnlyList<string>? Values(ScimFilter filter)
    {
        if (filter is OrFilter or)
        {
            var all = new List<string>(or.Terms.Count);
            foreach (var term in or.Terms)
            {
                if (One(term) is not { } value) return null;
                all.Add(value);
            }

            return all;
        }

        return One(filter) is { } only ? [only] : null;
    }

    private static string? One(ScimFilter filter) =>
        filter is CompareFilter { Operator: CompareOperator.Equal, Value: TextValue value } compare && ReferenceEquals(compare.Path.Leaf, GroupSchema.MemberValue) ? value.Text : null;
}
