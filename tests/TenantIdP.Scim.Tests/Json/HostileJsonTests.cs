using System.Text;
using TenantIdP.Scim.Bulk;
using TenantIdP.Scim.Json;
using TenantIdP.Scim.Patches;
using Xunit;

namespace TenantIdP.Scim.Tests.Json;

/// <summary>Bombs: what nobody would write is refused before it costs.</summary>
[Trait("Attack", "G3")]
public sealed class HostileJsonTests
{
    [Theory]
    [InlineData("[", 100_000)]
    [InlineData("{\"a\":", 100_000)]
    [InlineData("{\"a\":[", 50_000)]
    [InlineData("[", 33)]
    public void A_hundred_thousand_levels_are_refused(string level, int levels)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(level, levels)));
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal("invalidSyntax", ResourceReader.Read(bytes, Resources.User, int.MaxValue).Error?.ScimType);
        Assert.Equal("invalidSyntax", PatchRequest.Read(bytes, Resources.User, int.MaxValue).Error?.ScimType);
        Assert.Equal("invalidSyntax", BulkRequest.Read(bytes, new BulkLimits(10, int.MaxValue)).Error?.ScimType);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 3 * (bytes.Length + 64 * 1024)); // what the parser's index of the levels takes
    }

    [Fact]
    public void What_is_too_long_is_not_read()
    {
        var bytes = new byte[5 * 1024 * 1024];
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal(413, ResourceReader.Read(bytes, Resources.User, Resources.MaxBytes).Error?.Status);
        Assert.Equal(413, PatchRequest.Read(bytes, Resources.User, Resources.MaxBytes).Error?.Status);
        Assert.Equal(413, BulkRequest.Read(bytes, new BulkLimits(10, Resources.MaxBytes)).Error?.Status);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    [Theory]
    [InlineData("\"userName\":\"{0}\"")]
    [InlineData("\"userName\":\"a\",\"{0}\":1")]
    [InlineData("\"userName\":\"a\",\"emails\":[{{\"value\":\"{0}\"}}]")]
    public void Five_megabytes_of_text_are_read_in_proportion(string shape)
    {
        var text = string.Format(System.Globalization.CultureInfo.InvariantCulture, shape, new string('x', 5 * 1024 * 1024));
        var bytes = Encoding.UTF8.GetBytes($$"""{"schemas":["{{ScimUrns.User}}"],{{text}} }""");
        var before = GC.GetAllocatedBytesForCurrentThread();

        var read = ResourceReader.Read(bytes, Resources.User, int.MaxValue);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 5L * bytes.Length);
        if (!read.IsOk) Assert.InRange(read.Error.Detail.Length, 1, 200);
        else Assert.InRange(read.Value.Ignored.Sum(name => name.Length), 1, 100);
    }

    [Fact]
    public void Values_of_one_attribute_are_capped()
    {
        static string Users(int count) => $$"""{"schemas":["{{ScimUrns.User}}"],"userName":"a","emails":[{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"a{i}\""))}}] }""";

        Assert.Equal("emails: has more than 500 values.", Resources.Refused(Resources.User, Users(501)).Detail);
        Assert.NotNull(Resources.Read(Resources.User, Users(500)));
    }

    [Fact]
    public void A_hundred_thousand_members_are_read_in_proportion()
    {
        var members = string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"{{\"value\":\"u{i}\"}}"));
        var bytes = Encoding.UTF8.GetBytes($$"""{"schemas":["{{ScimUrns.Group}}"],"displayName":"All","members":[{{members}}]}""");
        var before = GC.GetAllocatedBytesForCurrentThread();

        var read = ResourceReader.Read(bytes, Resources.Group, int.MaxValue);

        Assert.Equal(100_000, MemberChangeSet.All(read.Value!.Resource.Values(Scim.Schemas.GroupSchema.Members)).Added.Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 40L * bytes.Length);
    }
}
