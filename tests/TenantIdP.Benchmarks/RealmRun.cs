using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;

namespace TenantIdP.Benchmarks;

/// <summary>
/// The look-up of a host (PERFORMANCE.md, home realm), inside the process: the page around it costs more than it does. As a node remembers it, as it is read, for a host that nobody
/// holds, and beside them one indexed statement by hand.
/// </summary>
internal sealed class RealmRun(IdpHost host, Sizes sizes)
{
    private const int FewOrganizations = 100;

    // Of one that takes microseconds, so many that the clock of the process counts them.
    private const int CachedTimes = 50;

    private readonly Cpu cpu = new(() => Process.GetCurrentProcess().TotalProcessorTime, Cpu.PostmasterOf(host.Store.Settings));
    private int next;

    public List<(string Operation, Figure Ours, Figure? Floor)> Figures { get; } = [];

    public async Task RunAsync()
    {
        var ct = CancellationToken.None;
        await using var upstream = await TestUpstream.StartAsync(ct);
        var template = await host.CreateOrganizationAsync(ct);
        await host.VerifyDomainAsync(template, ct);
        await host.ConnectAsync(template, upstream, ct);
        await Bulk.CopyAsync(host, template.Id, 1, FewOrganizations);
        await MeasureAsync(FewOrganizations);
        await Bulk.CopyAsync(host, template.Id, FewOrganizations + 1, sizes.Organizations);
        await MeasureAsync(sizes.Organizations);
    }

    private async Task MeasureAsync(int organizations)
    {
        var facts = host.Services.GetRequiredService<IRealmFacts>();
        var floor = await Load.MeasureAsync(cpu, sizes, _ => ByHandAsync(Some(organizations)));
        var cached = await Load.MeasureAsync(cpu, sizes, async _ =>
        {
            for (var i = 0; i < CachedTimes; i++) Check(await facts.ByHostAsync(HostName.Parse("bulk-1.example"), CancellationToken.None) is not null);
        });
        const double PerThousand = 1_000.0 / CachedTimes;
        Add($"remembered, of {organizations:N0}, a thousand times", new Figure(cached.App * PerThousand, cached.Database * PerThousand, cached.Wall * PerThousand));
        Add($"read, of {organizations:N0}", await Load.MeasureAsync(cpu, sizes, async _ => Check(await ReadAsync(Some(organizations)) is not null)), floor);
        Add($"read, a host of nobody, of {organizations:N0}", await Load.MeasureAsync(cpu, sizes, async _ => Check(await ReadAsync($"nobody-{Interlocked.Increment(ref next)}.example") is null)), floor);
    }

    /// <summary>Another one each time, in no order.</summary>
    private string Some(int organizations) => string.Create(CultureInfo.InvariantCulture, $"bulk-{(uint)Interlocked.Increment(ref next) * 7919u % (uint)organizations + 1}.example");

    private async Task<DomainRealm?> ReadAsync(string name)
    {
        await using var scope = host.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<RealmReader>().ByHostAsync(HostName.Parse(name), CancellationToken.None);
    }

    private async Task ByHandAsync(string name)
    {
        await using var scope = host.Services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<IdpDbContext>().Database;
        await database.OpenConnectionAsync();
        await using var command = database.GetDbConnection().CreateCommand();
        command.CommandText = "SELECT organization_id FROM organization_domains WHERE host = @host AND verified_at IS NOT NULL";
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = ("host", name);
        command.Parameters.Add(parameter);
        Check(await command.ExecuteScalarAsync() is not null);
        await database.CloseConnectionAsync();
    }

    private static void Check(bool found)
    {
        if (!found) throw new InvalidOperationException("The look-up did not find what is there, or found what is not.");
    }

    private void Add(string operation, Figure ours, Figure? floor = null)
    {
        Figures.Add((operation, ours, floor));
        Console.Error.WriteLine($"{host.Store.Settings["TenantIdP:Database:Provider"]}: {operation}: {ours.App:F3}+{ours.Database:F3}");
    }
}
