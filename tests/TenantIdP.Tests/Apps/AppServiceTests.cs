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
        Assert.StartsWith(AppSecrets.Prefix, created.ClientSecret, StringComparison.Ordinal);
        Assert.Contains(host.Apps.Secrets[created.App.Id], s => MachineSecret.Matches(created.ClientSecret!, s.Hash)); // a web app has one

        var rotated = (await host.UseAsync<AppSecretService, Result<CreatedApp>>(null, a => a.RotateAsync(created.App.Id, null, Ct))).Value!; // it exists
        Assert.DoesNotContain(host.Apps.Secrets[created.App.Id], s => MachineSecret.Matches(created.ClientSecret!, s.Hash)); // as above
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
        Assert.Equal(AppErrors.SecretInUse, (await host.UseAsync<AppSecretService, Result<CreatedApp>>(null, a => a.RotateAsync(created.App.Id, null, Ct))).Error);
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
        Assert.Equal(AppErrors.RedirectUriInvalid, (await host.UseAsync<AppService, Result<App>>(null, a => a.UpdateAsync(created.App.Id, changes, null, Ct))).Error);
        var logout = new AppChanges { BackchannelLogoutUri = redirect };
        Assert.Equal(("redirect_uri_invalid", "backchannelLogoutUri"), Reason((await host.UseAsync<AppService, Result<App>>(null, a => a.UpdateAsync(created.App.Id, logout, null, Ct))).Error));
    }

    private static (string?, string?) Reason(Error? error) => (error?.Code, error?.Field);

    [Theory]
    [InlineData(AppKind.Public, "client_credentials")]
    [InlineData(AppKind.Machine, "authorization_code")]
    [InlineData(AppKind.Web, "password")]
    [InlineData(AppKind.Web, "refresh_token")]
    [InlineData(AppKind.Web, "authorization_code authorization_code")]
    [InlineData(AppKind.Web, "")]
    public async Task A_grant_that_the_kind_cannot_use_is_refused(AppKind kind, string grants)
    {
        var wanted = new NewApp("App", kind) { RedirectUris = ["https://site.example.test/cb"], GrantTypes = grants.Split(' ', StringSplitOptions.RemoveEmptyEntries) };
        Assert.Equal(AppErrors.GrantTypesInvalid, (await CreateAsync(wanted)).Error);
    }

    [Theory]
    [InlineData(59, null, null, "accessTokenSeconds")]
    [InlineData(86_401, null, null, "accessTokenSeconds")]
    [InlineData(null, 0, null, "refreshTokenDays")]
    [InlineData(null, 366, null, "refreshTokenDays")]
    [InlineData(null, null, 731, "refreshTokenAbsoluteDays")]
    public async Task A_lifetime_out_of_bounds_is_refused_by_its_name(int? access, int? sliding, int? absolute, string field)
    {
        var wanted = new NewApp("Job", AppKind.Machine) { AccessTokenSeconds = access, RefreshTokenDays = sliding, RefreshTokenAbsoluteDays = absolute };
        Assert.Equal(field, (await CreateAsync(wanted)).Error!.Field); // refused
    }

    [Fact]
    public async Task An_unknown_default_api_is_refused() =>
        Assert.Equal(AppErrors.ApiUnknown, (await CreateAsync(new NewApp("Job", AppKind.Machine) { DefaultApi = "https://nowhere.example.test" })).Error);
}

public sealed class AppServiceOnSqlite(SqliteManagement host) : AppServiceTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class AppServiceOnPostgreSql(PostgreSqlManagement host) : AppServiceTests(host), IClassFixture<PostgreSqlManagement>;
