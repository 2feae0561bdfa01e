using TenantIdP.Core.Instance;
using TenantIdP.Server.Configuration;

namespace TenantIdP.Demo;

/// <summary>The demo in one command. Named, because the server has a Program of its own.</summary>
public static class DemoProgram
{
    public static async Task<int> Main(string[] args)
    {
        // plan, apply and export, on what the demo keeps.
        var place = Array.IndexOf(args, DemoSettings.PortBaseOption);
        var isCommand = ConfigCommand.Takes(args);
        string[] command = !isCommand ? [] : place < 0 ? args : [.. args[..place], .. args.Skip(place + 2)];
        if (isCommand) args = place < 0 ? [] : args[place..Math.Min(place + 2, args.Length)];

        var (settings, problem) = DemoSettings.Read(args, Environment.GetEnvironmentVariable);
        if (settings is null)
            return await FailAsync($"{problem}\n{DemoSettings.Usage}", exitCode: 2);
        if (settings.Environment != Environments.Development)
            return await FailAsync($"The demo has public passwords and keys: it starts in the environment Development only, not in {settings.Environment}. Run TenantIdP.Server instead.", exitCode: 1);

        var state = settings.StateFolder;
        if (settings.Reset && !TryWipe(state))
            return await FailAsync($"{state} is a link; --reset deletes only a folder of its own.", exitCode: 1);

        var universe = DemoUniverse.On(new DemoHosts(settings.PortBase));
        if (isCommand)
        {
            if (!Directory.Exists(state)) return await FailAsync("The demo keeps nothing yet: start it once.", exitCode: 1);
            return await DemoHost.RunCommandAsync(command, universe, state, Console.Out, Console.Error, CancellationToken.None);
        }

        Directory.CreateDirectory(state);
        try
        {
            await using var demo = await DemoHost.StartAsync(universe, state, CancellationToken.None);
            await Console.Out.WriteLineAsync(Banner(universe));
            await demo.WaitForShutdownAsync(CancellationToken.None);
            return 0;
        }
        catch (StartupException exception)
        {
            return await FailAsync($"The demo could not start: {exception.Message}\nStart with an empty state: --reset", exitCode: 1);
        }
        catch (Exception exception) when (exception is IOException or TimeoutException)
        {
            // A port that is taken, above all.
            return await FailAsync($"The demo could not start: {exception.Message}\nAnother port range: --port-base N", exitCode: 1);
        }
    }

    private static bool TryWipe(string folder)
    {
        var directory = new DirectoryInfo(folder);
        if (directory.LinkTarget is not null || directory.Parent?.LinkTarget is not null || directory.Parent?.Parent?.LinkTarget is not null)
            return false;

        if (directory.Exists)
            directory.Delete(recursive: true);
        return true;
    }

    private static string Banner(DemoUniverse universe)
    {
        var hosts = universe.Hosts;
        var people = universe.People.Select(person => Line(universe, person));
        return $"""

            TenantIdP demo (development only)
              map          {hosts.Map.GetLeftPart(UriPartial.Authority)}
              application  {hosts.App.GetLeftPart(UriPartial.Authority)}
              login host   {hosts.Issuer.GetLeftPart(UriPartial.Authority)}

            {string.Join('\n', people)}

            Ctrl+C stops it.
            """;
    }

    private static string Line(DemoUniverse universe, DemoPerson person)
    {
        var way = person.SignsInBy == DemoSignIn.Password ? DemoUniverse.Password : $"SSO of {universe.HomeOf(person)?.Name}";
        var memberships = person.Memberships.Select(membership => $"{membership.Organization} ({string.Join(", ", membership.Roles)})");
        return $"  {person.Email,-20} {way,-28} {string.Join(", ", memberships)}".TrimEnd();
    }

    private static async Task<int> FailAsync(string message, int exitCode)
    {
        await Console.Error.WriteLineAsync(message);
        return exitCode;
    }
}
