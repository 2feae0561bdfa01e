using System.Security.Cryptography;
using Npgsql;
using TenantIdP.Testing.Stores;

[assembly: Xunit.AssemblyFixture(typeof(PostgreSqlCluster))]

namespace TenantIdP.Faults;

internal static class Nodes
{
    public const string Issuer = "http://localhost:5001";
    public const string ClientId = "bootstrap";
    public const string ClientSecret = "bootstrap-secret-bootstrap-secret-bootstrap-secret";

    public static Dictionary<string, string?> On(string database) => new()
    {
        ["TenantIdP:Issuer"] = Issuer,
        ["TenantIdP:Database:Provider"] = "PostgreSql",
        ["ConnectionStrings:TenantIdP"] = database,
        ["TenantIdP:Encryption:Keys:0"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
        ["TenantIdP:Bootstrap:ClientId"] = ClientId,
        ["TenantIdP:Bootstrap:ClientSecret"] = ClientSecret,
    };

    /// <summary>For faults: what one caller may ask for is no matter here.</summary>
    public static Dictionary<string, string?> OfBench(string provider, string database) => new(On(database))
    {
        ["TenantIdP:Database:Provider"] = provider,
        ["TenantIdP:Shutdown:DrainSeconds"] = "3", // the balancer of the bench asks four times a second
        ["TenantIdP:RateLimits:RequestsPerMinute"] = "1000000",
        ["TenantIdP:RateLimits:AnonymousRequestsPerMinute"] = "1000000",
    };

    public static async Task<long> CountAsync(string database, string sql, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync(ct))!; // count(*) is never null
    }
}
