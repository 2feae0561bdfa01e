using System.Text;
using System.Text.Json.Nodes;

namespace TenantIdP.Scim.Fuzz;

/// <summary>What the changes start from: bodies and filters of directories (the fixtures of TenantIdP.Scim.Tests), more of both, and shapes of known attacks.</summary>
internal sealed class Corpus(IReadOnlyList<(string Name, byte[] Bytes)> inputs)
{
    public IReadOnlyList<(string Name, byte[] Bytes)> Inputs => inputs;

    /// <summary>In the order of their names, so that a seed means the same everywhere.</summary>
    public static Corpus Read()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "corpus");
        var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(path => (Name: Path.GetRelativePath(folder, path).Replace('\\', '/'), Bytes: File.ReadAllBytes(path)));
        return new([.. files.Concat(Recorded()).OrderBy(f => f.Name, StringComparer.Ordinal)]);
    }

    private static IEnumerable<(string Name, byte[] Bytes)> Recorded()
    {
        foreach (var path in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "recorded"), "*.json"))
        {
            var steps = JsonNode.Parse(File.ReadAllText(path))!["steps"]!.AsArray(); // as the tests read them
            for (var i = 0; i < steps.Count; i++)
            {
                var text = steps[i]!["body"]?.ToJsonString() ?? (string?)steps[i]!["query"]!["filter"];
                var good = (int)steps[i]!["status"]! < 400; // every step has one
                if (text is not null) yield return ($"{(good ? "recorded" : "hostile")}/{Path.GetFileNameWithoutExtension(path)}-{i:00}", Encoding.UTF8.GetBytes(text));
            }
        }
    }
}
