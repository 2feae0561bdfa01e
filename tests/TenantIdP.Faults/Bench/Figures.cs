using System.Collections.Concurrent;
using TenantIdP.Testing.Hosting;

[assembly: Xunit.AssemblyFixture(typeof(TenantIdP.Faults.Bench.Figures))]

namespace TenantIdP.Faults.Bench;

/// <summary>What the faults showed, printed as one table when all have run and kept in <c>artifacts/faults.md</c>.</summary>
public sealed class Figures : IDisposable
{
    private readonly ConcurrentBag<(string Fault, string What, string Promised, string Seen)> rows = [];

    public void Add(string fault, string what, string promised, string seen) => rows.Add((fault, what, promised, seen));

    public void Dispose()
    {
        if (rows.IsEmpty) return;
        var lines = rows.GroupBy(r => (r.Fault, r.What, r.Promised)).Select(g => (g.Key.Fault, g.Key.What, g.Key.Promised, Seen: string.Join(" / ", g.Select(r => r.Seen).Distinct())))
            .OrderBy(r => int.Parse(r.Fault.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture)).ThenBy(r => r.What, StringComparer.Ordinal)
            .Select(r => $"| {r.Fault} | {r.What} | {r.Promised} | {r.Seen} |");
        var table = string.Join(Environment.NewLine, ["| fault | what | promised | seen |", "|---|---|---|---|", .. lines]);
        Console.WriteLine(Environment.NewLine + table);
        var folder = Directory.CreateDirectory(Path.Combine(ServerProcess.Root(), "artifacts")).FullName;
        File.WriteAllText(Path.Combine(folder, "faults.md"), $"Faults, {(Lengths.IsLong ? "full lengths" : "a plain run")}.{Environment.NewLine}{Environment.NewLine}{table}{Environment.NewLine}");
    }
}
