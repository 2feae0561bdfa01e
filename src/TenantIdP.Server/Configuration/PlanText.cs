using System.Text.Json;
using System.Text.Json.Nodes;

namespace TenantIdP.Server.Configuration;

/// <summary>A plan for a person, and for a program.</summary>
internal static class PlanText
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static string Write(ConfigPlan plan)
    {
        var lines = new List<string>();
        foreach (var part in plan.Parts.Where(p => p.Changes.Count > 0))
        {
            lines.Add(part.Wanted.Slug is { } slug ? $"organization {slug}:" : "instance:");
            lines.AddRange(part.Changes.Select(c => "  " + Line(c)));
        }

        lines.Add(plan.IsEmpty ? "Nothing to do." : $"Plan: {Count(plan, PlannedAction.Create)} to add, {Count(plan, PlannedAction.Update)} to change, {Count(plan, PlannedAction.Delete)} to delete.");
        return string.Join('\n', lines);
    }

    public static string Name(PlannedChange change) => $"{Sign(change)} {change.Schema.Noun} {Terminal.Escape(change.Key)}";

    public static string WriteJson(ConfigPlan plan) => new JsonObject
    {
        ["add"] = Count(plan, PlannedAction.Create), ["change"] = Count(plan, PlannedAction.Update), ["delete"] = Count(plan, PlannedAction.Delete),
        ["changes"] = new JsonArray([.. plan.Changes.Select(Object)]),
        ["refused"] = new JsonArray([.. plan.Refused.SelectMany(p => p.Problems.Select(r => new JsonObject { ["organization"] = p.Wanted.Slug, ["code"] = r.Code, ["message"] = r.Message }))]),
    }.ToJsonString(Indented);

    private static string Line(PlannedChange change) =>
        change.Properties.Count == 0 ? Name(change) : $"{Name(change)}: {string.Join(", ", change.Properties.Select(p => $"{p.Path} {p.Shape.Show(change.Action == PlannedAction.Create ? null : p.Before, p.After)}"))}";

    private static JsonNode Object(PlannedChange change) => new JsonObject
    {
        ["organization"] = change.Organization, ["kind"] = change.Schema.Noun, ["key"] = change.Key, ["action"] = change.Action.ToString().ToLowerInvariant(),
        ["properties"] = new JsonArray([.. change.Properties.Select(p => new JsonObject { ["name"] = p.Path, ["before"] = p.Shape.Visible(p.Before), ["after"] = p.Shape.Visible(p.After) })]),
    };

    private static string Sign(PlannedChange change) => change.Action switch
    {
        PlannedAction.Create => "+",
        PlannedAction.Update => "~",
        PlannedAction.Delete => "-",
    };

    private static int Count(ConfigPlan plan, PlannedAction action) => plan.Changes.Count(c => c.Action == action);
}
