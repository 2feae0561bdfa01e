using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Server.Commands;

/// <summary>
/// <c>audit verify [--organization org_…]</c>: computes the hash chains anew and says which event is the first of each that does not fit. Reads only, migrates nothing and
/// listens nowhere, so it runs beside the server, with the server's settings.
/// </summary>
internal static class AuditCommand
{
    public const string Name = "audit";

    private const int Whole = 0;
    private const int Broken = 1;
    private const int WrongUse = 2;
    private const string Verify = "verify";
    private const string OrganizationOption = "--organization";

    /// <param name="args">After the command's name.</param>
    public static async Task<int> RunAsync(string[] args, TextWriter answer, TextWriter error, CancellationToken ct)
    {
        if (Read(args) is not { } wanted)
        {
            await error.WriteLineAsync("Usage: audit verify [--organization org_…] [--Setting:Name=value …]");
            return WrongUse;
        }

        await using var app = ServerApp.Build(wanted.Settings, builder => builder.Logging.SetMinimumLevel(LogLevel.Warning));
        await using var scope = app.Services.CreateAsyncScope();
        return await VerifyAsync(scope.ServiceProvider.GetRequiredService<EventVerification>(), wanted.Organization, answer, ct);
    }

    private static async Task<int> VerifyAsync(EventVerification verification, Id<Organization>? organization, TextWriter answer, CancellationToken ct)
    {
        var (chains, events, broken) = (0, 0L, 0);
        await foreach (var chain in verification.VerifyAsync(organization, ct))
        {
            var name = chain.Organization == Organization.Instance ? "instance" : chain.Organization.ToString();
            (chains, events) = (chains + 1, events + chain.Events);
            if (chain.Fault is not { } fault)
            {
                await answer.WriteLineAsync($"{name}: whole, {chain.Events} events, {chain.Erased} with erased personal data, head {(chain.Head.Length == 0 ? "none" : chain.Head)}");
                continue;
            }

            broken++;
            await answer.WriteLineAsync($"{name}: BROKEN at position {fault.Position}{(fault.Event is { } found ? $", event {found}" : "")}: {Say(fault.Kind)} The {chain.Events} events before it are whole.");
        }

        if (organization is null && await verification.FirstMissingPositionAsync(ct) is { } missing)
        {
            broken++;
            await answer.WriteLineAsync($"log: BROKEN at position {missing}: the event that was sealed there is gone.");
        }

        await answer.WriteLineAsync(broken == 0 ? $"Whole: {chains} chains, {events} events." : $"BROKEN: {broken} faults, {chains} chains.");
        return broken == 0 ? Whole : Broken;
    }

    private static string Say(ChainFaultKind kind) => kind switch
    {
        ChainFaultKind.Edited => "it is not what was sealed.",
        ChainFaultKind.Inserted => "it was inserted; the chain goes on without it.",
        ChainFaultKind.Removed => "events that were sealed before this place are gone.",
        ChainFaultKind.Reordered => "another event belongs in its place.",
        ChainFaultKind.PersonalEdited => "its personal data is not what was sealed.",
        ChainFaultKind.HeadEdited => "the head of the chain is not that of its events.",
    };

    private static (Id<Organization>? Organization, string[] Settings)? Read(string[] args)
    {
        if (args is not [Verify, .. var rest]) return null;
        if (rest is not [OrganizationOption, .. var after]) return rest.Contains(OrganizationOption) ? null : (null, rest);
        return after is [var text, .. var settings] && Id<Organization>.TryParse(text, out var organization) ? (organization, settings) : null;
    }
}
