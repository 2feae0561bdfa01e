using TenantIdP.Core.Apps;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Configuration;

/// <summary>An apply among others: people, other applies, pipelines.</summary>
public abstract class ConfigMeanwhileTests(TestStore store)
{
    private const string Billing = """
        version: 1
        organizations:
          acme:
            displayName: Acme
            externalId: acme-1
            roles:
              billing: {displayName: Billing, permissions: [invoices:read]}
            domains:
              acme.example: {}
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_somebody_changed_after_the_plan_is_refused_and_not_overwritten()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync(Billing);
        var path = instance.Write(Billing.Replace("invoices:read", "invoices:write", StringComparison.Ordinal));
        var acme = await instance.IdAsync("acme");

        var (code, _, errors) = await instance.RunAsync(["apply", path], _ =>
        {
            instance.UseAsync<RoleService, Result<Role>>(async roles =>
            {
                var role = (await roles.ListAsync(acme, new RoleFilter(), new PageRequest(50, null), Ct)).Value!.Items.Single(r => r.Key == "billing");
                return await roles.UpdateAsync(acme, role.Id, new RoleChanges { DisplayName = "Meanwhile" }, Granter.Instance, null, Ct);
            }, "acme").GetAwaiter().GetResult();
            return true;
        });

        Assert.Equal(1, code);
        Assert.Contains("(version_mismatch)", errors, StringComparison.Ordinal);
        Assert.Contains("displayName: Meanwhile", await instance.ExportAsync("acme"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_of_what_has_no_version_is_refused_as_well()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync("version: 1\napps: {Worker: {kind: machine}}");
        var path = instance.Write("version: 1\napps: {Worker: {scopes: [mine]}}");

        var (code, _, errors) = await instance.RunAsync(["apply", path], _ =>
        {
            instance.UseAsync<AppService, Result<App>>(async apps =>
            {
                var app = (await apps.ListAsync(new PageRequest(50, null), Ct)).Value!.Items.Single();
                return await apps.UpdateAsync(app.Id, new AppChanges { Scopes = new Patch<IReadOnlyList<string>>(["theirs"]) }, null, Ct);
            }).GetAwaiter().GetResult();
            return true;
        });

        Assert.Equal(1, code);
        Assert.Contains("(version_mismatch)", errors, StringComparison.Ordinal);
        Assert.Contains("- theirs", await instance.ExportAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_applies_do_not_run_at_once_and_a_person_who_says_no_changes_nothing()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync("version: 1");
        var path = instance.Write(Billing);

        var declined = await instance.RunAsync(["apply", path], _ => false);
        Assert.Equal((1, "Nothing was applied.\n"), (declined.Code, declined.Errors));
        Assert.Equal(1, (await instance.RunAsync(["apply", path], null)).Code);
        Assert.True(await instance.UseAsync<Leases, bool>(l => l.TryTakeAsync("config-apply", "another", TimeSpan.FromMinutes(5), TimeSpan.Zero, Ct)));
        Assert.Contains("(config_apply_runs)", (await instance.ApplyAsync(Billing)).Errors, StringComparison.Ordinal);
        await instance.UseAsync<Leases, bool>(async l =>
        {
            await l.GiveBackAsync("config-apply", "another", false, Ct);
            return true;
        });
        Assert.Equal(2, (await instance.PlanAsync(Billing)).Code);
        await instance.MustApplyAsync(Billing);
    }

    [Fact]
    public async Task The_executable_does_it_without_listening_and_ends_with_what_a_pipeline_asks_for()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        var path = instance.Write(Billing);

        var applied = await instance.ExecuteAsync("apply", path, "--yes");
        Assert.True(applied.Code == 0, applied.Output);
        Assert.Contains("Applied: organization acme, 3 changes.", applied.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Now listening", applied.Output, StringComparison.Ordinal);
        Assert.Equal((0, "Nothing to do."), await instance.ExecuteAsync("plan", path));
        File.WriteAllText(path, Billing.Replace("displayName: Acme", "displayName: Other", StringComparison.Ordinal));
        Assert.Equal(2, (await instance.ExecuteAsync("plan", path)).Code);
        Assert.Equal(1, (await instance.ExecuteAsync("apply", path)).Code); // no terminal to ask at
        Assert.StartsWith("# TenantIdP configuration.", (await instance.ExecuteAsync("export", "acme")).Output, StringComparison.Ordinal);
    }
}

public sealed class ConfigMeanwhileOnSqlite(SqliteStore store) : ConfigMeanwhileTests(store), IClassFixture<SqliteStore>;

public sealed class ConfigMeanwhileOnPostgreSql(PostgreSqlStore store) : ConfigMeanwhileTests(store), IClassFixture<PostgreSqlStore>;
