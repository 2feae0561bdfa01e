using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Benchmarks;

/// <summary>Copies one organization with its verified domain and active connection many times, by SQL: the use cases would take hours.</summary>
internal static class Bulk
{
    /// <param name="from">Number of the first copy.</param>
    /// <param name="to">Number of the last.</param>
    public static async Task CopyAsync(IdpHost host, Id<Organization> organization, int from, int to)
    {
        var sqlite = host.Store.Settings["TenantIdP:Database:Provider"] == "Sqlite";
        var series = sqlite
            ? $"WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to})"
            : $"WITH n(i) AS (SELECT generate_series({from}, {to}))";
        string Key(int kind) => sqlite ? $"printf('%08X-0000-7000-8000-00000000000{kind}', n.i)" : $"(lpad(to_hex(n.i), 8, '0') || '-0000-7000-8000-00000000000{kind}')::uuid";
        await host.ReadAsync(async db =>
        {
            db.Database.SetCommandTimeout(TimeSpan.FromMinutes(10));
            await using var transaction = await db.Database.BeginTransactionAsync();
            await CopyAsync(db, series, "organizations", "id", organization.Value, ("id", Key(1)), ("slug", "'bulk-' || n.i"));
            await CopyAsync(db, series, "connections", "organization_id", organization.Value, ("organization_id", Key(1)), ("id", Key(2)));
            await CopyAsync(db, series, "organization_domains", "organization_id", organization.Value, ("organization_id", Key(1)), ("id", Key(3)), ("host", "'bulk-' || n.i || '.example'"));
            await transaction.CommitAsync();
            await db.Database.ExecuteSqlRawAsync("ANALYZE");
            return true;
        });
    }

    /// <summary>Copies the organization's only row of a table, but for the columns given.</summary>
    private static async Task CopyAsync(DbContext db, string series, string table, string key, Guid organization, params (string Column, string Value)[] changed)
    {
        var columns = db.Model.GetEntityTypes().Single(e => e.GetTableName() == table).GetProperties().Select(p => p.GetColumnName()).ToList();
        var values = columns.Select(c => changed.FirstOrDefault(x => x.Column == c).Value ?? $"t.{c}");
#pragma warning disable EF1002 // names of our own model
        await db.Database.ExecuteSqlRawAsync($"{series} INSERT INTO {table} ({string.Join(", ", columns)}) SELECT {string.Join(", ", values)} FROM {table} t CROSS JOIN n WHERE t.{key} = {{0}}", organization);
#pragma warning restore EF1002
    }
}
