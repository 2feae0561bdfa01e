using System.Text.Json.Nodes;
using TenantIdP.Scim.Responses;
using TenantIdP.Scim.Schemas;
using Xunit;

namespace TenantIdP.Scim.Tests.Schemas;

public sealed class SchemaDocumentTests
{
    private const string Base = "https://idp.test/scim/v2/dir_1";

    private static readonly string[] Members = ["name", "type", "multiValued", "description", "required", "caseExact", "mutability", "returned", "uniqueness"];

    /// <summary>Without the organization's own, whose descriptions are its own.</summary>
    public static TheoryData<string> Known => [.. DiscoverySchemas.All(Resources.User, Resources.Group).Select(s => s.Id).Where(urn => urn != ScimUrns.CustomUser)];

    [Theory, MemberData(nameof(Known))]
    public void Every_attribute_of_a_schema_says_all_that_it_is(string urn)
    {
        var document = Document(urn);

        Assert.Equal(urn, (string?)document["id"]);
        Assert.Equal($"{Base}/Schemas/{urn}", (string?)document["meta"]!["location"]);
        Resources.AssertJson($"[\"{ScimUrns.Schema}\"]", document["schemas"]);
        Assert.NotEmpty(document["attributes"]!.AsArray());
        Assert.All(Attributes(document["attributes"]), attribute =>
        {
            Assert.All(Members, member => Assert.NotNull(attribute[member]));
            Assert.NotEqual("", (string?)attribute["description"]);
            Assert.Contains((string?)attribute["type"], new[] { "string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex" });
            Assert.Equal((string?)attribute["type"] == "complex", attribute["subAttributes"] is not null);
            Assert.Equal((string?)attribute["type"] == "reference", attribute["referenceTypes"] is not null);
        });
    }

    [Fact]
    public void All_schemas_of_the_standard_and_the_organizations_own_are_there() => Assert.Equal(
        [ScimUrns.User, ScimUrns.EnterpriseUser, ScimUrns.CustomUser, ScimUrns.Group, ScimUrns.ServiceProviderConfig, ScimUrns.ResourceType, ScimUrns.Schema],
        DiscoverySchemas.All(Resources.User, Resources.Group).Select(s => s.Id));

    [Fact]
    public void The_password_is_written_only_and_the_name_is_unique()
    {
        Resources.AssertJson("""
            {"name":"password","type":"string","multiValued":false,"description":"Accepted and never stored: users of a directory sign in by its connection.","required":false,"caseExact":true,
             "mutability":"writeOnly","returned":"never","uniqueness":"none"}
            """, Attribute(ScimUrns.User, "password"));
        var userName = Attribute(ScimUrns.User, "userName");
        Assert.Equal(("server", true, false), ((string?)userName["uniqueness"], (bool)userName["required"]!, (bool)userName["caseExact"]!)); // asserted above
        Assert.Equal("readOnly", (string?)Attribute(ScimUrns.User, "groups")["mutability"]);
        Assert.Equal("""["User","Group"]""", Attribute(ScimUrns.Group, "members")["subAttributes"]!.AsArray().Single(a => (string?)a!["name"] == "$ref")!["referenceTypes"]!.ToJsonString());
    }

    [Fact]
    public void The_core_user_has_every_attribute_of_the_standard() => Assert.Equal(
        "userName name displayName nickName profileUrl title userType preferredLanguage locale timezone active password emails phoneNumbers ims photos addresses groups entitlements roles x509Certificates",
        string.Join(' ', Document(ScimUrns.User)["attributes"]!.AsArray().Select(a => (string?)a!["name"])));

    [Fact]
    public void A_resource_type_names_its_schemas()
    {
        Resources.AssertJson($$"""
            {"schemas":["{{ScimUrns.ResourceType}}"],"id":"User","name":"User","endpoint":"/Users","description":"A user account.","schema":"{{ScimUrns.User}}",
             "schemaExtensions":[{"schema":"{{ScimUrns.EnterpriseUser}}","required":false},{"schema":"{{ScimUrns.CustomUser}}","required":false}],
             "meta":{"resourceType":"ResourceType","location":"{{Base}}/ResourceTypes/User"} }
            """, Write(json => DiscoveryWriter.WriteResourceType(json, Resources.User, Base)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1st")]
    [InlineData("a b")]
    [InlineData("a.b")]
    [InlineData("a:b")]
    [InlineData("$ref")]
    [InlineData("é")]
    [InlineData("taken")]
    public void An_organizations_attribute_has_a_name_of_its_own(string name)
    {
        ScimAttribute[] attributes = name.Length == 0 ? [new("taken"), new("TAKEN")] : [new("Taken"), new(name)];

        Assert.Equal("invalidValue", CustomUserSchema.Create(attributes).Error?.ScimType);
    }

    [Fact]
    public void An_organizations_attribute_is_simple_optional_and_readable()
    {
        Assert.False(CustomUserSchema.Create([new("a", AttributeType.Complex)]).IsOk);
        Assert.False(CustomUserSchema.Create([new("a") { Required = true }]).IsOk);
        Assert.False(CustomUserSchema.Create([new("a") { Returned = Returned.Never }]).IsOk);
        Assert.False(CustomUserSchema.Create([new("a") { Mutability = Mutability.WriteOnly }]).IsOk);
        Assert.False(CustomUserSchema.Create([new(new string('a', 65))]).IsOk);
        Assert.Equal("invalidValue", CustomUserSchema.Create([.. Enumerable.Range(0, 101).Select(i => new ScimAttribute($"a{i}"))]).Error?.ScimType);
        Assert.True(CustomUserSchema.Create([.. Enumerable.Range(0, 100).Select(i => new ScimAttribute($"a{i}"))]).IsOk);
    }

    private static JsonNode Document(string urn) => Write(json => DiscoveryWriter.WriteSchema(json, DiscoverySchemas.All(Resources.User, Resources.Group).Single(s => s.Id == urn), Base));

    private static JsonNode Attribute(string urn, string name) => Document(urn)["attributes"]!.AsArray().Single(a => (string?)a!["name"] == name)!;

    private static IEnumerable<JsonNode> Attributes(JsonNode? list) => list?.AsArray().SelectMany(a => Attributes(a!["subAttributes"]).Prepend(a)) ?? [];

    private static JsonNode Write(Action<System.Text.Json.Utf8JsonWriter> write) => JsonNode.Parse(ScimMessages.ToBytes(write).Span)!; // an object
}
