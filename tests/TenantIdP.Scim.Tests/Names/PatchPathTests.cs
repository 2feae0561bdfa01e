using TenantIdP.Scim.Names;
using Xunit;

namespace TenantIdP.Scim.Tests.Names;

public sealed class PatchPathTests
{
    [Theory]
    [InlineData("userName", "userName")]
    [InlineData("USERNAME", "userName")]
    [InlineData("name.familyName", "name.familyName")]
    [InlineData("members.$ref", null)]
    [InlineData("urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", "name.familyName")]
    [InlineData("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")]
    [InlineData("URN:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:User:MANAGER.Value", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value")]
    [InlineData("emails[type eq \"work\"]", "emails[type eq \"work\"]")]
    [InlineData("emails[ type eq \"work\" ].value", "emails[type eq \"work\"].value")]
    [InlineData("emails[type eq \"a]b\"].value", "emails[type eq \"a]b\"].value")]
    [InlineData("addresses[type eq \"work\" and primary eq true].streetAddress", "addresses[type eq \"work\" and primary eq true].streetAddress")]
    [InlineData("name[familyName eq \"x\"].givenName", "name[familyName eq \"x\"].givenName")]
    public void A_path_is_read_and_printed(string text, string? printed)
    {
        var path = PatchPath.Parse(text, Resources.User);

        Assert.Equal(printed, path.Value?.ToString());
        if (printed is not null) Assert.Equal(printed, PatchPath.Parse(printed, Resources.User).Value?.ToString());
    }

    [Theory]
    [InlineData("", 1, "invalidPath")]
    [InlineData(" ", 1, "invalidPath")]
    [InlineData("foo", 1, "invalidPath")]
    [InlineData("name.foo", 1, "invalidPath")]
    [InlineData("name.familyName.x", 1, "invalidPath")]
    [InlineData("userName ", 9, "invalidPath")]
    [InlineData("userName/x", 9, "invalidPath")]
    [InlineData("name..familyName", 1, "invalidPath")]
    [InlineData(".", 1, "invalidPath")]
    [InlineData(":", 1, "invalidPath")]
    [InlineData("urn:ietf:params:scim:schemas:core:2.0:User", 1, "invalidPath")]
    [InlineData("urn:ietf:params:scim:schemas:core:2.0:User:", 1, "invalidPath")]
    [InlineData("urn:ietf:params:scim:schemas:core:2.0:Userx:userName", 1, "invalidPath")]
    [InlineData("urn:ietf:params:scim:schemas:core:2.0:User.userName", 1, "invalidPath")]
    [InlineData("userName[type eq \"work\"]", 9, "invalidPath")]
    [InlineData("name.familyName[type eq \"work\"]", 16, "invalidPath")]
    [InlineData("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User[department pr]", 59, "invalidPath")]
    [InlineData("emails[", 8, "invalidFilter")]
    [InlineData("emails[]", 8, "invalidFilter")]
    [InlineData("emails[type eq \"work\"", 22, "invalidFilter")]
    [InlineData("emails[type eq \"work\"]x", 23, "invalidPath")]
    [InlineData("emails[type eq \"work\"].", 24, "invalidPath")]
    [InlineData("emails[type eq \"work\"].foo", 24, "invalidPath")]
    [InlineData("emails[type eq \"work\"].value.x", 24, "invalidPath")]
    [InlineData("emails[type eq \"work\"][value pr]", 23, "invalidPath")]
    [InlineData("emails[foo eq \"work\"]", 8, "invalidFilter")]
    [InlineData("emails[type eq work]", 16, "invalidFilter")]
    public void What_is_no_path_is_refused_with_its_position(string text, int position, string type)
    {
        var error = PatchPath.Parse(text, Resources.User).Error;

        Assert.Equal((400, type), (error?.Status, error?.ScimType));
        Assert.Contains($"at character {position}: ", error?.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_has_a_longest_length()
    {
        Assert.Equal("invalidPath", PatchPath.Parse($"emails[value eq \"{new string('a', ScimLimits.MaxPathLength)}\"]", Resources.User).Error?.ScimType);
    }

    [Fact]
    public void A_reference_has_its_dollar() => Assert.Equal("members.$ref", PatchPath.Parse("members.$REF", Resources.Group).Value?.ToString());
}
