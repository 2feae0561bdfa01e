using System.Text;
using TenantIdP.Core.Directories;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>What the log of a directory shows of a request.</summary>
public sealed class DirectoryMaskTests
{
    private const string Ours = "usr_01m85ggprjfjsbts0tghkhvg2w";

    private static string? Of(string body, bool isGroup = false) => DirectoryMask.Request(null, Encoding.UTF8.GetBytes(body), isGroup);

    [Fact]
    public void Of_a_user_the_shape_is_left_and_a_first_letter()
    {
        var shown = Of(
            """
            {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@acme.example","externalId":"00u1","password":"correct horse","active":"True","name":{"givenName":"Ann","familyName":"Ελένη"},
             "emails":[{"value":"ann@acme.example","type":"work","primary":true}],"phoneNumbers":[{"value":"+41 44 123 45 67"}],"costCentre":4711,"nickName":"👩‍👩‍👧"}
            """);

        Assert.Equal(
            """{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"a…@acme.example","externalId":"00u1","password":"…","active":"True","name":{"givenName":"A…","familyName":"Ε…"},"emails":"""
            + """[{"value":"a…@acme.example","type":"work","primary":true}],"phoneNumbers":[{"value":"+…"}],"costCentre":"…","nickName":"\uD83D\uDC69…"}""", shown);
    }

    [Fact]
    public void Of_a_patch_what_the_path_names_decides()
    {
        var shown = Of(
            $$$"""
            {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
             {"op":"Replace","path":"active","value":"False"},{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:active","value":false},
             {"op":"replace","path":"password","value":"correct horse"},{"op":"add","path":"emails[type eq \"work\"].value","value":"ann@acme.example"},
             {"op":"remove","path":"members[value eq \"{{{Ours}}}\"]"},{"op":"remove","path":"emails[value eq \"ann@acme.example\"]"},{"op":"replace","value":{"emails[value eq \"bob@acme.example\"].value":"x@y.example"}}]}
            """);

        Assert.NotNull(shown);
        Assert.Contains("""{"op":"Replace","path":"active","value":"False"}""", shown, StringComparison.Ordinal);
        Assert.Contains("""User:active","value":false}""", shown, StringComparison.Ordinal);
        Assert.Contains("""{"op":"replace","path":"password","value":"…"}""", shown, StringComparison.Ordinal);
        Assert.Contains("""[type eq \"work\"].value","value":"a…@acme.example"}""", shown, StringComparison.Ordinal);
        Assert.Contains($"""members[value eq \"{Ours}\"]""", shown, StringComparison.Ordinal);
        Assert.Contains("""emails[value eq \"a…@acme.example\"]""", shown, StringComparison.Ordinal);
        Assert.Contains("""{"emails[value eq \"b…@acme.example\"].value":"x…@y.example"}""", shown, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Attack", "F7")]
    [InlineData("""{"Op":"replace","Path":"password","Value":"Secret"}""")]
    [InlineData("""{"OP":"replace","PATH":"Password","VALUE":"Secret"}""")]
    [InlineData("""{"op":"replace","value":"Secret","pAth":"urn:ietf:params:scim:schemas:core:2.0:User:passWord"}""")]
    [InlineData("""{"op":"replace","path":"active","Path":"password","value":"Secret"}""")]
    [InlineData("""{"op":"replace","path":"password","Path":"active","value":"Secret"}""")]
    [InlineData("""{"op":"replace","path":"password[type eq \"work\"]","value":"Secret"}""")]
    [InlineData("""{"op":"replace","path":"password.value","value":["Secret"]}""")]
    [InlineData("""{"op":"replace","Path":"password","value":{"Value":"Secret"}}""")]
    [InlineData("""{"op":"replace","Value":{"PassWord":"Secret"}}""")]
    public void Of_a_password_not_a_letter_is_left_however_its_names_are_written(string operation)
    {
        var shown = Of($$"""{"Operations":[{{operation}}]}""");

        Assert.NotNull(shown);
        Assert.DoesNotContain("S", shown, StringComparison.Ordinal);
        Assert.Contains("\"…\"", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_group_the_name_and_our_ids_are_shown_and_no_member_s_name()
    {
        var shown = Of($$"""{"displayName":"Engineering","members":[{"value":"{{Ours}}","display":"Ann Example"}]}""", isGroup: true);

        Assert.Equal($$"""{"displayName":"Engineering","members":[{"value":"{{Ours}}","display":"A…"}]}""", shown);
    }

    [Fact]
    public void Of_a_filter_the_attributes_and_operators_are_shown()
    {
        Assert.Equal("?filter=userName eq \"a…@acme.example\" and active eq true", DirectoryMask.Request("?filter=userName%20eq%20%22ann%40acme.example%22+and+active+eq+true", default, false));
        Assert.Equal("?filter=password eq \"…\"", DirectoryMask.Request("?filter=password%20eq%20%22correct%20horse%22", default, false));
        Assert.DoesNotContain("ann", DirectoryMask.Request("?filter=userName%20eq%20%22ann@acme.example", default, false), StringComparison.Ordinal); // the quote that ends it is missing
        Assert.DoesNotContain("ann", DirectoryMask.Request("?filter=userName%20sw%20ann@acme.example", default, false), StringComparison.Ordinal);
        Assert.Equal("?filter=userName sw O…&active eq true", DirectoryMask.Request("?filter=userName sw Ossip&active eq true", default, false));
    }

    [Fact]
    public void A_sentence_that_quotes_an_address_is_masked() => Assert.Equal("There is no User 'a…@acme.example'.", DirectoryMask.Text("There is no User 'ann@acme.example'."));

    [Theory]
    [InlineData("not json at all, ann@acme.example")]
    [InlineData("{\"a\":")]
    [InlineData("{\"a\":\"\\ud800\"}")]
    public void What_is_no_JSON_is_not_shown(string body) => Assert.Matches("^\\([0-9]+ bytes that are no JSON\\)$", Of(body));

    [Fact]
    public void What_is_large_or_deep_is_not_looked_into()
    {
        Assert.Equal("(40,002 bytes)", Of($"\"{new string('x', 40_000)}\""));
        Assert.EndsWith("that are no JSON)", Of(new string('[', 1_000) + new string(']', 1_000)), StringComparison.Ordinal);
    }
}
