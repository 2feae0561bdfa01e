using System.Text.Json.Nodes;
using Xunit;

namespace TenantIdP.Scim.Tests.Dialects;

/// <summary>What directories send, in their order, and what must come of it: Fixtures/README.md.</summary>
public sealed class DialectTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures");

    public static TheoryData<string> Recorded => [.. Directory.EnumerateFiles(Folder, "*.json").Select(Path.GetFileNameWithoutExtension).OfType<string>().Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Recorded))]
    public void A_directory_gets_what_it_expects(string name)
    {
        var recorded = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name + ".json")))!; // an object
        var directory = new RecordedDirectory((string?)recorded["type"] == "Group" ? Resources.Group : Resources.User);

        foreach (var step in recorded["steps"]!.AsArray())
        {
            var answer = directory.Do(step!);
            Check($"{recorded["vendor"]}, {step!["case"]}", step.AsObject(), answer, directory);
        }
    }

    [Fact]
    public void Every_vendor_is_recorded() =>
        Assert.All(new[] { "entra-compliant", "entra-legacy", "entra-groups", "okta-catalog", "okta-wizard", "okta-groups", "google", "onelogin", "jumpcloud", "ping-groups" }, name => Assert.Contains(name, Recorded.Select(r => r.Data)));

    private static void Check(string where, JsonObject step, Answer answer, RecordedDirectory directory)
    {
        Assert.True((int?)step["status"] == answer.Status, $"{where}: {answer.Status} {answer.Error?.Detail}");
        Assert.True((string?)step["scimType"] == answer.Error?.ScimType, $"{where}: {answer.Error?.Detail}");
        if (step["resource"] is { } resource) Resources.AssertJson(resource.ToJsonString(), Inside(answer.Bodies![0])); // what was changed is in the answer
        if (step["members"] is { } members) Assert.Equal(members.AsArray().Select(m => (string?)m), directory.MembersOf(answer.Changed!).Order(StringComparer.Ordinal)); // likewise
        if (step["found"] is { } found) Assert.Equal(found.AsArray().Select(f => (string?)f), answer.Bodies!.Select(b => (string?)b["id"]));
        foreach (var omitted in step["omits"]?.AsArray() ?? []) Assert.All(answer.Bodies!, body => Assert.Null(body[(string)omitted!]));
    }

    private static JsonObject Inside(JsonNode body)
    {
        var json = body.DeepClone().AsObject();
        foreach (var name in new[] { "schemas", "id", "members" }) json.Remove(name);
        return json;
    }
}
