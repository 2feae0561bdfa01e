using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Names;

namespace TenantIdP.Scim.Tests.Properties;

public sealed class FilterProperties
{
    [Property(MaxTest = 1000)]
    public Property What_is_printed_reads_back_as_itself() => Prop.ForAll(Generated.Filters, filter =>
    {
        var parsed = FilterParser.Parse(filter.ToString(), Resources.User);
        return (parsed.IsOk && parsed.Value.ToString() == filter.ToString()) || filter.ToString().Length > ScimLimits.MaxFilterLength || parsed.Error?.Detail.Contains("comparisons", StringComparison.Ordinal) == true;
    });

    [Property(MaxTest = 1000)]
    public Property What_is_read_back_means_the_same() => Prop.ForAll(Generated.FiltersOfUsers, given =>
    {
        var (filter, _, user) = given;
        var parsed = FilterParser.Parse(filter.ToString(), Resources.User);
        return !parsed.IsOk || FilterEvaluator.Matches(parsed.Value, user) == FilterEvaluator.Matches(filter, user);
    });

    [Property(MaxTest = 500)]
    public Property Logic_holds() => Prop.ForAll(Generated.FiltersOfUsers, given =>
    {
        var (one, other, user) = given;
        bool Is(ScimFilter filter) => FilterEvaluator.Matches(filter, user);
        return Is(new NotFilter(one)) == !Is(one) && Is(AndFilter.Of([one, other])) == (Is(one) && Is(other)) && Is(OrFilter.Of([one, other])) == (Is(one) || Is(other));
    });

    [Property(MaxTest = 2000)]
    public bool Text_of_any_kind_is_read_or_refused_without_an_exception(string? text)
    {
        var filter = FilterParser.Parse(text ?? "", Resources.User);
        var path = PatchPath.Parse(text ?? "", Resources.User);
        return (filter.IsOk || filter.Error.ScimType == ScimTypes.InvalidFilter) && (path.IsOk || path.Error.ScimType is ScimTypes.InvalidPath or ScimTypes.InvalidFilter);
    }

    /// <summary>A filter with some characters gone, doubled or changed is another filter or none, and what is read of it prints and reads back.</summary>
    [Property(MaxTest = 2000)]
    public Property A_filter_with_a_change_is_read_or_refused() => Prop.ForAll(
        (from filter in Generated.Filters.Generator from at in Gen.Choose(0, 4000) from length in Gen.Choose(0, 3) from put in Gen.Elements("", "(", ")", "[", "]", "\"", "\\", " ", "not (", " and ", ".", ":", "\0") select (filter.ToString(), at, length, put)).ToArbitrary(),
        given =>
        {
            var (text, at, length, put) = given;
            var from = at % (text.Length + 1);
            var changed = text[..from] + put + text[Math.Min(text.Length, from + length)..];
            var parsed = FilterParser.Parse(changed, Resources.User);
            if (!parsed.IsOk) return parsed.Error.ScimType == ScimTypes.InvalidFilter;
            var printed = parsed.Value.ToString();
            return printed.Length > ScimLimits.MaxFilterLength || FilterParser.Parse(printed, Resources.User).Value?.ToString() == printed;
        });
}
