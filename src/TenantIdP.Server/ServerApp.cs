using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Configuration.Memory;
using TenantIdP.Server.Background;
using TenantIdP.Server.Composition;
using TenantIdP.Server.Configuration;
using TenantIdP.Server.Management;
using TenantIdP.Server.Mail;
using TenantIdP.Server.Federation;
using TenantIdP.Server.Federation.Saml;
using TenantIdP.Server.Scim;

namespace TenantIdP.Server;

/// <summary>Builds the whole server. Migrations and the self-check run when the host starts, before it listens.</summary>
public static class ServerApp
{
    private static readonly Dictionary<string, string?> QuietFrameworks = new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft"] = "Warning",
        ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Information",
        ["Logging:LogLevel:OpenIddict"] = "Warning",
    };

    /// <param name="args">As on the command line: <c>--urls</c>, <c>--environment</c>, <c>--TenantIdP:Issuer=…</c>.</param>
    /// <param name="configure">Runs before the services are added, so that settings made here count.</param>
    /// <exception cref="Core.Instance.StartupException">A setting is missing or wrong; the message names the key.</exception>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        // The name is fixed because Razor and data protection derive from it: hosted by the demo or a test, this is still the server.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ApplicationName = typeof(ServerApp).Assembly.GetName().Name });
        // The least of all settings, so that any file or variable says otherwise.
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = QuietFrameworks });
        configure?.Invoke(builder);

        var issuer = IssuerSetting.Read(builder.Configuration, builder.Environment);
        DevelopmentOnly.Check(builder.Configuration, builder.Environment);
        if (ClockSetting.Read(builder.Configuration, builder.Environment) is { } wrong) builder.Services.AddSingleton(wrong);
        builder.AddLogs();
        builder.AddObservability();
        builder.Services.AddSingleton(issuer);
        builder.Services.AddStores(builder.Configuration, builder.Environment);
        builder.Services.AddCapabilities(builder.Configuration, builder.Environment);
        builder.Services.AddEngine(builder.Configuration, issuer);
        builder.AddWeb(issuer);
        builder.AddProxy();
        builder.Services.AddFederation(builder.Configuration, issuer);
        builder.Services.AddSaml(builder.Configuration, issuer);
        builder.Services.AddManagement();
        builder.Services.AddScim(builder.Configuration);
        builder.Services.AddConfigurationFiles();
        builder.Services.AddBackground();
        builder.AddMail(issuer);
        builder.Services.AddHostedService<SelfCheck>();
        Shutdown.Add(builder.Services, builder.Configuration, builder.Environment);

        var app = builder.Build();
        app.UseWeb();
        app.MapServer();
        return app;
    }

    /// <summary>Serves until the process is asked to end.</summary>
    /// <exception cref="Core.Instance.StartupException">The database came later than the server and can't be used with these settings.</exception>
    internal static async Task RunAsync(WebApplication app)
    {
        var start = app.Services.GetRequiredService<StoreStart>();
        await app.RunAsync();
        if (start.Failure is { } failure) ExceptionDispatchInfo.Throw(failure);
    }
}
