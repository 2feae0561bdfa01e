using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Core.Apps;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>What time does to a device's codes and to an app's secrets, on a host with a clock of its own.</summary>
public abstract class DeviceExpiryTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly FakeTimeProvider clock = new(TimeProvider.System.GetUtcNow());

    protected abstract TestStore NewStore();

    private sealed class ClockedIdp(TestStore store, TimeProvider clock) : IdpHost(store)
    {
        protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton(clock);
    }

    [Fact]
    public async Task Codes_end_after_ten_minutes_and_replaced_secrets_after_their_overlap()
    {
        await using var idp = new ClockedIdp(NewStore(), clock);
        await idp.InitializeAsync();
        var device = await idp.CreateAppAsync(Ct, app => app with { Kind = AppKind.Public, RedirectUris = [], PostLogoutRedirectUris = [], GrantTypes = [AppGrantTypes.DeviceCode] });
        var machine = await idp.CreateAppAsync(Ct, app => app with { Kind = AppKind.Machine, RedirectUris = [], PostLogoutRedirectUris = [] });
        var started = await device.TokenAsync([("scope", "openid")], Ct, "/connect/device");
        await idp.UseAsync<AppSecretService, CreatedApp>(s => s.RotateAsync(Core.Kernel.Id<App>.Parse(machine.App.Id, null), 600, Ct));
        Task<TokenAnswer> PollAsync() => device.TokenAsync([("grant_type", AppGrantTypes.DeviceCode), ("device_code", (string)started.Body["device_code"]!)], Ct); // always there
        Task<TokenAnswer> AskAsync() => machine.TokenAsync([("grant_type", "client_credentials")], Ct); // with the first secret

        clock.Advance(TimeSpan.FromSeconds(590));
        Assert.Equal("authorization_pending", (await PollAsync()).Error);
        Assert.True((await AskAsync()).IsOk);
        clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal("expired_token", (await PollAsync()).Error);
        Assert.Equal("invalid_client", (await AskAsync()).Error);

        using var browser = new WebBrowser();
        var page = await browser.GetAsync((string)started.Body["verification_uri_complete"]!, Ct); // always there
        page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct);
        Assert.Contains("not known", page.Text, StringComparison.Ordinal);
    }
}

public sealed class DeviceExpiryOnSqlite : DeviceExpiryTests
{
    protected override TestStore NewStore() => new SqliteStore();
}

[Trait("Store", "PostgreSql")]
public sealed class DeviceExpiryOnPostgreSql(PostgreSqlCluster cluster) : DeviceExpiryTests
{
    protected override TestStore NewStore() => new PostgreSqlStore(cluster);
}
