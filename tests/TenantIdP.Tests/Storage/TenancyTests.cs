using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Storage;

public abstract class TenancyTests(TestStore store)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task A_thousand_alternating_leases_see_their_own_organization_only()
    {
        Id<Organization>[] organizations = [await store.NewOrganizationAsync(Ct), await store.NewOrganizationAsync(Ct), await store.NewOrganizationAsync(Ct)];
        foreach (var organization in organizations) await store.RoleAsync(organization, "auditor", Ct);

        await Parallel.ForAsync(0, 1_000, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Ct }, async (i, ct) =>
        {
            var mine = i % 4 == 3 ? (Id<Organization>?)null : organizations[i % 4];
            var (owners, tracked) = await store.UseAsync(mine, async db =>
            {
                var before = db.ChangeTracker.Entries().Count();
                var seen = await db.Roles.Where(r => r.OrganizationId != Organization.Instance).Select(r => r.OrganizationId).ToListAsync(ct);
                await db.Organizations.Take(3).ToListAsync(ct); // left tracked on purpose: the next lease of this context must not find them
                return (seen, before);
            });
            Assert.Equal(mine is { } id ? [id] : [], owners);
            Assert.Equal(0, tracked);
        });
    }

    [Fact]
    public async Task A_lease_without_scope_sees_no_row_of_any_organization()
    {
        var organization = await store.NewOrganizationAsync(Ct);
        await store.RoleAsync(organization, "auditor", Ct);

        Assert.Equal((0, 0), await store.UseAsync(null, async db => (await db.Roles.CountAsync(Ct), await db.Events.CountAsync(Ct))));
        Assert.Equal(["admin", "auditor", "guest", "member", "owner"], await store.UseAsync(organization, db => db.Roles.OrderBy(r => r.Key).Select(r => r.Key).ToListAsync(Ct)));
    }

    [Fact]
    public async Task A_lease_that_ends_inside_a_transaction_leaves_nothing_behind()
    {
        var slug = TestStore.UniqueSlug();
        await store.UseAsync(await store.NewOrganizationAsync(Ct), async db =>
        {
            await db.Database.BeginTransactionAsync(Ct);
            db.Organizations.Add(Organization.Create("Half made", slug, null, Now).Value!); // a valid name
            await db.SaveChangesAsync(Ct);
            return 0;
        });

        Assert.False(await store.UseAsync(null, async db =>
        {
            Assert.Null(db.Scope);
            Assert.Null(db.Database.CurrentTransaction);
            return await db.Organizations.AnyAsync(o => o.Slug == slug, Ct);
        }));
        await store.NewOrganizationAsync(Ct); // the turn to write was given back
    }

    [Fact]
    public async Task Writing_a_row_of_another_organization_is_refused()
    {
        var (ours, theirs) = (await store.NewOrganizationAsync(Ct), await store.NewOrganizationAsync(Ct));
        var domain = OrganizationDomain.Claim(theirs, HostName.Parse($"{TestStore.UniqueSlug()}.example"), includeSubdomains: false, Now);

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => store.UseAsync(ours, db =>
        {
            db.Domains.Add(domain);
            return db.SaveChangesAsync(Ct);
        }));

        Assert.Contains("another organization", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_database_itself_refuses_a_role_of_another_organization()
    {
        var (ours, theirs) = (await store.NewOrganizationAsync(Ct), await store.NewOrganizationAsync(Ct));
        var membership = await MemberAsync(ours);
        var (own, foreign) = (await store.RoleAsync(ours, "auditor", Ct), await store.RoleAsync(theirs, "auditor", Ct));

        await GrantRawAsync(ours, membership, ours, own.Id); // the statement itself is sound
        await GrantRawAsync(ours, membership, Organization.Instance, await BuiltInAsync(ours));
        var named = await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => GrantRawAsync(ours, membership, theirs, foreign.Id));
        var disguised = await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => GrantRawAsync(ours, membership, ours, foreign.Id));

        Assert.Contains("ck_membership_roles_owner", named.Message, StringComparison.Ordinal);
        Assert.Contains("foreign key", disguised.Message, StringComparison.OrdinalIgnoreCase);
    }

    private Task<Id<Role>> BuiltInAsync(Id<Organization> organization) =>
        store.UseAsync(organization, db => db.Roles.Where(r => r.Key == BuiltInRoles.Owner).Select(r => r.Id).SingleAsync(Ct));

    private Task<Id<Membership>> MemberAsync(Id<Organization> organization) => store.UseAsync(organization, async db =>
    {
        var user = User.Create(PersonName.None, Now);
        var membership = Membership.Join(organization, user.Id, Now);
        db.AddRange(user, membership);
        await db.SaveChangesAsync(Ct);
        return membership.Id;
    });

    private Task<int> GrantRawAsync(Id<Organization> organization, Id<Membership> membership, Id<Organization> owner, Id<Role> role) => store.UseAsync(null, db =>
    {
        object at = db.Database.IsNpgsql() ? Now : Now.UtcTicks;
        return db.Database.ExecuteSqlAsync(
            $"INSERT INTO membership_roles (organization_id, membership_id, role_organization_id, role_id, source, source_id, assigned_at) VALUES ({organization.Value}, {membership.Value}, {owner.Value}, {role.Value}, 'Manual', '', {at})",
            Ct);
    });
}

public sealed class TenancyOnSqlite(SqliteStore store) : TenancyTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class TenancyOnPostgreSql(PostgreSqlStore store) : TenancyTests(store), IClassFixture<PostgreSqlStore>;
