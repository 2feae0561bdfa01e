using System.Text.Json.Nodes;
using Xunit;

namespace TenantIdP.Tests.Scim.Dialects;

/// <summary>What the sequences are judged by is judged itself: it must see each kind of difference.</summary>
public sealed class JsonShapeTests
{
    [Theory]
    [InlineData("""{ "a": 1 }""", """{ "a": 1, "b": 2 }""")]
    [InlineData("""{ "a": null }""", """{ "b": 2 }""")]
    [InlineData("""{ "a": "<any>" }""", """{ "a": "x" }""")]
    [InlineData("""{ "a": [{ "b": 1 }, { "b": 2 }] }""", """{ "a": [{ "b": 2, "c": 0 }, { "b": 1 }] }""")]
    [InlineData("""{ "a": [] }""", """{ "a": [] }""")]
    public void More_than_wanted_and_another_order_are_no_difference(string wanted, string came) => Assert.Empty(JsonShape.Missing(JsonNode.Parse(wanted), JsonNode.Parse(came)));

    [Theory]
    [InlineData("""{ "a": 1 }""", """{ "a": 2 }""", "$.a is 2 instead of 1")]
    [InlineData("""{ "a": true }""", """{ "a": "True" }""", "$.a is \"True\" instead of true")]
    [InlineData("""{ "a": 1 }""", """{ "b": 1 }""", "$.a is absent instead of 1")]
    [InlineData("""{ "a": null }""", """{ "a": "kept" }""", "$.a is \"kept\" instead of absent")]
    [InlineData("""{ "a": "<any>" }""", """{ "a": "" }""", "$.a is \"\"")]
    [InlineData("""{ "a": [] }""", """{ "a": [1] }""", "$.a has 1 elements instead of 0: [1]")]
    [InlineData("""{ "a": [1, 1] }""", """{ "a": [1, 2] }""", "$.a has no 1: [1,2]")]
    [InlineData("""{ "a": { "b": { "c": 1 } } }""", """{ "a": { "b": {} } }""", "$.a.b.c is absent instead of 1")]
    public void Each_difference_is_seen_and_named(string wanted, string came, string difference) => Assert.Equal([difference], JsonShape.Missing(JsonNode.Parse(wanted), JsonNode.Parse(came)));
}
