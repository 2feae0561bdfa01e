using System.Reflection;

namespace TenantIdP.Server.Composition;

/// <summary>Says in the log what an operator should update. Never stops the server: an old patch level is their decision.</summary>
internal sealed class SelfCheck(ILogger<SelfCheck> logger) : IHostedService
{
    /// <summary>Below it: CVE-2026-70188, a security feature bypass.</summary>
    public static readonly Version RuntimeFloor = new(10, 0, 13);

    /// <summary>Below it: known ways around XML signature checks, and endless loops.</summary>
    public static readonly Version XmlFloor = new(10, 0, 15);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (Environment.Version < RuntimeFloor) Log.RuntimeBelowFloor(logger, Environment.Version, RuntimeFloor);
        if (LoadedXmlVersion() is var loaded && (loaded is null || loaded < XmlFloor)) Log.LibraryBelowFloor(logger, XmlAssembly, loaded, XmlFloor);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The version of the file that is really loaded; the assembly version stays 10.0.0.0 for all of them.</summary>
    public static Version? LoadedXmlVersion()
    {
        var informational = Assembly.Load(XmlAssembly).GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        return Version.TryParse(informational?.Split('+', '-')[0], out var version) ? version : null;
    }

    private const string XmlAssembly = "System.Security.Cryptography.Xml";
}
