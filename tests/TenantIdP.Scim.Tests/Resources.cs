using System.Text;
using System.Text.Json.Nodes;
using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Json;
using TenantIdP.Scim.Responses;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;
using Xunit;

namespace TenantIdP.Scim.Tests;

/// <summary>Resources from and to JSON.</summary>
internal static class Resources
{
    public const int MaxBytes = 1024 * 1024;

    /// <summary>Users with the enterprise extension and one of each type in an organization's own.</summary>
    public static ScimResourceType User { get; } = ScimResourceType.UserWith(CustomUserSchema.Create(
    [
        new ScimAttribute("badge") { CaseExact = true }, new ScimAttribute("grade", AttributeType.Integer), new ScimAttribute("share", AttributeType.Decimal), new ScimAttribute("hired", AttributeType.DateTime),
        new ScimAttribute("remote", AttributeType.Boolean), new ScimAttribute("key", AttributeType.Binary), new ScimAttribute("skills") { MultiValued = true },
        new ScimAttribute("costKey") { Mutability = Mutability.Immutable }, new ScimAttribute("note") { Returned = Returned.Request },
    ]).Value!);

    public static ScimResourceType Group => ScimResourceType.Group;

    /// <param name="attributes">The inside of an object; schemas and userName are there already.</param>
    public static ComplexValue Ann(string attributes = "") =>
        Read(User, $$"""{"schemas":["{{ScimUrns.User}}"],"userName":"ann@acme.test"{{(attributes == "" ? "" : "," + attributes)}}}""").Set(CommonAttributes.Id, "u1");

    public static ComplexValue Read(ScimResourceType type, string json)
    {
        var read = ResourceReader.Read(Encoding.UTF8.GetBytes(json), type, MaxBytes);
        Assert.True(read.IsOk, read.Error?.Detail);
        return read.Value.Resource;
    }

    public static ScimError Refused(ScimResourceType type, string json)
    {
        var read = ResourceReader.Read(Encoding.UTF8.GetBytes(json), type, MaxBytes);
        Assert.False(read.IsOk, json);
        return read.Error;
    }

    public static bool Matches(string filter, ComplexValue resource, ScimResourceType? type = null) => FilterEvaluator.Matches(Filter(filter, type), resource);

    public static ScimFilter Filter(string filter, ScimResourceType? type = null)
    {
        var parsed = FilterParser.Parse(filter, type ?? User);
        Assert.True(parsed.IsOk, $"{filter}: {parsed.Error?.Detail}");
        return parsed.Value;
    }

    public static JsonNode ToJson(ComplexValue resource, ScimResourceType? type = null, Projection? projection = null) =>
        JsonNode.Parse(ScimMessages.ToBytes(json => ResourceWriter.Write(json, resource, type ?? User, projection ?? Projection.Default)).Span)!; // an object

    public static void AssertJson(string expected, JsonNode? actual) => Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"Expected {expected}\nActual   {actual?.ToJsonString()}");
}
