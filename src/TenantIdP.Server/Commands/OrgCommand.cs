using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Server.Composition;
using TenantIdP.Server.Configuration;

namespace TenantIdP.Server.Commands;

/// <summary>
/// <c>org unlock ID|SLUG --reason TEXT</c>: the operator's way out when an organization's required single sign-on locks everybody out. Switches the rule off, writes the event with the reason, and the owners are
/// told by the running server. Runs beside it with its settings, migrates nothing and listens nowhere.
/// </summary>
internal static class OrgCommand
{
    public const string Name = "org";

    private const int Done = 0;
    private const int Refused = 1;
    private const int WrongUse = 2;
    private const string Unlock = "unlock";
    private const string ReasonOption = "--reason";

    // In the event: who did it is whoever may run commands on the machine.
    private static readonly Actor ByCommand = new(ActorKind.System, "command:org-unlock");

    /// <param name="args">After the command's name.</param>
    public static async Task<int> RunAsync(string[] args, TextWriter answer, TextWriter error, CancellationToken ct)
    {
        if (args is not [Unlock, var named, ReasonOption, var reason, .. var settings] || named.StartsWith('-'))
        {
            await error.WriteLineAsync("Usage: org unlock ID|SLUG --reason TEXT [--Setting:Name=value …]");
            return WrongUse;
        }

        await using var app = ServerApp.Build(settings, builder => builder.Logging.SetMinimumLevel(LogLevel.Warning));
        await using var scope = app.Services.CreateAsyncScope();
        var services = scope.ServiceProvider;
        if (!await services.GetRequiredService<StoreReadiness>().IsReadyAsync(mayMigrate: false, ct))
        {
            await error.WriteLineAsync("The database is not of this version: start the server of this version once.");
            return Refused;
        }

        services.GetRequiredService<ActorContext>().Actor = ByCommand;
        var found = await FindAsync(services.GetRequiredService<OrganizationService>(), named, ct);
        var unlocked = found.IsOk ? await services.GetRequiredService<SsoEnforcementService>().UnlockAsync(found.Value.Id, reason, ct) : found.Error;
        if (!unlocked.IsOk)
        {
            await error.WriteLineAsync($"{unlocked.Error.Message} ({unlocked.Error.Code})");
            return Refused;
        }

        await SayAsync(unlocked.Value.Organization, unlocked.Value.Was, answer);
        return Done;
    }

    private static Task<Result<Organization>> FindAsync(OrganizationService organizations, string named, CancellationToken ct) =>
        Id<Organization>.TryParse(named, out var id) ? organizations.FindAsync(id, ct) : organizations.FindBySlugAsync(named, ct);

    private static async Task SayAsync(Organization organization, SsoMode was, TextWriter answer)
    {
        var name = $"{organization.Id} ({Terminal.Escape(organization.DisplayName)})";
        var before = was switch { SsoMode.Optional => "was not required", SsoMode.Required => "was required of everybody", SsoMode.RequiredExceptRoles => "was required except of some roles" };
        await answer.WriteLineAsync($"{name}: single sign-on {before}, and is required of nobody now.");
        await answer.WriteLineAsync("The connection, its routing by domain and the list of break-glass owners are as they were. Members with a password here can sign in with it at /signin?local=true until the rule is set anew.");
        await answer.WriteLineAsync("The reason is in the organization's audit log, and its owners are told by mail.");
    }
}
