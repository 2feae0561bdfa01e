using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Configuration;

/// <summary>Secrets are named in a file, compared in memory, and seen nowhere.</summary>
public abstract class ConfigSecretTests(TestStore store)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_secret_reaches_its_place_and_no_output_no_event_and_no_export()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        var (first, second, ofApp) = ("upstream-secret-one-5f0c", "upstream-secret-two-77aa", MachineSecret.New(AppSecrets.Prefix));
        var said = new List<string>();
        async Task RunAsync(string secret, int planned)
        {
            File.WriteAllText(Path.Combine(instance.Folder, "upstream.secret"), secret + "\n");
            var yaml = $$"""
                version: 1
                apps:
                  Web: {kind: web, redirectUris: ["https://app.example/cb"], clientSecret: { env: {{ConfigInstance.Secret(ofApp)}} } }
                organizations:
                  acme:
                    displayName: Acme
                    externalId: acme-1
                    connections:
                      Upstream: {kind: oidc, issuer: "https://idp.example", clientId: id, clientSecret: {file: upstream.secret} }
                """;
            var plan = await instance.PlanAsync(yaml, "--json");
            var apply = await instance.ApplyAsync(yaml);
            Assert.Equal((planned, 0), (plan.Code, apply.Code));
            said.AddRange([plan.Output, plan.Errors, apply.Output, apply.Errors]);
        }

        await instance.MustApplyAsync("version: 1");
        await RunAsync(first, planned: 2);
        await RunAsync(first, planned: 0);
        await RunAsync(second, planned: 2);
        Assert.Contains("~ connection Upstream: clientSecret (secret: file upstream.secret)", said[^2], StringComparison.Ordinal);
        await RunAsync(second, planned: 0);
        said.Add(await instance.ExportAsync());
        foreach (var slug in new[] { "acme" })
            said.AddRange(await instance.UseAsync<IdpDbContext, List<string>>(async db => [.. (await db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().ToListAsync(Ct)).Select(e => e.Data)], slug));

        Assert.Contains(said, text => text.Contains("replaced", StringComparison.Ordinal)); // the events were read
        Assert.All(said, text => Assert.DoesNotContain(first, text, StringComparison.Ordinal));
        Assert.All(said, text => Assert.DoesNotContain(second, text, StringComparison.Ordinal));
        Assert.All(said, text => Assert.DoesNotContain(ofApp, text, StringComparison.Ordinal));
        var app = await instance.UseAsync<AppService, App>(async apps => (await apps.ListAsync(new PageRequest(50, null), Ct)).Value!.Items.Single());
        Assert.True(await instance.UseAsync<AppService, bool>(apps => apps.HasSecretAsync(app.Id, ofApp, Ct)));
        Assert.False(await instance.UseAsync<AppService, bool>(apps => apps.HasSecretAsync(app.Id, second, Ct)));
        var connection = await instance.UseAsync<IdpDbContext, Connection>(db => db.Connections.AsNoTracking().SingleAsync(Ct), "acme");
        Assert.Equal(second, await instance.UseAsync<SecretBox, string>(box => Task.FromResult(box.OpenText(connection.ClientSecretSealed!, connection.SecretPlace)))); // the apply has set it
    }

    [Fact]
    public async Task A_secret_that_is_missing_is_named_and_nothing_is_changed()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync("version: 1");

        var refused = await instance.ApplyAsync("version: 1\nroles: {billing: {displayName: B}}\napps:\n  Web: {kind: web, clientSecret: {env: TIDP_TEST_NO_SUCH}}");

        Assert.Contains("line 4, column 3: The environment variable TIDP_TEST_NO_SUCH is not set. (config_secret_missing)", refused.Errors, StringComparison.Ordinal);
        Assert.Equal(2, (await instance.PlanAsync("version: 1\nroles: {billing: {displayName: B}}")).Code);
    }

    [Theory]
    [InlineData("a word that somebody chose")]
    [InlineData("tidp_secret_short")]
    [InlineData("tidp_secret_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA")]
    public async Task A_secret_of_an_app_that_could_be_guessed_is_refused(string guessable)
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);

        var refused = await instance.ApplyAsync("version: 1\napps: {Worker: {kind: machine, clientSecret: {env: " + ConfigInstance.Secret(guessable) + "}}}");

        Assert.Equal(1, refused.Code);
        Assert.Contains("(app_secret_invalid)", refused.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(guessable, refused.Errors + refused.Output, StringComparison.Ordinal);
    }
}

public sealed class ConfigSecretsOnSqlite(SqliteStore store) : ConfigSecretTests(store), IClassFixture<SqliteStore>;

public sealed class ConfigSecretsOnPostgreSql(PostgreSqlStore store) : ConfigSecretTests(store), IClassFixture<PostgreSqlStore>;
