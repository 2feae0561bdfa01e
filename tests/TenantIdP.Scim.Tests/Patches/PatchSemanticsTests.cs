using System.Text.Json.Nodes;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;
using Xunit;

namespace TenantIdP.Scim.Tests.Patches;

/// <summary>RFC 7644 3.5.2: from, operations, to. What is compared is the inside of the object without schemas, id and userName.</summary>
public sealed class PatchSemanticsTests
{
    private const string Work = """{"value":"a@w","type":"work","primary":true}""", Home = """{"value":"a@h","type":"home"}""";
    private const string Both = $"\"emails\":[{Work},{Home}]";
    private const string Enterprise = ScimUrns.EnterpriseUser, Custom = ScimUrns.CustomUser;

    [Theory]
    // add: simple attributes
    [InlineData("", """{"op":"add","path":"title","value":"x"}""", "\"title\":\"x\"")]
    [InlineData("\"title\":\"y\"", """{"op":"add","path":"title","value":"x"}""", "\"title\":\"x\"")]
    [InlineData("", """{"op":"add","value":{"title":"x","nickName":"n"}}""", "\"title\":\"x\",\"nickName\":\"n\"")]
    [InlineData("", """{"op":"add","path":"name.givenName","value":"Ann"}""", "\"name\":{\"givenName\":\"Ann\"}")]
    [InlineData("\"name\":{\"givenName\":\"Ann\"}", """{"op":"add","path":"name","value":{"familyName":"Lee"}}""", "\"name\":{\"givenName\":\"Ann\",\"familyName\":\"Lee\"}")]
    [InlineData("", """{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:User:title","value":"x"}""", "\"title\":\"x\"")]
    [InlineData("", $$"""{"op":"add","path":"{{Enterprise}}:department","value":"R"}""", $$"""
        "{{Enterprise}}":{"department":"R"}
        """)]
    [InlineData("", $$"""{"op":"add","path":"{{Custom}}:grade","value":3}""", $$"""
        "{{Custom}}":{"grade":3}
        """)]
    // add: values
    [InlineData("", $$"""{"op":"add","path":"emails","value":[{{Work}}]}""", $"\"emails\":[{Work}]")]
    [InlineData("", $$"""{"op":"add","path":"emails","value":{{Work}} }""", $"\"emails\":[{Work}]")]
    [InlineData($"\"emails\":[{Work}]", $$"""{"op":"add","path":"emails","value":[{{Home}}]}""", Both)]
    [InlineData(Both, $$"""{"op":"add","path":"emails","value":[{{Home}}]}""", Both)]
    [InlineData(Both, """{"op":"add","path":"emails","value":[{"value":"A@H","type":"HOME","display":"d"}]}""", $$"""
        "emails":[{{Work}},{"value":"A@H","type":"HOME","display":"d"}]
        """)]
    [InlineData(Both, """{"op":"add","path":"emails","value":[{"value":"a@h","type":"other"}]}""", $$"""
        "emails":[{{Work}},{{Home}},{"value":"a@h","type":"other"}]
        """)]
    [InlineData(Both, """{"op":"add","path":"emails","value":[{"value":"n","primary":true}]}""", """
        "emails":[{"value":"a@w","type":"work","primary":false},{"value":"a@h","type":"home"},{"value":"n","primary":true}]
        """)]
    [InlineData(Both, """{"op":"add","path":"emails[type eq \"home\"].primary","value":true}""", """
        "emails":[{"value":"a@w","type":"work","primary":false},{"value":"a@h","type":"home","primary":true}]
        """)]
    [InlineData(Both, """{"op":"add","path":"emails[type eq \"home\"]","value":{"display":"d"}}""", $$"""
        "emails":[{{Work}},{"value":"a@h","type":"home","display":"d"}]
        """)]
    [InlineData(Both, """{"op":"add","path":"emails","value":[]}""", Both)]
    [InlineData(Both, """{"op":"add","path":"emails","value":null}""", Both)]
    [InlineData($"\"{Custom}\":{{\"skills\":[\"go\"]}}", $$"""{"op":"add","path":"{{Custom}}:skills","value":["GO","c#"]}""", $$"""
        "{{Custom}}":{"skills":["go","c#"]}
        """)]
    // replace
    [InlineData("\"title\":\"y\"", """{"op":"replace","path":"title","value":"x"}""", "\"title\":\"x\"")]
    [InlineData("\"title\":\"y\"", """{"op":"replace","path":"title","value":null}""", "")]
    [InlineData("", """{"op":"replace","path":"title","value":"x"}""", "\"title\":\"x\"")]
    [InlineData("\"name\":{\"givenName\":\"Ann\",\"familyName\":\"Lee\"}", """{"op":"replace","path":"name","value":{"familyName":"Li"}}""", "\"name\":{\"givenName\":\"Ann\",\"familyName\":\"Li\"}")]
    [InlineData(Both, """{"op":"replace","path":"emails","value":[{"value":"n"}]}""", "\"emails\":[{\"value\":\"n\"}]")]
    [InlineData(Both, """{"op":"replace","path":"emails","value":[]}""", "")]
    [InlineData(Both, """{"op":"replace","path":"emails","value":null}""", "")]
    [InlineData(Both, """{"op":"replace","value":{"emails":[{"value":"n"}],"title":"x"}}""", "\"emails\":[{\"value\":\"n\"}],\"title\":\"x\"")]
    [InlineData(Both, """{"op":"replace","path":"emails[type eq \"work\"].value","value":"n"}""", $$"""
        "emails":[{"value":"n","type":"work","primary":true},{{Home}}]
        """)]
    [InlineData(Both, """{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"n"}}""", $$"""
        "emails":[{"type":"work","value":"n"},{{Home}}]
        """)]
    [InlineData(Both, """{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"n","type":"other"}}""", $$"""
        "emails":[{"type":"other","value":"n"},{{Home}}]
        """)]
    [InlineData(Both, """{"op":"replace","path":"emails[value eq \"a@h\"].display","value":"d"}""", $$"""
        "emails":[{{Work}},{"value":"a@h","type":"home","display":"d"}]
        """)]
    [InlineData(Both, """{"op":"replace","path":"emails.display","value":"d"}""", """
        "emails":[{"value":"a@w","type":"work","primary":true,"display":"d"},{"value":"a@h","type":"home","display":"d"}]
        """)]
    [InlineData("", """{"op":"replace","path":"emails.value","value":"n"}""", "\"emails\":[{\"value\":\"n\"}]")]
    [InlineData("\"name\":{\"familyName\":\"Lee\"}", """{"op":"replace","path":"name[familyName eq \"lee\"].givenName","value":"Ann"}""", "\"name\":{\"familyName\":\"Lee\",\"givenName\":\"Ann\"}")]
    [InlineData($"\"{Enterprise}\":{{\"department\":\"R\",\"division\":\"D\"}}", $$$"""{"op":"replace","path":"{{{Enterprise}}}","value":{"department":"S"}}""", $$"""
        "{{Enterprise}}":{"department":"S","division":"D"}
        """)]
    // remove
    [InlineData("\"title\":\"y\"", """{"op":"remove","path":"title"}""", "")]
    [InlineData("", """{"op":"remove","path":"title"}""", "")]
    [InlineData("\"title\":\"y\"", """{"op":"remove","path":"title","value":"z"}""", "")]
    [InlineData("\"name\":{\"givenName\":\"Ann\",\"familyName\":\"Lee\"}", """{"op":"remove","path":"name.givenName"}""", "\"name\":{\"familyName\":\"Lee\"}")]
    [InlineData("\"name\":{\"givenName\":\"Ann\"}", """{"op":"remove","path":"name.givenName"}""", "")]
    [InlineData("", """{"op":"remove","path":"name.givenName"}""", "")]
    [InlineData(Both, """{"op":"remove","path":"emails"}""", "")]
    [InlineData(Both, """{"op":"remove","path":"emails[type eq \"work\"]"}""", $"\"emails\":[{Home}]")]
    [InlineData(Both, """{"op":"remove","path":"emails[type eq \"fax\"]"}""", Both)]
    [InlineData(Both, """{"op":"remove","path":"emails[not (type eq \"work\")]"}""", $"\"emails\":[{Work}]")]
    [InlineData(Both, """{"op":"remove","path":"emails[type eq \"work\"].primary"}""", $$"""
        "emails":[{"value":"a@w","type":"work"},{{Home}}]
        """)]
    [InlineData(Both, """{"op":"remove","path":"emails[type eq \"work\"].value"}""", $"\"emails\":[{Home}]")]
    [InlineData(Both, """{"op":"remove","path":"emails.type"}""", """
        "emails":[{"value":"a@w","primary":true},{"value":"a@h"}]
        """)]
    [InlineData(Both, """{"op":"remove","path":"emails","value":[{"value":"A@W"}]}""", $"\"emails\":[{Home}]")]
    [InlineData(Both, """{"op":"remove","path":"emails","value":[{"value":"a@w","type":"home"}]}""", Both)]
    [InlineData(Both, """{"op":"remove","path":"emails","value":[]}""", Both)]
    [InlineData($"\"{Enterprise}\":{{\"department\":\"R\"}}", $$"""{"op":"remove","path":"{{Enterprise}}:department"}""", "")]
    [InlineData($"\"{Enterprise}\":{{\"department\":\"R\"}}", $$"""{"op":"remove","path":"{{Enterprise}}"}""", "")]
    [InlineData("\"active\":true", """{"op":"remove","path":"active"}""", "\"active\":false")]
    [InlineData("\"active\":true", """{"op":"replace","path":"active","value":null}""", "\"active\":false")]
    [InlineData("", """{"op":"remove","path":"active"}""", "\"active\":false")]
    [InlineData("\"emails\":[{\"type\":\"work\",\"display\":\"d\",\"primary\":true}]", """{"op":"remove","path":"emails.primary"}""", "\"emails\":[{\"type\":\"work\",\"display\":\"d\"}]")]
    [InlineData("\"emails\":[{\"type\":\"work\"}]", """{"op":"remove","path":"emails.type"}""", "")]
    // what has no value of its own is kept, since that is what was sent; what gets an empty one is cleared
    [InlineData("", $$"""{"op":"add","path":"{{Enterprise}}:manager.$ref","value":"x"}""", $$$"""
        "{{{Enterprise}}}":{"manager":{"$ref":"x"}}
        """)]
    [InlineData($"\"{Enterprise}\":{{\"manager\":{{\"value\":\"u9\",\"$ref\":\"x\"}}}}", $$"""{"op":"replace","path":"{{Enterprise}}:manager.value","value":""}""", "")]
    [InlineData($"\"{Enterprise}\":{{\"manager\":{{\"value\":\"u9\",\"$ref\":\"x\"}}}}", $$"""{"op":"remove","path":"{{Enterprise}}:manager.value"}""", "")]
    [InlineData($"\"{Enterprise}\":{{\"manager\":{{\"value\":\"u9\",\"$ref\":\"x\"}}}}", $$"""{"op":"remove","path":"{{Enterprise}}:manager.$ref"}""", $$$"""
        "{{{Enterprise}}}":{"manager":{"value":"u9"}}
        """)]
    [InlineData("", """{"op":"add","path":"emails[type eq \"home\"].display","value":"d"}""", "\"emails\":[{\"type\":\"home\",\"display\":\"d\"}]")]
    [InlineData(Both, """{"op":"replace","path":"emails[type eq \"work\"].value","value":""}""", $"\"emails\":[{Home}]")]
    // several, in their order
    [InlineData("", """{"op":"add","path":"title","value":"x"},{"op":"replace","path":"title","value":"y"},{"op":"add","path":"nickName","value":"n"},{"op":"remove","path":"nickName"}""", "\"title\":\"y\"")]
    [InlineData("", """{"op":"add","path":"emails","value":[{"value":"n","type":"work"}]},{"op":"replace","path":"emails[type eq \"work\"].value","value":"m"}""", "\"emails\":[{\"value\":\"m\",\"type\":\"work\"}]")]
    public void Operations_change_what_they_say(string before, string operations, string after)
    {
        var ann = Resources.Ann(before.Trim());
        var stored = Resources.ToJson(ann).ToJsonString();

        var outcome = Patching.Apply(ann, operations);

        Resources.AssertJson($"{{{after}}}", Inside(outcome.Resource));
        Assert.Equal(stored, Resources.ToJson(ann).ToJsonString()); // what was stored is not touched
        Assert.Equal(!JsonNode.DeepEquals(Inside(ann), Inside(outcome.Resource)), outcome.ResourceChanged);
        Assert.True(outcome.Members.IsEmpty);
    }

    [Theory]
    [InlineData("""{"op":"remove"}""", "noTarget")]
    [InlineData("""{"op":"remove","value":{"title":"x"}}""", "noTarget")]
    [InlineData("""{"op":"replace","path":"emails[value eq \"x\"].display","value":"d"}""", "noTarget")]
    [InlineData("""{"op":"replace","path":"emails[value eq \"x\"]","value":{"display":"d"}}""", "noTarget")]
    [InlineData("""{"op":"replace","path":"emails[type ne \"work\"].value","value":"d"}""", "noTarget")]
    [InlineData("""{"op":"add","path":"emails[type eq \"work\" or type eq \"home\"].value","value":"d"}""", "noTarget")]
    [InlineData("""{"op":"replace","path":"emails[type eq \"work\" and value eq \"x\"].value","value":"d"}""", "noTarget")]
    [InlineData("""{"op":"replace","path":"name[familyName eq \"x\"].givenName","value":"d"}""", "noTarget")]
    [InlineData("""{"op":"replace","path":"id","value":"2"}""", "mutability")]
    [InlineData("""{"op":"replace","value":{"id":"2"}}""", "mutability")]
    [InlineData("""{"op":"add","path":"meta.created","value":"2020-01-01T00:00:00Z"}""", "mutability")]
    [InlineData("""{"op":"remove","path":"groups"}""", "mutability")]
    [InlineData("""{"op":"add","path":"groups","value":[{"value":"g"}]}""", "mutability")]
    [InlineData("""{"op":"replace","value":{"groups":[]}}""", "mutability")]
    [InlineData("""{"op":"remove","path":"schemas"}""", "mutability")]
    [InlineData($$"""{"op":"add","path":"{{Enterprise}}:manager.displayName","value":"B"}""", "mutability")]
    [InlineData("""{"op":"remove","path":"userName"}""", "mutability")]
    [InlineData("""{"op":"replace","path":"userName","value":null}""", "mutability")]
    [InlineData("""{"op":"replace","path":"userName","value":""}""", "invalidValue")]
    [InlineData("""{"op":"replace","path":"foo","value":"x"}""", "invalidPath")]
    [InlineData("""{"op":"replace","value":{"foo":"x"}}""", "invalidPath")]
    [InlineData("""{"op":"replace","value":{"title":"x","foo":"x"}}""", "invalidPath")]
    [InlineData($$$"""{"op":"replace","value":{"{{{Enterprise}}}":{"foo":"x"} } }""", "invalidPath")]
    [InlineData("""{"op":"replace","value":{"":"x"}}""", "invalidPath")]
    [InlineData("""{"op":"replace","path":"","value":"x"}""", "invalidPath")]
    [InlineData("""{"op":"replace","path":"emails[type eq work].value","value":"x"}""", "invalidFilter")]
    [InlineData("""{"op":"replace","path":"emails[foo eq \"work\"].value","value":"x"}""", "invalidFilter")]
    [InlineData("""{"op":"replace","path":"title"}""", "invalidValue")]
    [InlineData("""{"op":"add","path":"title"}""", "invalidValue")]
    [InlineData("""{"op":"add"}""", "invalidValue")]
    [InlineData("""{"op":"add","value":"x"}""", "invalidValue")]
    [InlineData("""{"op":"add","value":[{"title":"x"}]}""", "invalidValue")]
    [InlineData("""{"op":"add","path":"title","value":5}""", "invalidValue")]
    [InlineData("""{"op":"add","path":"title","value":["x"]}""", "invalidValue")]
    [InlineData("""{"op":"add","path":"active","value":"maybe"}""", "invalidValue")]
    [InlineData("""{"op":"add","path":"name","value":"x"}""", "invalidValue")]
    [InlineData("""{"op":"add","path":"name","value":{}}""", "invalidValue")]
    [InlineData("""{"op":"add","path":"name","value":{"foo":"x"}}""", "invalidValue")]
    [InlineData("""{"op":"replace","path":"emails","value":[{"foo":"x"}]}""", "invalidValue")]
    [InlineData($$$"""{"op":"replace","path":"{{{Enterprise}}}:manager","value":{"displayName":"B"}}""", "invalidValue")]
    [InlineData("""{"op":"replace","path":"emails","value":{}}""", "invalidValue")]
    [InlineData("""{"op":"replace","path":"emails[type eq \"work\"]","value":[{"value":"a"},{"value":"b"}]}""", "invalidValue")]
    [InlineData("""{"op":"add","path":"emails","value":[{"value":"x","primary":true},{"value":"y","primary":true}]}""", "invalidValue")]
    [InlineData("""{"op":"add","path":"emails","value":[{"value":"x"},{"value":"y"}]},{"op":"replace","path":"emails.primary","value":true}""", "invalidValue")]
    [InlineData($$"""{"op":"replace","path":"{{Enterprise}}","value":"x"}""", "invalidValue")]
    [InlineData("""{"op":"delete","path":"title"}""", "invalidSyntax")]
    [InlineData("""{"op":"","path":"title"}""", "invalidSyntax")]
    [InlineData("""{"op":5,"path":"title"}""", "invalidSyntax")]
    [InlineData("""{"path":"title","value":"x"}""", "invalidSyntax")]
    [InlineData("""{"op":"add","Op":"remove","path":"title","value":"x"}""", "invalidSyntax")]
    [InlineData("""{"op":"add","path":5,"value":"x"}""", "invalidSyntax")]
    [InlineData("""{"op":"add","path":"name","value":{"givenName":"a","GIVENNAME":"b"}}""", "invalidSyntax")]
    [InlineData("5", "invalidSyntax")]
    [InlineData("", "invalidSyntax")]
    public void What_is_not_understood_is_an_error(string operations, string type)
    {
        var error = Patching.Refuse(Resources.Ann(), operations);

        Assert.Equal((400, type), (error.Status, error.ScimType));
    }

    [Fact]
    public void All_or_nothing_is_applied()
    {
        var ann = Resources.Ann("\"title\":\"y\"," + Both);
        var stored = Resources.ToJson(ann).ToJsonString();

        Patching.Refuse(ann, """{"op":"replace","path":"title","value":"x"},{"op":"remove","path":"emails[type eq \"work\"]"},{"op":"replace","path":"ims[value eq \"x\"].type","value":"y"}""");

        Assert.Equal(stored, Resources.ToJson(ann).ToJsonString());
    }

    [Fact]
    public void A_change_of_letters_only_is_a_change()
    {
        Assert.True(Patching.Apply(Resources.Ann("\"title\":\"cto\""), """{"op":"replace","path":"title","value":"CTO"}""").ResourceChanged);
        Assert.True(Patching.Apply(Resources.Ann("\"title\":\"cto\""), """{"op":"replace","path":"title","value":"cto"}""").IsNoOp);
    }

    [Fact]
    public void What_is_immutable_is_set_once()
    {
        const string Path = $"{Custom}:costKey";

        var set = Patching.Apply(Resources.Ann(), $$"""{"op":"add","path":"{{Path}}","value":"k"}""").Resource;

        Assert.True(Patching.Apply(set, $$"""{"op":"replace","path":"{{Path}}","value":"k"}""").IsNoOp);
        Assert.Equal("mutability", Patching.Refuse(set, $$"""{"op":"replace","path":"{{Path}}","value":"l"}""").ScimType);
        Assert.Equal("mutability", Patching.Refuse(set, $$"""{"op":"remove","path":"{{Path}}"}""").ScimType);
        Assert.Equal("mutability", Patching.Refuse(set, $$"""{"op":"remove","path":"{{Custom}}"}""").ScimType);
    }

    [Theory]
    [InlineData("""{"op":"replace","path":"emails[value eq \"TheValue\"].display","value":"d"}""", "emails[…].display selects nothing.")]
    [InlineData("""{"op":"replace","path":"emails[value eq \"TheValue\"].display"}""", "emails[…].display: value is missing.")]
    [InlineData("""{"op":"replace","path":"password","value":{"x":"TheValue"} }""", "password: must be text.")]
    public void An_error_repeats_no_value(string operation, string detail) => Assert.Equal(detail, Patching.Refuse(Resources.Ann(), operation).Detail);

    [Fact]
    public void A_password_is_taken_and_told_to_nobody()
    {
        var outcome = Patching.Apply(Resources.Ann(), """{"op":"replace","path":"password","value":"s3cret"}""");

        Assert.Equal("s3cret", outcome.Resource.Text(UserSchema.Password));
        Assert.DoesNotContain("s3cret", Resources.ToJson(outcome.Resource).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Operations_and_values_are_capped()
    {
        var many = string.Join(',', Enumerable.Repeat("""{"op":"replace","path":"title","value":"x"}""", ScimLimits.MaxPatchOperations + 1));
        var keys = string.Join(',', Enumerable.Repeat("\"title\":\"x\"", ScimLimits.MaxPatchOperations + 1));
        var full = Resources.Ann($"\"emails\":[{string.Join(',', Enumerable.Range(0, ScimLimits.MaxValues).Select(i => $"\"a{i}\""))}]");

        Assert.Equal(413, Patching.Refuse(Resources.Ann(), many).Status);
        Assert.Equal(413, Patching.Refuse(Resources.Ann(), $$"""{"op":"replace","value":{ {{keys}} } }""").Status);
        Assert.Equal("invalidValue", Patching.Refuse(full, """{"op":"add","path":"emails","value":[{"value":"one more"}]}""").ScimType);
    }

    /// <summary>A megabyte of removals, each with a long filter over all the values that an attribute may have.</summary>
    [Fact]
    [Trait("Attack", "G3")]
    public void Comparisons_are_capped()
    {
        var full = Resources.Ann($"\"emails\":[{string.Join(',', Enumerable.Range(0, ScimLimits.MaxValues).Select(i => $"\"a{i}\""))}]");
        var long60 = string.Join(" or ", Enumerable.Repeat("value co \\\"x\\\"", 60));
        string Removals(int count) => string.Join(',', Enumerable.Repeat($$"""{"op":"remove","path":"emails[{{long60}}]"}""", count));

        Assert.True(Patching.Apply(full, Removals(ScimLimits.MaxPatchComparisons / 60 / ScimLimits.MaxValues)).IsNoOp);
        Assert.Equal("tooMany", Patching.Refuse(full, Removals((ScimLimits.MaxPatchComparisons / 60 / ScimLimits.MaxValues) + 1)).ScimType);
    }

    private static JsonObject Inside(ComplexValue resource)
    {
        var json = Resources.ToJson(resource).AsObject();
        foreach (var name in new[] { "schemas", "id", "userName" }) json.Remove(name);
        return json;
    }
}
