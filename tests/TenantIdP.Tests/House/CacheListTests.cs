using System.Globalization;
using System.Text.RegularExpressions;
using TenantIdP.Core.Instance;
using Xunit;

namespace TenantIdP.Tests.House;

/// <summary>What a node keeps in memory is named in docs/operations/caches.md, with what evicts it and how long it lives at most.</summary>
public sealed partial class CacheListTests
{
    /// <summary>What a lost message may cost (the promise of docs/operations/caches.md).</summary>
    private const int MostSeconds = 30;

    private static readonly string[] Projects = ["TenantIdP.Core", "TenantIdP.Storage", "TenantIdP.Engine.OpenIddict", "TenantIdP.Server"];

    [Fact]
    public void Every_cache_is_in_the_document_and_the_document_has_no_other()
    {
        var found = SourceTree.SourceFiles().Where(f => Projects.Any(p => f.Path.StartsWith($"src/{p}/", StringComparison.Ordinal)) && Keeps(f.Text))
            .Select(f => f.Path["src/TenantIdP.".Length..]).Order(StringComparer.Ordinal).ToList();

        Assert.True(found.Count > 10); // it read the sources
        Assert.Equal(found, Rows().Select(r => r.File).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_follows_changes_of_ours_lives_at_most_half_a_minute()
    {
        var following = Rows().Where(r => r.Evicted.StartsWith('`')).ToList();

        Assert.All(following, row => Assert.InRange(SecondsOf(row), 1, MostSeconds));
        var names = typeof(NodeChange).GetFields().Where(f => f.IsLiteral).Select(f => $"`{f.GetRawConstantValue()}`").Order(StringComparer.Ordinal);
        Assert.Equal(names, following.Select(r => r.Evicted).Distinct().Order(StringComparer.Ordinal));
    }

    private static bool Keeps(string text) => Keeper().IsMatch(text) && !text.Contains("class BoundedCache<", StringComparison.Ordinal);

    private static int SecondsOf(Row row) => Seconds().Match(row.Lifetime) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : int.MaxValue;

    private static List<Row> Rows() =>
        [.. File.ReadLines(Path.Combine(SourceTree.Root, "docs", "operations", "caches.md")).Select(line => line.Split('|', StringSplitOptions.TrimEntries)).Where(cells => cells.Length == 7 && cells[2].EndsWith(".cs`", StringComparison.Ordinal))
            .Select(cells => new Row(cells[2].Trim('`'), cells[3], cells[4]))];

    private sealed record Row(string File, string Evicted, string Lifetime);

    // In a field, a parameter or a base list: what lives longer than a request.
    [GeneratedRegex(@"\b(BoundedCache|ConcurrentDictionary|IOptionsMonitorCache|Lazy)<|\b(HybridCache|IMemoryCache|IDistributedCache)\b|\bclass \w+[^\n{]*[:,] INodeCache\b")]
    private static partial Regex Keeper();

    [GeneratedRegex(@"^(\d+) s\b")]
    private static partial Regex Seconds();
}
