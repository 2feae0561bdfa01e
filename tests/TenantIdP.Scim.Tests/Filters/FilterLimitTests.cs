using System.Text;
using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Names;
using Xunit;

namespace TenantIdP.Scim.Tests.Filters;

/// <summary>A stack that overflows ends the process, so none of this may recurse beyond the cap. What allocates or takes time in proportion to the input is refused before.</summary>
[Trait("Attack", "E7")]
public sealed class FilterLimitTests
{
    [Theory]
    [InlineData("(", 1)]
    [InlineData("not (", 1)]
    [InlineData("title pr and (", 1)]
    [InlineData("title pr or not (", 1)]
    [InlineData("emails[", 1)]
    [InlineData("(", 300)]
    public void A_hundred_thousand_levels_are_refused(string level, int share)
    {
        var text = string.Concat(Enumerable.Repeat(level, 100_000 / share)) + "title pr";

        Assert.Equal("invalidFilter", FilterParser.Parse(text, Resources.User).Error?.ScimType);
        Assert.Contains(PatchPath.Parse("emails[" + text, Resources.User).Error?.ScimType, new[] { "invalidPath", "invalidFilter" });
    }

    [Theory]
    [InlineData(31, true)]
    [InlineData(32, false)]
    [InlineData(1000, false)]
    public void Parentheses_are_capped(int levels, bool fits)
    {
        var text = new string('(', levels) + "title pr" + new string(')', levels);

        Assert.Equal(fits, FilterParser.Parse(text, Resources.User).IsOk);
    }

    [Theory]
    [InlineData(30, true)]
    [InlineData(31, true)]
    [InlineData(32, false)]
    public void Not_and_brackets_count_as_levels(int levels, bool fits)
    {
        var nested = string.Concat(Enumerable.Repeat("not (", levels)) + "title pr" + new string(')', levels);
        var bracket = new string('(', levels - 1) + "emails[type pr]" + new string(')', levels - 1);
        var inside = $"emails[{new string('(', levels - 1)}type pr{new string(')', levels - 1)}]";

        Assert.Equal(fits, FilterParser.Parse(nested, Resources.User).IsOk);
        Assert.Equal(fits, FilterParser.Parse(bracket, Resources.User).IsOk);
        Assert.Equal(fits, FilterParser.Parse(inside, Resources.User).IsOk);
    }

    [Fact]
    public void Terms_are_capped_wherever_they_stand()
    {
        var fits = string.Join(" or ", Enumerable.Repeat("title pr", ScimLimits.MaxFilterTerms));
        var inside = $"emails[{string.Join(" or ", Enumerable.Repeat("type pr", ScimLimits.MaxFilterTerms))}]";

        var behind = string.Join(" or ", Enumerable.Repeat("emails[type pr].value pr", (ScimLimits.MaxFilterTerms / 2) + 1));

        Assert.Contains("at most 128", FilterParser.Parse(behind, Resources.User).Error?.Detail, StringComparison.Ordinal);
        Assert.Equal(ScimLimits.MaxFilterTerms, Assert.IsType<OrFilter>(Resources.Filter(fits)).Terms.Count);
        Assert.Contains("at most 128", FilterParser.Parse(fits + " or title pr", Resources.User).Error?.Detail, StringComparison.Ordinal);
        Assert.Contains("at most 128", FilterParser.Parse(inside, Resources.User).Error?.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(50 * 1024)]
    [InlineData(5 * 1024 * 1024)]
    public void A_long_value_is_refused_without_being_read(int length)
    {
        var text = $"userName eq \"{new string('a', length)}\"";
        var before = GC.GetAllocatedBytesForCurrentThread();

        var error = FilterParser.Parse(text, Resources.User).Error;

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
        Assert.Equal("invalidFilter", error?.ScimType);
    }

    [Fact]
    public void The_longest_value_fits_and_costs_in_proportion()
    {
        var text = new StringBuilder("userName eq \"").Append('a', ScimLimits.MaxFilterLength - 14).Append('"').ToString();
        Resources.Filter("title pr");
        var before = GC.GetAllocatedBytesForCurrentThread();

        var parsed = FilterParser.Parse(text, Resources.User);

        Assert.True(parsed.IsOk);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 * text.Length);
    }

    [Fact]
    public void A_chain_is_one_node_so_that_a_visitor_may_recurse()
    {
        var chain = Resources.Filter("title pr and title pr and (title pr and (title pr or title pr or (title pr or title pr)))");

        var and = Assert.IsType<AndFilter>(chain);
        Assert.Equal(4, and.Terms.Count);
        Assert.Equal(4, Assert.IsType<OrFilter>(and.Terms[3]).Terms.Count);
    }
}
