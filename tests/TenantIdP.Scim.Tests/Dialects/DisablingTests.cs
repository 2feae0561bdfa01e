using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Tests.Patches;
using Xunit;

namespace TenantIdP.Scim.Tests.Dialects;

/// <summary>Whichever way a directory says that somebody must not come in, the same is read: not active.</summary>
public sealed class DisablingTests
{
    [Theory]
    [Trait("Attack", "E8")]
    [InlineData("""{"op":"replace","path":"active","value":false}""")]
    [InlineData("""{"op":"Replace","path":"active","value":"False"}""")]
    [InlineData("""{"op":"REPLACE","path":"ACTIVE","value":"FALSE"}""")]
    [InlineData("""{"op":"add","path":"active","value":false}""")]
    [InlineData("""{"op":"replace","value":{"active":false}}""")]
    [InlineData("""{"op":"Replace","value":{"active":"False"}}""")]
    [InlineData("""{"op":"add","value":{"active":false,"title":"x"}}""")]
    [InlineData("""{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:active","value":"False"}""")]
    [InlineData("""{"op":"replace","value":{"urn:ietf:params:scim:schemas:core:2.0:User:active":false}}""")]
    [InlineData("""{"op":"remove","path":"active"}""")]
    [InlineData("""{"op":"remove","path":"active","value":true}""")]
    [InlineData("""{"op":"replace","path":"active","value":null}""")]
    [InlineData("""{"op":"replace","path":"active","value":[]}""")]
    [InlineData("""{"op":"replace","value":{"active":null}}""")]
    [InlineData("""{"op":"replace","path":"active","value":true},{"op":"replace","path":"active","value":false}""")]
    public void A_user_is_disabled_by_a_patch(string operations)
    {
        var outcome = Patching.Apply(Resources.Ann("\"active\":true"), operations);

        Assert.False(outcome.Resource.Boolean(UserSchema.Active));
        Assert.True(outcome.ResourceChanged);
    }

    [Theory]
    [Trait("Attack", "E8")]
    [InlineData("false")]
    [InlineData("\"False\"")]
    [InlineData("\"false\"")]
    public void A_user_is_disabled_by_a_whole_resource(string active) => Assert.False(Resources.Ann($"\"active\":{active}").Boolean(UserSchema.Active));

    /// <summary>Text that is neither is an error: it must not be taken for either.</summary>
    [Theory]
    [Trait("Attack", "E8")]
    [InlineData("\"no\"")]
    [InlineData("\"0\"")]
    [InlineData("0")]
    [InlineData("\"\"")]
    [InlineData("{}")]
    [InlineData("[true,false]")]
    public void What_is_neither_is_refused(string active) =>
        Assert.Equal("invalidValue", Patching.Refuse(Resources.Ann("\"active\":true"), $$"""{"op":"replace","path":"active","value":{{active}} }""").ScimType);

    [Theory]
    [Trait("Attack", "E2")]
    [InlineData("1")]
    [InlineData("1.0")]
    [InlineData("true")]
    [InlineData("[\"1\"]")]
    [InlineData("{\"value\":\"1\"}")]
    public void An_external_id_is_text_and_never_a_number(string externalId)
    {
        Assert.Equal("invalidValue", Resources.Refused(Resources.User, $$"""{"schemas":["{{ScimUrns.User}}"],"userName":"a","externalId":{{externalId}} }""").ScimType);
        Assert.Equal("invalidValue", Patching.Refuse(Resources.Ann(), $$"""{"op":"add","path":"externalId","value":{{externalId}} }""").ScimType);
    }
}
