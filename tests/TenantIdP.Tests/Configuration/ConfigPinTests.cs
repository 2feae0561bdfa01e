using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Configuration;

/// <summary>A slug is the tenant's to change: a file says which organization it means by what no tenant can change.</summary>
public abstract class ConfigPinTests(TestStore store)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_takes_the_slug_of_a_customer_to_come_gets_nothing_of_the_customers_file()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync("version: 1\norganizations: {mallory: {displayName: Mallory}}");
        await RenameAsync(instance, "mallory", "victim");
        static string With(string pin) => "version: 1\norganizations:\n  victim: {displayName: Victim, " + pin + "domains: {victim.example: {verified: true, reason: Contract}}}\n  another: {displayName: Another}";

        var unpinned = await instance.ApplyAsync(With(""));
        var pinned = await instance.ApplyAsync(With("externalId: victim-1, "));

        Assert.Equal((1, 1), (unpinned.Code, pinned.Code));
        Assert.Contains("(config_organization_unpinned)", unpinned.Errors, StringComparison.Ordinal);
        Assert.Contains("Applied: organization another. Not applied: organization victim.", unpinned.Errors, StringComparison.Ordinal); // it holds up nobody
        Assert.Contains("(config_organization_mismatch)", pinned.Errors, StringComparison.Ordinal);
        var mallory = await FindAsync(instance, "victim");
        Assert.Equal(("Mallory", null), (mallory.DisplayName, mallory.ExternalId));
        Assert.Empty(await instance.UseAsync<IdpDbContext, List<OrganizationDomain>>(db => db.Domains.AsNoTracking().ToListAsync(Ct), "victim"));
        await instance.MustApplyAsync(With($"id: {mallory.Id}, externalId: victim-1, ")); // who says it means it
        await instance.MustApplyAsync(With("externalId: victim-1, "));
    }

    [Fact]
    public async Task A_pinned_organization_is_found_whatever_its_slug_is_and_gets_the_one_of_the_file()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync("version: 1\norganizations: {acme: {displayName: Acme, externalId: acme-1}, globex: {displayName: Globex}}");
        await RenameAsync(instance, "acme", "acme-new");

        var drift = await instance.PlanAsync("version: 1\norganizations: {acme: {externalId: acme-1}}");
        Assert.Equal((2, "organization acme:\n  ~ organization acme: slug \"acme-new\" -> \"acme\"\nPlan: 0 to add, 1 to change, 0 to delete.\n"), (drift.Code, drift.Output));
        Assert.Equal(0, (await instance.PlanAsync("version: 1\norganizations: {acme-new: {externalId: acme-1}}")).Code);
        var id = (await FindAsync(instance, "acme-new")).Id;
        await instance.MustApplyAsync($"version: 1\norganizations: {{acme-inc: {{id: {id}, displayName: Acme Inc}}}}");
        Assert.Equal((id, "Acme Inc"), ((await FindAsync(instance, "acme-inc")).Id, (await FindAsync(instance, "acme-inc")).DisplayName));
        Assert.Contains("(config_organization_mismatch)", (await instance.PlanAsync($"version: 1\norganizations: {{globex: {{id: {id}}}}}")).Errors, StringComparison.Ordinal);
        Assert.Contains("(config_organization_unknown)", (await instance.PlanAsync($"version: 1\norganizations: {{globex: {{id: {Id<Organization>.New(TimeProvider.System.GetUtcNow())}}}}}")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_former_slug_says_what_the_organization_is_called_now_and_makes_no_other()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync("version: 1\norganizations: {acme: {displayName: Acme}}");
        await RenameAsync(instance, "acme", "acme-new");

        var refused = await instance.ApplyAsync("version: 1\norganizations: {acme: {displayName: Acme}, globex: {displayName: Globex}}");

        Assert.Equal(1, refused.Code);
        Assert.Contains("The organization \"acme\" was renamed to \"acme-new\".", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("Applied: organization globex, 1 change.", refused.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_export_pins_each_organization()
    {
        await using var instance = await ConfigInstance.NewAsync(store, Ct);
        await instance.MustApplyAsync("version: 1\norganizations: {acme: {displayName: Acme, externalId: acme-1}, globex: {displayName: Globex}}");
        var (acme, globex) = (await instance.IdAsync("acme"), await instance.IdAsync("globex"));

        var exported = await instance.ExportAsync();

        Assert.Contains($"id: {globex}\n", exported, StringComparison.Ordinal);
        Assert.DoesNotContain(acme.ToString(), exported, StringComparison.Ordinal);
        Assert.DoesNotContain(globex.ToString(), await instance.ExportAsync("--without-ids"), StringComparison.Ordinal);
        Assert.Contains("(config_organization_unpinned)", (await instance.PlanAsync(exported.Replace("externalId: acme-1", "externalId: null", StringComparison.Ordinal))).Errors, StringComparison.Ordinal);
        await instance.MustApplyAsync(exported.Replace("displayName: Globex", "displayName: Globex Corp", StringComparison.Ordinal));
    }

    private static async Task RenameAsync(ConfigInstance instance, string slug, string other)
    {
        var id = await instance.IdAsync(slug);
        Assert.Null((await instance.UseAsync<OrganizationService, Result<Organization>>(o => o.UpdateAsync(id, new OrganizationChanges { Slug = other }, Granter.Instance, null, Ct))).Error);
    }

    private static async Task<Organization> FindAsync(ConfigInstance instance, string slug) =>
        (await instance.UseAsync<OrganizationService, Result<Organization>>(o => o.FindBySlugAsync(slug, Ct))).Value!; // it is there
}

public sealed class ConfigPinsOnSqlite(SqliteStore store) : ConfigPinTests(store), IClassFixture<SqliteStore>;

public sealed class ConfigPinsOnPostgreSql(PostgreSqlStore store) : ConfigPinTests(store), IClassFixture<PostgreSqlStore>;
