using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>A wrong setting ends the process with a sentence that names the key.</summary>
public sealed class WrongSettingTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("TenantIdP:Issuer", null, "TenantIdP:Issuer")]
    [InlineData("TenantIdP:Issuer", "http://login.example.com", "TenantIdP:Issuer")]
    [InlineData("TenantIdP:Encryption:Keys:0", null, "TenantIdP__Encryption__Keys")]
    [InlineData("TenantIdP:Encryption:Keys:0", "c2hvcnQ=", "TenantIdP__Encryption__Keys__0")]
    [InlineData("TenantIdP:Database:Provider", "Oracle", "TenantIdP__Database__Provider")]
    [InlineData("ConnectionStrings:TenantIdP", "", "ConnectionStrings__TenantIdP")]
    [InlineData("ConnectionStrings:TenantIdP", "this is none", "ConnectionStrings__TenantIdP")]
    [InlineData("TenantIdP:Bootstrap:ClientSecret", "short", "TenantIdP__Bootstrap__ClientSecret", true)]
    [InlineData("TenantIdP:Sessions:IdleHours", "0", "IdleHours", true)]
    public async Task A_wrong_setting_ends_the_process_and_is_named(string key, string? value, string named, bool sqlite = false)
    {
        var folder = Directory.CreateTempSubdirectory("tidp-wrong-").FullName;
        var settings = Nodes.On("Host=127.0.0.1;Port=1;Database=nowhere");
        settings["TenantIdP:Issuer"] = "https://login.example.com";
        if (sqlite) (settings["TenantIdP:Database:Provider"], settings["ConnectionStrings:TenantIdP"]) = ("Sqlite", $"Data Source={folder}/idp.db");
        if (value is null) settings.Remove(key);
        else settings[key] = value;

        await using var server = ServerProcess.Start(settings, "Production");
        var code = await server.ExitAsync(Ct);

        Assert.NotEqual(0, code);
        Assert.Contains(named, server.Output, StringComparison.Ordinal);

        // A sentence, not a stack trace. What shows only against a database is found when the host starts, and the framework logs that with its trace.
        if (!sqlite) Assert.DoesNotContain("   at TenantIdP", server.Output, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }
}
