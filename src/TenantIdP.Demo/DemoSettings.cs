using System.Globalization;

namespace TenantIdP.Demo;

/// <summary>What the command line asks for.</summary>
public sealed record DemoSettings(int PortBase, bool Reset, string Environment)
{
    public const string Usage = "Usage: dotnet run --project src/TenantIdP.Demo -- [--port-base N] [--reset], or plan|apply|export … [--port-base N] on what it keeps";

    internal const string PortBaseOption = "--port-base";

    /// <summary>
    /// Everything that the demo keeps; nothing else is ever deleted. One for each port range: what is stored names the addresses, so that two demos would take each other's.
    /// </summary>
    public string StateFolder => Path.Combine(System.Environment.CurrentDirectory, ".data", "demo", PortBase.ToString(CultureInfo.InvariantCulture));

    /// <summary>Settings, or the sentence that says what is wrong with the arguments.</summary>
    public static (DemoSettings? Settings, string? Problem) Read(IReadOnlyList<string> args, Func<string, string?> environment)
    {
        // The demo is a development tool: a machine that says nothing is one.
        var settings = new DemoSettings(DemoHosts.DefaultPortBase, Reset: false, environment("ASPNETCORE_ENVIRONMENT") ?? environment("DOTNET_ENVIRONMENT") ?? Environments.Development);
        for (var i = 0; i < args.Count; i++)
        {
            var (name, inline) = args[i].Split('=', 2) is [var before, var after] ? (before, after) : (args[i], null);
            if (name == "--reset" && inline is null)
            {
                settings = settings with { Reset = true };
                continue;
            }

            if (name is not (PortBaseOption or "--environment"))
                return (null, $"Unknown argument {args[i]}.");
            if ((inline ?? (++i < args.Count ? args[i] : null)) is not { Length: > 0 } value)
                return (null, $"{name} needs a value.");

            if (name == "--environment")
                settings = settings with { Environment = value };
            else if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1024 and <= 65_535 - DemoHosts.Count)
                settings = settings with { PortBase = port };
            else
                return (null, $"--port-base needs a number from 1024 to {65_535 - DemoHosts.Count}.");
        }

        return (settings, null);
    }
}
