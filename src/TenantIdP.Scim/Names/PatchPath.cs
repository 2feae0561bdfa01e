using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Schemas;

namespace TenantIdP.Scim.Names;

/// <summary>What an operation of a PATCH is aimed at (RFC 7644 3.5.2): an attribute, perhaps those of its values that a filter selects, perhaps one of their sub-attributes.</summary>
/// <param name="Target">The attribute and, after the filter if there is one, the sub-attribute.</param>
/// <param name="Filter">Over the sub-attributes of the target's attribute, relative; null for all values.</param>
public sealed record PatchPath(AttributePath Target, ScimFilter? Filter = null)
{
    /// <summary>For an error: without the values in the filter, <c>emails[…].value</c>.</summary>
    public string Described => With("…");

    public override string ToString() => With(Filter?.ToString());

    private string With(string? filter)
    {
        if (Filter is null) return Target.ToString();
        var attribute = Target with { SubAttribute = null };
        return Target.SubAttribute is { } sub ? $"{attribute}[{filter}].{sub.Name}" : $"{attribute}[{filter}]";
    }

    /// <summary>PATH = attrPath / valuePath [subAttr] (RFC 7644 figure 7). An unknown name is an error: nothing would be changed. What is wrong between brackets is <c>invalidFilter</c>.</summary>
    public static ScimResult<PatchPath> Parse(string text, ScimResourceType type)
    {
        if (text.Length > ScimLimits.MaxPathLength) return ScimErrors.InvalidPath(ScimLimits.MaxPathLength + 1, $"A path has at most {ScimLimits.MaxPathLength} characters.");
        var bracket = text.IndexOf('[');
        var name = bracket < 0 ? text : text[..bracket];
        if (name.AsSpan().IndexOfAnyExcept(NameCharacters.Path) is var odd and >= 0) return ScimErrors.InvalidPath(odd + 1, $"{ScimErrors.Quote(name.AsSpan(odd, 1))} is not part of a name.");
        if (!NameResolver.TryResolve(type, name, out var target)) return ScimErrors.InvalidPath(1, $"{type.Name} has no attribute {ScimErrors.Quote(name)}.");
        return bracket < 0 ? new PatchPath(target) : WithFilter(text, bracket, target);
    }

    private static ScimResult<PatchPath> WithFilter(string text, int bracket, AttributePath target)
    {
        if (!target.Leaf.IsComplex || target.SubAttribute is not null || target.Attribute.IsExtension) return ScimErrors.InvalidPath(bracket + 1, $"{target} has no values with sub-attributes to select from.");
        var read = FilterParser.ParseValueFilter(text, bracket + 1, target.Attribute);
        if (!read.IsOk) return read.Error;
        var (filter, end) = (read.Value.Filter, read.Value.End);
        if (end == text.Length) return new PatchPath(target, filter);
        if (text[end] != '.') return ScimErrors.InvalidPath(end + 1, "After ] comes nothing, or a dot and a sub-attribute.");
        var sub = text.AsSpan(end + 1);
        return NameResolver.TryResolve(target.Attribute, sub, out var found)
            ? new PatchPath(target with { SubAttribute = found.Attribute }, filter)
            : ScimErrors.InvalidPath(end + 2, $"{target} has no sub-attribute {ScimErrors.Quote(sub)}.");
    }
}
