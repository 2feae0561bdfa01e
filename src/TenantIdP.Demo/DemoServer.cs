using TenantIdP.Server;

namespace TenantIdP.Demo;

/// <summary>The seam to the server: how the demo configures it, and what it puts into it.</summary>
internal static class DemoServer
{
    public static WebApplication Build(DemoUniverse universe, string stateFolder)
    {
        var issuer = universe.Hosts.Issuer.GetLeftPart(UriPartial.Authority);
        string[] args = ["--environment", Environments.Development, "--urls", issuer];
        return ServerApp.Build(args, builder =>
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["TenantIdP:Issuer"] = issuer,
                ["TenantIdP:DataDirectory"] = stateFolder,
                ["TenantIdP:Database:Provider"] = "Sqlite",
                ["ConnectionStrings:TenantIdP"] = $"Data Source={Path.Combine(stateFolder, "tenantidp.db")}",
                ["TenantIdP:Bootstrap:ClientId"] = DemoUniverse.ManagementClientId,
                ["TenantIdP:Bootstrap:ClientSecret"] = DemoUniverse.ManagementClientSecret,
            });
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
        });
    }

    /// <summary>Puts the universe into a started server; a second start finds it there and changes nothing.</summary>
    public static Task<DemoSeed> SeedAsync(IServiceProvider services, DemoUniverse universe, CancellationToken ct) =>
        throw new NotSupportedException("The server has no use cases to seed with yet.");
}
