using System.Security.Cryptography;
using TenantIdP.Server;
using TenantIdP.Server.Configuration;

namespace TenantIdP.Demo;

/// <summary>How the demo configures the server: a database, a root key and a bootstrap app of its own, all under the state folder.</summary>
internal static class DemoServer
{
    public static WebApplication Build(DemoUniverse universe, string stateFolder)
    {
        var issuer = universe.Hosts.Issuer.GetLeftPart(UriPartial.Authority);
        string[] args = ["--environment", Environments.Development, "--urls", issuer];
        return ServerApp.Build(args, builder => Configure(builder, universe, stateFolder));
    }

    public static Task<int> RunCommandAsync(string[] command, DemoUniverse universe, string stateFolder, TextWriter answer, TextWriter error, CancellationToken ct) =>
        ConfigCommand.RunAsync([.. command, "--environment", Environments.Development], answer, error, null, ct, builder => Configure(builder, universe, stateFolder));

    private static void Configure(WebApplicationBuilder builder, DemoUniverse universe, string stateFolder) =>
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["TenantIdP:Issuer"] = universe.Hosts.Issuer.GetLeftPart(UriPartial.Authority),
            ["TenantIdP:Database:Provider"] = "Sqlite",
            ["ConnectionStrings:TenantIdP"] = $"Data Source={Path.Combine(stateFolder, "tenantidp.db")}",
            ["TenantIdP:Encryption:Keys"] = RootKey(Path.Combine(stateFolder, "root.key")),
            ["TenantIdP:Bootstrap:ClientId"] = DemoUniverse.ManagementClientId,
            ["TenantIdP:Bootstrap:ClientSecret"] = DemoUniverse.ManagementClientSecret,
            ["TenantIdP:Mail:DropFolder"] = Path.Combine(stateFolder, "mail"),
            ["TenantIdP:Domains:Resolvers:0"] = universe.Hosts.Dns.ToString(),
            ["Logging:LogLevel:Default"] = "Warning",
            ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Warning",
        });

    private static string RootKey(string path)
    {
        if (!File.Exists(path))
        {
            File.WriteAllText(path, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return File.ReadAllText(path);
    }
}
