using System.Text.Json.Nodes;
using TenantIdP.Scim.Responses;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;
using Xunit;

namespace TenantIdP.Scim.Tests.Responses;

public sealed class ProjectionTests
{
    private const string Enterprise = ScimUrns.EnterpriseUser, Custom = ScimUrns.CustomUser;

    private static readonly ComplexValue Ann = Resources.Ann(
        $$$"""
        "title":"CTO","password":"s3cret","name":{"givenName":"Ann","familyName":"Lee"},"emails":[{"value":"a","type":"work"},{"value":"b"}],
        "{{{Enterprise}}}":{"department":"R","manager":{"value":"u9","$ref":"x"}},"{{{Custom}}}":{"note":"n","badge":"B"}
        """);

    [Theory]
    [InlineData("", "", "userName title name.givenName name.familyName emails.value emails.type emails.value E.department E.manager.value E.manager.$ref C.badge")]
    [InlineData("userName", "", "userName")]
    [InlineData("USERNAME , title", "", "userName title")]
    [InlineData("name.givenName", "", "name.givenName")]
    [InlineData("name", "", "name.givenName name.familyName")]
    [InlineData("emails.value", "", "emails.value emails.value")]
    [InlineData("emails.type", "", "emails.type")]
    [InlineData("emails.display", "", "")]
    [InlineData(Enterprise + ":costCenter", "", "")]
    [InlineData(Enterprise, "", "E.department E.manager.value E.manager.$ref")]
    [InlineData(Enterprise + ":manager", "", "E.manager.value E.manager.$ref")]
    [InlineData(Enterprise + ":manager.value", "", "E.manager.value")]
    [InlineData(Custom + ":note", "", "C.note")]
    [InlineData(Custom, "", "C.badge")]
    [InlineData("urn:ietf:params:scim:schemas:core:2.0:User:title", "", "title")]
    [InlineData("password", "", "")]
    [InlineData("foo", "", "")]
    [InlineData("", "title,emails," + Enterprise + "," + Custom + ":badge", "userName name.givenName name.familyName")]
    [InlineData("", "id,schemas,name.givenName,emails.type", "userName title name.familyName emails.value emails.value E.department E.manager.value E.manager.$ref C.badge")]
    [InlineData("", Enterprise + ":manager.$ref", "userName title name.givenName name.familyName emails.value emails.type emails.value E.department E.manager.value C.badge")]
    [InlineData("", "foo", "userName title name.givenName name.familyName emails.value emails.type emails.value E.department E.manager.value E.manager.$ref C.badge")]
    public void An_answer_has_what_was_asked_for_and_what_always_is(string attributes, string excluded, string shown)
    {
        var projection = Projection.Parse(Split(attributes), Split(excluded), Resources.User).Value!;

        var json = Resources.ToJson(Ann, projection: projection).AsObject();

        Assert.Equal("u1", (string?)json["id"]);
        Assert.Equal(3, json["schemas"]!.AsArray().Count);
        json.Remove("id");
        json.Remove("schemas");
        Assert.DoesNotContain("{}", json.ToJsonString()[(shown.Length == 0 ? 2 : 0)..], StringComparison.Ordinal);
        Assert.DoesNotContain("[]", json.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(shown, string.Join(' ', Leaves(json, "").Select(path => path.Replace(Enterprise, "E", StringComparison.Ordinal).Replace(Custom, "C", StringComparison.Ordinal))));
    }

    [Fact]
    public void A_resource_is_kept_as_json_without_its_secrets()
    {
        var kept = Resources.ToJson(Ann, projection: Projection.All).ToJsonString();

        var read = Resources.Read(Resources.User, kept).Set(CommonAttributes.Id, "u1");
        Assert.DoesNotContain("s3cret", kept, StringComparison.Ordinal);
        Assert.Equal("n", read.Complex(Resources.User.Root[Custom])?.Text(Resources.User.Root[Custom]["note"]));
        Assert.True(ValueEquality.Identical(read.Set(UserSchema.Password, "s3cret"), Ann));
    }

    [Fact]
    public void What_is_not_in_the_answer_need_not_be_loaded()
    {
        var without = Projection.Parse([], ["members"], Resources.Group).Value!;
        var only = Projection.Parse(["members.value"], [], Resources.Group).Value!;

        Assert.False(without.Includes(GroupSchema.Members));
        Assert.True(without.Includes(GroupSchema.DisplayName));
        Assert.True(only.Includes(GroupSchema.Members));
        Assert.False(only.Includes(GroupSchema.DisplayName));
        Assert.True(Projection.Default.Includes(GroupSchema.Members));
    }

    [Fact]
    public void Names_are_capped() =>
        Assert.Equal("invalidValue", Projection.Parse([.. Enumerable.Repeat("title", ScimLimits.MaxProjectedNames + 1)], [], Resources.User).Error?.ScimType);

    private static string[] Split(string names) => names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static IEnumerable<string> Leaves(JsonNode? node, string path) => node switch
    {
        JsonObject many => many.SelectMany(pair => Leaves(pair.Value, path.Length == 0 ? pair.Key : $"{path}.{pair.Key}")),
        JsonArray array => array.SelectMany(element => Leaves(element, path)),
        _ => [path],
    };
}
