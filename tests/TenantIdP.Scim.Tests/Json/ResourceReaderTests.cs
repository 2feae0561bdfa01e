using System.Text;
using TenantIdP.Scim.Json;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;
using Xunit;

namespace TenantIdP.Scim.Tests.Json;

public sealed class ResourceReaderTests
{
    private const string Core = $"\"schemas\":[\"{ScimUrns.User}\"]";

    private static string Body(string attributes) => $"{{{Core},\"userName\":\"a\",{attributes}}}";

    [Fact]
    public void A_whole_user_is_read_and_written_back()
    {
        const string Json = $$$"""
            {"schemas":["{{{ScimUrns.User}}}","{{{ScimUrns.EnterpriseUser}}}","{{{ScimUrns.CustomUser}}}"],"userName":"ann@acme.test","externalId":"e1",
             "name":{"formatted":"Dr. Ann Lee","familyName":"Lee","givenName":"Ann","honorificPrefix":"Dr."},"displayName":"Ann","nickName":"A","profileUrl":"https://acme.test/ann","title":"CTO",
             "userType":"Employee","preferredLanguage":"en","locale":"de-CH","timezone":"Europe/Zurich","active":true,
             "emails":[{"value":"ann@acme.test","display":"Ann","type":"work","primary":true},{"value":"ann@home.test","type":"home"}],"phoneNumbers":[{"value":"tel:+41","type":"mobile"}],
             "ims":[{"value":"ann","type":"xmpp"}],"photos":[{"value":"https://acme.test/a.png","type":"photo"}],
             "addresses":[{"streetAddress":"1 Way","locality":"Bern","region":"BE","postalCode":"3000","country":"CH","type":"work","primary":true}],
             "entitlements":[{"value":"x"}],"roles":[{"value":"admin","primary":true}],"x509Certificates":[{"value":"AAEC"}],
             "{{{ScimUrns.EnterpriseUser}}}":{"employeeNumber":"7","costCenter":"4","organization":"Acme","division":"D","department":"R","manager":{"value":"u9","$ref":"../Users/u9"}},
             "{{{ScimUrns.CustomUser}}}":{"badge":"B","grade":7,"share":0.25,"hired":"2020-02-01T08:00:00.000Z","remote":false,"key":"AAEC","skills":["go"]}}
            """;

        var user = Resources.Read(Resources.User, Json);

        Resources.AssertJson(Json, Resources.ToJson(user));
        Assert.Equal("Ann", user.Complex(UserSchema.Name)?.Text(UserSchema.GivenName));
        Assert.True(user.Boolean(UserSchema.Active));
        Assert.Equal(2, user.Values(UserSchema.Emails).Count);
    }

    [Theory]
    [InlineData("""
        "USERNAME":"a","DisplayName":"x"
        """, """
        "userName":"a","displayName":"x"
        """)]
    [InlineData("""
        "userName":"a","active":"True"
        """, """
        "userName":"a","active":true
        """)]
    [InlineData("""
        "userName":"a","active":"false","roles":[{"value":"r","primary":"True"}]
        """, """
        "userName":"a","active":false,"roles":[{"value":"r","primary":true}]
        """)]
    [InlineData("""
        "userName":"a","title":null,"emails":[],"name":null,"phoneNumbers":null
        """, "\"userName\":\"a\"")]
    [InlineData("""
        "userName":"a","emails":{"value":"a@b.test"}
        """, """
        "userName":"a","emails":[{"value":"a@b.test"}]
        """)]
    [InlineData("""
        "userName":"a","emails":["a@b.test"]
        """, """
        "userName":"a","emails":[{"value":"a@b.test"}]
        """)]
    [InlineData("""
        "userName":"a","emails":[{"value":""},{"value":"a@b.test"},null,{}]
        """, """
        "userName":"a","emails":[{"value":"a@b.test"}]
        """)]
    [InlineData("""
        "userName":"a","id":5,"meta":{"resourceType":"User","created":"x"},"groups":[{"value":"g1"}]
        """, "\"userName\":\"a\"")]
    [InlineData("""
        "userName":"a","title":"\ud83d\ude00\u00e9"
        """, """
        "userName":"a","title":"😀é"
        """)]
    [InlineData("""
        "userName":"a","displayName":""
        """, """
        "userName":"a","displayName":""
        """)]
    public void What_has_one_meaning_is_understood(string sent, string read) =>
        Resources.AssertJson($"{{{Core},{read}}}", Resources.ToJson(Resources.Read(Resources.User, $"{{{Core},{sent}}}")));

    [Theory]
    [InlineData("\"manager\":\"u9\"", "{\"value\":\"u9\"}")]
    [InlineData("\"manager\":[{\"$ref\":null,\"value\":\"u9\"}]", "{\"value\":\"u9\"}")]
    [InlineData("\"manager\":{\"value\":\"u9\",\"displayName\":\"Boss\"}", "{\"value\":\"u9\"}")]
    [InlineData("\"manager\":{\"value\":\"\"}", null)]
    [InlineData("\"manager\":\"\"", null)]
    [InlineData("\"manager\":{\"value\":null}", null)]
    [InlineData("\"manager\":[]", null)]
    public void A_manager_comes_in_every_shape(string sent, string? manager)
    {
        var user = Resources.Read(Resources.User, Body($"\"{ScimUrns.EnterpriseUser}\":{{\"department\":\"R\",{sent}}}"));

        var extension = Resources.ToJson(user)[ScimUrns.EnterpriseUser];
        Resources.AssertJson(manager is null ? "{\"department\":\"R\"}" : $$"""{"department":"R","manager":{{manager}}}""", extension);
    }

    [Fact]
    public void A_schema_that_is_named_and_not_used_is_not_told()
    {
        var user = Resources.Read(Resources.User, $$$"""{"schemas":["{{{ScimUrns.User}}}","{{{ScimUrns.EnterpriseUser}}}","urn:unknown"],"userName":"a","{{{ScimUrns.EnterpriseUser}}}":{}}""");

        Resources.AssertJson($"[\"{ScimUrns.User}\"]", Resources.ToJson(user)["schemas"]);
    }

    [Fact]
    public void Unknown_names_are_ignored_and_reported()
    {
        var json = Body($"\"foo\":1,\"emails\":[{{\"value\":\"x\",\"bar\":true}}],\"{ScimUrns.EnterpriseUser}\":{{\"baz\":{{}}}},\"urn:other:User\":{{\"a\":1}}");

        var read = ResourceReader.Read(Encoding.UTF8.GetBytes(json), Resources.User, Resources.MaxBytes);

        Assert.Equal(["foo", "emails[0].bar", $"{ScimUrns.EnterpriseUser}:baz", "urn:other:User"], read.Value!.Ignored);
    }

    [Fact]
    public void No_more_than_twenty_unknown_names_are_reported()
    {
        var json = Body(string.Join(',', Enumerable.Range(0, 100).Select(i => $"\"x{i}\":1")));

        Assert.Equal(20, ResourceReader.Read(Encoding.UTF8.GetBytes(json), Resources.User, Resources.MaxBytes).Value!.Ignored.Count);
    }

    [Theory]
    [InlineData("", "userName: is required.")]
    [InlineData("\"userName\":\"\"", "userName: is required.")]
    [InlineData("\"userName\":\" \"", "userName: is required.")]
    [InlineData("\"userName\":null", "userName: is required.")]
    [InlineData("\"userName\":5", "userName: must be text.")]
    [InlineData("\"userName\":true", "userName: must be text.")]
    [InlineData("\"userName\":{}", "userName: must be text.")]
    [InlineData("\"userName\":[\"a\"]", "userName: has one value, not several.")]
    [InlineData("\"userName\":\"a\",\"externalId\":1", "externalId: must be text.")]
    [InlineData("\"userName\":\"a\",\"active\":\"yes\"", "active: must be true or false.")]
    [InlineData("\"userName\":\"a\",\"active\":1", "active: must be true or false.")]
    [InlineData("\"userName\":\"a\",\"active\":\"\"", "active: must be true or false.")]
    [InlineData("\"userName\":\"a\",\"name\":\"Ann\"", "name: must be an object.")]
    [InlineData("\"userName\":\"a\",\"name\":{\"givenName\":5}", "name.givenName: must be text.")]
    [InlineData("\"userName\":\"a\",\"name\":[{\"givenName\":\"a\"},{}]", "name: has one value, not several.")]
    [InlineData("\"userName\":\"a\",\"emails\":[{\"value\":\"x\"},{\"value\":5}]", "emails[1].value: must be text.")]
    [InlineData("\"userName\":\"a\",\"emails\":[5]", "emails[0]: must be an object.")]
    [InlineData("\"userName\":\"a\",\"emails\":[[]]", "emails[0]: must be an object.")]
    [InlineData("\"userName\":\"a\",\"addresses\":[\"x\"]", "addresses[0]: must be an object.")]
    [InlineData("\"userName\":\"a\",\"emails\":[{\"value\":\"x\",\"primary\":true},{\"value\":\"y\",\"primary\":\"True\"}]", "emails: has more than one primary value.")]
    [InlineData("\"userName\":\"a\",\"x509Certificates\":[{\"value\":\"no base64!\"}]", "x509Certificates[0].value: must be base64.")]
    [InlineData("\"userName\":\"a\",\"" + ScimUrns.EnterpriseUser + "\":5", ScimUrns.EnterpriseUser + ": must be an object.")]
    [InlineData("\"userName\":\"a\",\"" + ScimUrns.EnterpriseUser + "\":{\"department\":5}", ScimUrns.EnterpriseUser + ":department: must be text.")]
    [InlineData("\"userName\":\"a\",\"" + ScimUrns.CustomUser + "\":{\"grade\":1.5}", ScimUrns.CustomUser + ":grade: must be a whole number.")]
    [InlineData("\"userName\":\"a\",\"" + ScimUrns.CustomUser + "\":{\"grade\":\"1\"}", ScimUrns.CustomUser + ":grade: must be a number.")]
    [InlineData("\"userName\":\"a\",\"" + ScimUrns.CustomUser + "\":{\"grade\":1e400}", ScimUrns.CustomUser + ":grade: is a number that is too large.")]
    [InlineData("\"userName\":\"a\",\"" + ScimUrns.CustomUser + "\":{\"hired\":\"soon\"}", ScimUrns.CustomUser + ":hired: must be a time such as 2008-01-23T04:56:22Z.")]
    [InlineData("\"userName\":\"a\",\"" + ScimUrns.CustomUser + "\":{\"skills\":[\"a\",{}]}", ScimUrns.CustomUser + ":skills[1]: must be text.")]
    public void A_value_of_another_type_is_refused_by_its_path(string attributes, string detail)
    {
        var error = Resources.Refused(Resources.User, $"{{{Core}{(attributes == "" ? "" : ",")}{attributes}}}");

        Assert.Equal((400, "invalidValue", detail), (error.Status, error.ScimType, error.Detail));
    }

    [Theory]
    [InlineData("\"userName\":\"a\",\"username\":\"b\"", "userName is there twice.")]
    [InlineData("\"userName\":\"a\",\"title\":null,\"TITLE\":\"b\"", "title is there twice.")]
    [InlineData("\"userName\":\"a\",\"name\":{\"givenName\":\"a\",\"GivenName\":\"b\"}", "name.givenName is there twice.")]
    [InlineData("\"userName\":\"a\",\"id\":\"1\",\"ID\":\"2\"", "id is there twice.")]
    [InlineData("\"userName\":\"a\",\"\\u0075serName\":\"b\"", "userName is there twice.")]
    [InlineData("\"Schemas\":[]", "schemas is there twice.")]
    public void A_name_is_there_once(string attributes, string detail)
    {
        var error = Resources.Refused(Resources.User, $"{{{Core},{attributes}}}");

        Assert.Equal((400, "invalidSyntax", detail), (error.Status, error.ScimType, error.Detail));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"userName\":\"a\"}")]
    [InlineData("{\"schemas\":[],\"userName\":\"a\"}")]
    [InlineData("{\"schemas\":[5],\"userName\":\"a\"}")]
    [InlineData("{\"schemas\":\"" + ScimUrns.User + "\",\"userName\":\"a\"}")]
    [InlineData("{\"schemas\":[\"" + ScimUrns.Group + "\"],\"userName\":\"a\"}")]
    [InlineData("{\"schemas\":[\"" + ScimUrns.EnterpriseUser + "\"],\"userName\":\"a\"}")]
    [InlineData("[]")]
    [InlineData("5")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("{\"schemas\":[\"" + ScimUrns.User + "\"],\"userName\":\"a\",}")]
    [InlineData("{\"schemas\":[\"" + ScimUrns.User + "\"],\"userName\":\"\\ud800\"}")]
    [InlineData("{\"schemas\":[\"" + ScimUrns.User + "\"],\"userName\":\"a\",\"x\\udc00\":1}")]
    [InlineData("{\"schemas\":[\"" + ScimUrns.User + "\"],\"userName\":\"a\\u0000\"}")]
    public void What_is_no_message_is_refused(string json) => Assert.Equal((400, "invalidSyntax"), (Resources.Refused(Resources.User, json).Status, Resources.Refused(Resources.User, json).ScimType));

    [Fact]
    public void Bytes_that_are_no_text_are_refused()
    {
        var bytes = Encoding.UTF8.GetBytes($"{{{Core},\"userName\":\"a?\"}}");
        bytes[^3] = 0xFF;

        Assert.Equal("invalidSyntax", ResourceReader.Read(bytes, Resources.User, Resources.MaxBytes).Error?.ScimType);
    }

    [Fact]
    public void A_byte_order_mark_is_skipped()
    {
        byte[] bytes = [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes($"{{{Core},\"userName\":\"a\"}}")];

        Assert.True(ResourceReader.Read(bytes, Resources.User, Resources.MaxBytes).IsOk);
    }

    [Fact]
    public void A_group_has_a_name_and_members_with_values()
    {
        var group = Resources.Read(Resources.Group, $$"""{"schemas":["{{ScimUrns.Group}}","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],"displayName":"Dev","members":[{"value":"u1","$ref":null,"display":"Ann"},"u2"]}""");

        Resources.AssertJson("""[{"value":"u1","display":"Ann"},{"value":"u2"}]""", Resources.ToJson(group, Resources.Group)["members"]);
        Assert.Equal("displayName: is required.", Resources.Refused(Resources.Group, $$"""{"schemas":["{{ScimUrns.Group}}"]}""").Detail);
        Assert.Equal("members[1]: needs value.", Resources.Refused(Resources.Group, $$"""{"schemas":["{{ScimUrns.Group}}"],"displayName":"Dev","members":[{"value":"u1"},{"display":"Ann"}]}""").Detail);
        Assert.Equal("members[0]: needs value.", Resources.Refused(Resources.Group, $$"""{"schemas":["{{ScimUrns.Group}}"],"displayName":"Dev","members":[{"value":"","display":"x"}]}""").Detail);
    }

    [Fact]
    public void What_is_immutable_may_be_set_once()
    {
        var before = Resources.Ann($$$"""
            "{{{ScimUrns.CustomUser}}}":{"costKey":"k","badge":"b"}
            """);
        var same = Resources.Ann($$$"""
            "{{{ScimUrns.CustomUser}}}":{"costKey":"k"}
            """);
        var other = Resources.Ann($$$"""
            "{{{ScimUrns.CustomUser}}}":{"costKey":"K"}
            """);

        Assert.Null(ResourceReader.CheckImmutable(before, same));
        Assert.Null(ResourceReader.CheckImmutable(Resources.Ann(), other));
        Assert.Equal("mutability", ResourceReader.CheckImmutable(before, other)?.ScimType);
        Assert.Equal("mutability", ResourceReader.CheckImmutable(before, Resources.Ann())?.ScimType);
    }

    [Fact]
    public void Of_what_is_stored_a_value_that_an_extension_has_no_room_for_any_more_is_left_out()
    {
        var stored = Encoding.UTF8.GetBytes($$$"""
            {"schemas":["{{{ScimUrns.User}}}"],"userName":"ann","title":"Lead","{{{ScimUrns.CustomUser}}}":{"grade":"seven","badge":["b","c"],"hired":"soon","gone":1,"remote":true,"skills":"go"}}
            """);

        var read = ResourceReader.ReadStored(stored, Resources.User);

        Assert.True(read.IsOk, read.Error?.Detail);
        Resources.AssertJson("""{"remote":true,"skills":["go"]}""", Resources.ToJson(read.Value.Resource)[ScimUrns.CustomUser]);
        Assert.Equal("Lead", (string?)Resources.ToJson(read.Value.Resource)["title"]);
        Assert.False(ResourceReader.Read(stored, Resources.User, Resources.MaxBytes).IsOk); // a client is told
        Assert.False(ResourceReader.ReadStored("""{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann","title":7}"""u8.ToArray(), Resources.User).IsOk); // the standard does not change
        Assert.Null(Resources.ToJson(ResourceReader.ReadStored(stored, ScimResourceType.User).Value!.Resource, ScimResourceType.User)[ScimUrns.CustomUser]); // it is there: it was read before
    }
}
