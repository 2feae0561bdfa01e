using System.Reflection;
using Microsoft.Extensions.Configuration.Memory;
using Npgsql;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Composition;

/// <summary>
/// Sends traces and metrics to an OpenTelemetry collector. Without an endpoint nothing of OpenTelemetry is added: no listener, no thread, no buffer. Everything beyond the
/// endpoint is set by OpenTelemetry's own variables (<c>OTEL_EXPORTER_OTLP_PROTOCOL</c>, <c>OTEL_TRACES_SAMPLER</c>, <c>OTEL_RESOURCE_ATTRIBUTES</c>, …).
/// </summary>
internal static class Observability
{
    private const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string ServiceName = "tenantidp";

    // Of the database driver; the collector's own libraries name theirs.
    private const string DatabaseMeter = "Npgsql";

    public static void AddObservability(this WebApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        var options = Read(configuration);
        builder.Services.AddSingleton(options);
        if (options.OtlpEndpoint is { Length: > 0 } endpoint) configuration.Sources.Add(new MemoryConfigurationSource { InitialData = [new(EndpointVariable, endpoint)] });
        else if (string.IsNullOrEmpty(configuration[EndpointVariable])) return;

        var version = typeof(Observability).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];
        var name = configuration["OTEL_SERVICE_NAME"] is { Length: > 0 } given ? given : ServiceName;
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(name, serviceVersion: version))
            .WithTracing(traces => traces
                .AddSource(Telemetry.Name)
                .AddAspNetCoreInstrumentation(o => o.Filter = static context => !IsNoise(context.Request.Path))
                .AddHttpClientInstrumentation()
                .AddNpgsql()
                .AddProcessor(new SpanHygiene())
                .AddOtlpExporter())
            .WithMetrics(metrics => metrics
                .AddMeter(Telemetry.Name, DatabaseMeter)
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddOtlpExporter());
    }

    private static TelemetryOptions Read(IConfiguration configuration)
    {
        var options = Settings.Read(TelemetryOptions.Section, () => configuration.GetSection(TelemetryOptions.Section).Get<TelemetryOptions>());
        if (options.OtlpEndpoint is { Length: > 0 } endpoint && (!Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")))
            throw new StartupException("TenantIdP__Telemetry__OtlpEndpoint must be an http or https address, such as http://localhost:4318.");
        if (options.WatchedConnections.Count > TelemetryOptions.MaxWatched) throw new StartupException($"TenantIdP__Telemetry__WatchedConnections has more than {TelemetryOptions.MaxWatched} ids: each is a series of its own.");
        return options;
    }

    /// <summary>Probes and styles say nothing that metrics don't.</summary>
    private static bool IsNoise(PathString path) => path.StartsWithSegments("/health") || path.StartsWithSegments("/assets");
}
