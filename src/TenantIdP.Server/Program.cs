using Microsoft.Extensions.Options;
using TenantIdP.Core.Instance;
using TenantIdP.Server.Commands;
using TenantIdP.Server.Configuration;

namespace TenantIdP.Server;

/// <summary>The executable. A wrong setting ends it with a sentence that names the key, not with a stack trace.</summary>
internal static class ServerProgram
{
    private const int WrongSetting = 1;

    public static async Task<int> Main(string[] args)
    {
        try
        {
            if (args is [BackupCommand.Name, .. var wanted]) return await BackupCommand.RunAsync(wanted, Console.Out, Console.Error, CancellationToken.None);
            if (args is [HealthCommand.Name, .. var probe]) return await HealthCommand.RunAsync(probe, Console.Out, Console.Error, CancellationToken.None);
            if (args is [AuditCommand.Name, .. var rest]) return await AuditCommand.RunAsync(rest, Console.Out, Console.Error, CancellationToken.None);
            if (args is [OrgCommand.Name, .. var order]) return await OrgCommand.RunAsync(order, Console.Out, Console.Error, CancellationToken.None);
            if (ConfigCommand.Takes(args)) return await ConfigCommand.RunAsync(args, Console.Out, Console.Error, Console.IsInputRedirected ? null : Confirm, CancellationToken.None);
            await using var app = ServerApp.Build(args);
            await ServerApp.RunAsync(app);
            return 0;
        }
        catch (StartupException wrong)
        {
            await Console.Error.WriteLineAsync(wrong.Message);
            return WrongSetting;
        }
        catch (OptionsValidationException wrong)
        {
            await Console.Error.WriteLineAsync(string.Join(Environment.NewLine, wrong.Failures));
            return WrongSetting;
        }
    }

    private static bool Confirm(string question)
    {
        Console.Write(question);
        return Console.ReadLine()?.Trim() == "yes";
    }
}
