using System.Globalization;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;

namespace TenantIdP.Benchmarks;

internal static class BareRun
{
    /// <summary>Client credentials, refresh, and authorize to tokens of a plain OpenIddict.</summary>
    public static async Task<Figure[]> RunAsync(TestStore store, Sizes sizes)
    {
        var connection = await store.NewDatabaseAsync(CancellationToken.None);
        await using var server = ServerProcess.Start(
            [typeof(BareRun).Assembly.Location, "bare"],
            new Dictionary<string, string?> { ["Provider"] = store.Settings["TenantIdP:Database:Provider"], ["ConnectionStrings:Bare"] = connection },
            "Production");
        await server.ReadyAsync(CancellationToken.None);
        var cpu = new Cpu(() => server.Cpu, Cpu.PostmasterOf(store.Settings));
        using var client = new Client(server.Address, new Uri(server.Address).Authority, BareHost.ClientId, BareHost.Secret, BareHost.Redirect);
        var families = new string[Load.Workers];
        for (var i = 0; i < families.Length; i++) families[i] = await client.AuthorizeAsync(null, null);

        Figure[] figures =
        [
            await Load.MeasureAsync(cpu, sizes, _ => client.ClientCredentialsAsync()),
            await Load.MeasureAsync(cpu, sizes, async w => families[w] = await client.RefreshAsync(families[w])),
            await Load.MeasureAsync(cpu, sizes, _ => client.AuthorizeAsync(null, null)),
        ];
        await Console.Error.WriteLineAsync("bare: " + string.Join(", ", figures.Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.App:F2}+{f.Database:F2}"))));
        return figures;
    }
}
