using System.Globalization;
using Npgsql;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Benchmarks;

/// <summary>User and system time of a server and of the PostgreSQL behind it, from /proc.</summary>
internal sealed class Cpu(Func<TimeSpan> app, int? postmaster)
{
    private const double TicksPerSecond = 100; // sysconf(_SC_CLK_TCK) on Linux

    /// <summary>The postmaster of a throwaway cluster, found by the folder of its socket; null for SQLite or a server elsewhere.</summary>
    public static int? PostmasterOf(IReadOnlyDictionary<string, string?> settings)
    {
        if (settings["TenantIdP:Database:Provider"] == "Sqlite") return null;
        var connectionString = settings["ConnectionStrings:TenantIdP"];
        var file = Path.Combine(new NpgsqlConnectionStringBuilder(connectionString).Host ?? "", "data", "postmaster.pid");
        return File.Exists(file) ? int.Parse(File.ReadLines(file).First(), CultureInfo.InvariantCulture) : null;
    }

    public (double App, double Database) Seconds => (app().TotalSeconds, postmaster is { } root ? Tree(root) : 0);

    /// <summary>The root with what its ended children used, and the children that live.</summary>
    private static double Tree(int root)
    {
        var total = 0d;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id)) continue;
            try
            {
                // The name, in brackets, may hold spaces; what follows are fields 3 and on.
                var text = File.ReadAllText(folder + "/stat");
                var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
                if (id == root) total += Sum(fields, 11, 4);
                else if (int.Parse(fields[1], CultureInfo.InvariantCulture) == root) total += Sum(fields, 11, 2);
            }
            catch (IOException)
            {
                // It ended between the listing and the reading.
            }
        }

        return total / TicksPerSecond;
    }

    private static double Sum(string[] fields, int from, int count) => fields.Skip(from).Take(count).Sum(f => double.Parse(f, CultureInfo.InvariantCulture));
}
