using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Organizations;

public abstract class OrganizationServiceTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Task<Result<Organization>> CreateAsync(NewOrganization wanted) => host.UseAsync<OrganizationService, Result<Organization>>(null, o => o.CreateAsync(wanted, Ct));

    private Task<Result<Organization>> UpdateAsync(Id<Organization> id, OrganizationChanges changes, int? version = null) =>
        host.UseAsync<OrganizationService, Result<Organization>>(null, o => o.UpdateAsync(id, changes, Granter.Instance, version, Ct));

    [Fact]
    [Trait("Fault", "R8")]
    public async Task Twenty_organizations_of_one_name_at_once_get_a_slug_each()
    {
        var name = ManagementHost.Unique("Globex");
        var made = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => CreateAsync(new NewOrganization(name))));
        Assert.All(made, m => Assert.True(m.IsOk, m.Error?.Code));
        Assert.Equal(20, made.Select(m => m.Value!.Slug).Distinct().Count()); // each is Ok
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task A_slug_that_was_asked_for_is_given_once()
    {
        var slug = ManagementHost.Unique("slug");
        var made = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => CreateAsync(new NewOrganization("Globex", slug))));
        Assert.Single(made, m => m.IsOk);
        Assert.All(made.Where(m => !m.IsOk), m => Assert.Equal(OrganizationErrors.SlugTaken, m.Error));
    }

    [Fact]
    public async Task A_new_organization_has_its_owner_and_its_events_or_is_not_there()
    {
        var owner = await host.NewUserAsync(Ct);
        var organization = (await CreateAsync(new NewOrganization("Globex", Owner: owner))).Value!; // valid input
        var types = await host.ReadAsync(organization.Id, db => db.Events.OrderBy(e => e.Id).Select(e => e.Type).ToListAsync(Ct));
        Assert.Equal([EventTypes.OrganizationCreated, EventTypes.MemberJoined], types.Order(StringComparer.Ordinal).Reverse());
        var members = (await host.UseAsync<MemberList, Result<Page<Member>>>(organization.Id, m => m.ListAsync(organization.Id, new MemberFilter(), new PageRequest(10, null), Ct))).Value!.Items; // a page
        Assert.Equal("owner", Assert.Single(Assert.Single(members).Roles).Key);

        var externalId = ManagementHost.Unique("crm");
        var unknown = await CreateAsync(new NewOrganization("Globex", ExternalId: externalId, Owner: Id<User>.New(DateTimeOffset.UnixEpoch)));
        Assert.Equal("owner", unknown.Error?.Field);
        Assert.Equal(OrganizationErrors.NotFound, (await host.UseAsync<OrganizationService, Result<Organization>>(null, o => o.FindByExternalIdAsync(externalId, Ct))).Error);
    }

    [Fact]
    public async Task A_patch_tells_absent_from_null_and_an_unchanged_one_writes_no_event()
    {
        var externalId = ManagementHost.Unique("crm");
        var organization = (await CreateAsync(new NewOrganization("Globex", ExternalId: externalId))).Value!; // valid input
        var renamed = (await UpdateAsync(organization.Id, new OrganizationChanges { DisplayName = "Globex 2" })).Value!; // valid input
        Assert.Equal(("Globex 2", externalId), (renamed.DisplayName, renamed.ExternalId));
        Assert.Equal(organization.Version + 1, renamed.Version);
        var same = (await UpdateAsync(organization.Id, new OrganizationChanges { DisplayName = "Globex 2" })).Value!; // valid input
        Assert.Equal(renamed.Version, same.Version);
        var cleared = (await UpdateAsync(organization.Id, new OrganizationChanges { ExternalId = new Patch<string>(null) })).Value!; // valid input
        Assert.Null(cleared.ExternalId);
        Assert.Equal("invalid_name", (await UpdateAsync(organization.Id, new OrganizationChanges { DisplayName = new Patch<string>(null) })).Error?.Code);
        Assert.Equal(2, await host.ReadAsync(organization.Id, db => db.Events.CountAsync(e => e.Type == EventTypes.OrganizationUpdated, Ct)));
    }

    [Fact]
    public async Task Of_ten_changes_of_one_version_one_is_made()
    {
        var organization = (await CreateAsync(new NewOrganization("Globex"))).Value!; // valid input
        var changes = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => UpdateAsync(organization.Id, new OrganizationChanges { DisplayName = $"Name {i}" }, organization.Version)));
        Assert.Single(changes, c => c.IsOk);
        Assert.All(changes.Where(c => !c.IsOk), c => Assert.Equal(VersionErrors.Mismatch, c.Error));
    }

    [Fact]
    public async Task Pages_hold_every_organization_once_and_a_foreign_cursor_is_refused()
    {
        for (var i = 0; i < 5; i++) await host.NewOrganizationAsync(Ct);
        var all = await host.ReadAsync(null, db => db.Organizations.Select(o => o.Id).ToListAsync(Ct));
        var seen = new List<Id<Organization>>();
        for (string? after = null; ;)
        {
            var page = (await host.UseAsync<OrganizationList, Result<Page<Organization>>>(null, o => o.ListAsync(new OrganizationFilter(), new PageRequest(2, after), Ct))).Value!; // a cursor of this list
            seen.AddRange(page.Items.Select(o => o.Id));
            if ((after = page.Next) is null) break;
        }

        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.Empty(all.Except(seen));
        var foreign = Id<User>.New(DateTimeOffset.UnixEpoch).ToString();
        Assert.Equal(PageErrors.CursorInvalid, (await host.UseAsync<OrganizationList, Result<Page<Organization>>>(null, o => o.ListAsync(new OrganizationFilter(), new PageRequest(2, foreign), Ct))).Error);
    }
}

public sealed class OrganizationServiceOnSqlite(SqliteManagement host) : OrganizationServiceTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class OrganizationServiceOnPostgreSql(PostgreSqlManagement host) : OrganizationServiceTests(host), IClassFixture<PostgreSqlManagement>;
