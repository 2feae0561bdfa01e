using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Server;
using TenantIdP.Server.Configuration;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Configuration;

/// <summary>An instance that nobody has started yet, and the commands on it as an operator runs them.</summary>
public sealed class ConfigInstance(TestStore store, string connectionString) : IAsyncDisposable
{
    public const string Issuer = "https://id.example.test";

    private static readonly string[] Arguments = ["--environment", "Development", $"--TenantIdP:Issuer={Issuer}"];

    private readonly string folder = Directory.CreateTempSubdirectory("tidp-config-").FullName;

    public static async Task<ConfigInstance> NewAsync(TestStore store, CancellationToken ct) => new(store, await store.NewDatabaseAsync(ct));

    public string Folder => folder;

    public Task<(int Code, string Output, string Errors)> PlanAsync(string yaml, params string[] options) => RunAsync(["plan", Write(yaml), .. options], null);

    public Task<(int Code, string Output, string Errors)> ApplyAsync(string yaml, params string[] options) => RunAsync(["apply", Write(yaml), "--yes", .. options], null);

    public async Task<string> ExportAsync(params string[] organizations)
    {
        var (code, output, errors) = await RunAsync(["export", .. organizations], null);
        Assert.Equal((0, ""), (code, errors));
        return output;
    }

    public string Write(string yaml, string name = "config.yaml")
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, yaml);
        return path;
    }

    /// <summary>Applies, and fails the test with what was said when it is refused.</summary>
    public async Task MustApplyAsync(string yaml, params string[] options)
    {
        var (code, output, errors) = await ApplyAsync(yaml, options);
        Assert.True(code == 0, $"{code}\n{output}\n{errors}");
    }

    public async Task<(int Code, string Output, string Errors)> RunAsync(string[] command, Func<string, bool>? confirm)
    {
        var (answer, error) = (new StringWriter(), new StringWriter());
        var code = await ConfigCommand.RunAsync([.. command, .. Arguments], answer, error, confirm, TestContext.Current.CancellationToken, builder => builder.Configuration.AddInMemoryCollection(Settings()));
        return (code, answer.ToString().ReplaceLineEndings("\n"), error.ToString().ReplaceLineEndings("\n"));
    }

    /// <summary>As a process of its own.</summary>
    public async Task<(int Code, string Output)> ExecuteAsync(params string[] command)
    {
        var built = typeof(ServerProcess).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration; // set by the SDK
        var settings = new Dictionary<string, string?>(Settings()) { ["TenantIdP:Issuer"] = Issuer };
        await using var process = ServerProcess.Start([ServerProcess.Program(built), .. command], settings);
        return (await process.ExitAsync(TestContext.Current.CancellationToken), process.Output.Trim());
    }

    /// <summary>What somebody else does meanwhile, or what is there to be looked at.</summary>
    public async Task<T> UseAsync<TService, T>(Func<TService, Task<T>> use, string? slug = null) where TService : notnull
    {
        await using var app = ServerApp.Build(Arguments, builder => builder.Configuration.AddInMemoryCollection(Settings()));
        await using var scope = app.Services.CreateAsyncScope();
        if (slug is not null)
        {
            var found = await scope.ServiceProvider.GetRequiredService<OrganizationService>().FindBySlugAsync(slug, TestContext.Current.CancellationToken);
            scope.ServiceProvider.GetRequiredService<IdpDbContext>().EnterOrganization(found.IsOk ? found.Value.Id : throw new InvalidOperationException(found.Error.Code));
        }

        return await use(scope.ServiceProvider.GetRequiredService<TService>());
    }

    public async Task<Id<Organization>> IdAsync(string slug) =>
        (await UseAsync<OrganizationService, Result<Organization>>(o => o.FindBySlugAsync(slug, TestContext.Current.CancellationToken))).Value?.Id ?? throw new InvalidOperationException($"There is no {slug}.");

    /// <summary>A variable of this process that no other test uses.</summary>
    public static string Secret(string value)
    {
        var name = "TIDP_TEST_" + Convert.ToHexString(Guid.CreateVersion7().ToByteArray());
        Environment.SetEnvironmentVariable(name, value);
        return name;
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private Dictionary<string, string?> Settings() => new(store.Settings) { ["ConnectionStrings:TenantIdP"] = connectionString };
}
