using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Apps;

public abstract class AppServiceTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Task<Result<CreatedApp>> CreateAsync(NewApp wanted) => host.UseAsync<AppService, Result<CreatedApp>>(null, a => a.CreateAsync(wanted, Ct));

    [Fact]
    public async Task A_secret_is_shown_once_and_only_its_hash_is_kept()
    {
        var created = (await CreateAsync(new NewApp("Site", AppKind.Web) { RedirectUris = ["https://site.example.test/cb"] })).Value!; // valid input
        Assert.StartsWith(AppService.SecretPrefix, created.ClientSecret, StringComparison.Ordinal);
        Assert.True(MachineSecret.Matches(created.ClientSecret!, host.Apps.SecretHashes[created.App.Id]!)); // a web app has both

        var rotated = (await host.UseAsync<AppService, Result<CreatedApp>>(null, a => a.RotateSecretAsync(created.App.Id, Ct))).Value!; // it exists
        Assert.False(MachineSecret.Matches(created.ClientSecret!, host.Apps.SecretHashes[created.App.Id]!)); // as above
        var target = created.App.Id.ToString();
        var events = await host.ReadAsync(null, db => db.Events.IgnoreQueryFilters(["organization"]).Where(e => e.TargetId == target).Select(e => e.Data).ToListAsync(Ct));
        Assert.Equal(2, events.Count);
        Assert.All(events, e => Assert.False(e.Contains(created.ClientSecret!, StringComparison.Ordinal) || e.Contains(rotated.ClientSecret!, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_public_app_has_no_secret_and_always_uses_pkce()
    {
        var wanted = new NewApp("Phone", AppKind.Public) { RedirectUris = ["http://127.0.0.1/cb"] };
        var created = (await CreateAsync(wanted)).Value!; // valid input
        Assert.Null(created.ClientSecret);
        Assert.Equal(AppErrors.SecretInUse, (await host.UseAsync<AppService, Result<CreatedApp>>(null, a => a.RotateSecretAsync(created.App.Id, Ct))).Error);
        Assert.Equal(AppErrors.PkceRequired, (await CreateAsync(wanted with { RequirePkce = false })).Error);
    }

    [Theory]
    [InlineData("http://site.example.test/cb")]
    [InlineData("http://127.0.0.1/cb")]
    [InlineData("https://*.example.test/cb")]
    [InlineData("https://site.example.test/cb#x")]
    [InlineData("javascript:alert(1)")]
    public async Task An_unsafe_redirect_is_refused_when_created_and_when_changed(string redirect)
    {
        Assert.Equal(AppErrors.RedirectUriInvalid, (await CreateAsync(new NewApp("Site", AppKind.Web) { RedirectUris = [redirect] })).Error);
        var created = (await CreateAsync(new NewApp("Site", AppKind.Web) { RedirectUris = ["https://site.example.test/cb"] })).Value!; // valid input
        var changes = new AppChanges { RedirectUris = new Patch<IReadOnlyList<string>>([redirect]) };
        Assert.Equal(AppErrors.RedirectUriInvalid, (await host.UseAsync<AppService, Result<App>>(null, a => a.UpdateAsync(created.App.Id, changes, Ct))).Error);
    }

    [Fact]
    public async Task An_unknown_default_api_is_refused() =>
        Assert.Equal(AppErrors.ApiUnknown, (await CreateAsync(new NewApp("Job", AppKind.Machine) { DefaultApi = "https://nowhere.example.test" })).Error);
}

public sealed class AppServiceOnSqlite(SqliteManagement host) : AppServiceTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class AppServiceOnPostgreSql(PostgreSqlManagement host) : AppServiceTests(host), IClassFixture<PostgreSqlManagement>;
