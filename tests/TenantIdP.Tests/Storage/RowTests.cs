using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Storage;

public abstract class RowTests(TestStore store)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task Ids_page_in_the_order_they_were_made()
    {
        var start = Now;
        var made = Enumerable.Range(0, 60).Select(i => User.Create(PersonName.None, start.AddMilliseconds(i * 997))).ToList();
        await AddAsync(null, [.. made.OrderBy(_ => RandomNumberGenerator.GetInt32(1_000))]);
        var wanted = made.Select(u => u.Id).ToList();

        var read = new List<Id<User>>();
        await store.UseAsync(null, async db =>
        {
            for (Id<User>? after = null; ;)
            {
                var page = await db.Users.Where(u => wanted.Contains(u.Id) && (after == null || u.Id > after.Value)).OrderBy(u => u.Id).Take(7).Select(u => u.Id).ToListAsync(Ct);
                if (page.Count == 0) return 0;
                read.AddRange(page);
                after = page[^1];
            }
        });

        Assert.Equal(wanted, read);
        Assert.Equal(wanted.AsEnumerable().Reverse(), await store.UseAsync(null, db => db.Users.Where(u => wanted.Contains(u.Id)).OrderByDescending(u => u.Id).Select(u => u.Id).ToListAsync(Ct)));
    }

    [Fact]
    public async Task Points_in_time_compare_and_come_back_in_utc()
    {
        var then = new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
        var user = User.Create(PersonName.None, then);
        await AddAsync(null, user);

        var (at, later) = await store.UseAsync(null, async db =>
        {
            var mine = db.Users.AsNoTracking().Where(u => u.Id == user.Id);
            return (await mine.Where(u => u.CreatedAt <= then).Select(u => u.CreatedAt).SingleAsync(Ct), await mine.AnyAsync(u => u.CreatedAt > then, Ct));
        });

        Assert.Equal((then, TimeSpan.Zero, false), (at, at.Offset, later));
    }

    [Fact]
    public async Task A_unique_violation_is_named_by_its_index()
    {
        var (ours, theirs) = (await store.NewOrganizationAsync(Ct), await store.NewOrganizationAsync(Ct));
        var slug = await store.UseAsync(null, db => db.Organizations.Where(o => o.Id == ours).Select(o => o.Slug).SingleAsync(Ct));
        await store.RoleAsync(ours, "auditor", Ct);
        var host = HostName.Parse($"{slug.Value}.example");
        await AddAsync(ours, Verified(ours, host));
        var address = EmailAddress.Parse($"one@{host.Value}");
        await AddAsync(null, Owner(address, verified: true));

        Assert.Equal("ux_organizations_slug", await ViolationAsync(null, Organization.Create("Twin", slug, null, Now).Value!)); // a valid name
        Assert.Equal("ux_roles_organization_id_key", await ViolationAsync(ours, Role.Create(ours, "auditor", new RoleSettings("Twin", [], null, []), Now).Value!)); // valid
        Assert.Equal("ux_organization_domains_organization_id_host", await ViolationAsync(ours, OrganizationDomain.Claim(ours, host, false, Now)));
        Assert.Equal("ux_organization_domains_host", await ViolationAsync(theirs, Verified(theirs, host)));
        Assert.Equal("ux_user_emails_normalized", await ViolationAsync(null, Owner(address, verified: true)));
        await AddAsync(null, Owner(address, verified: false)); // unverified ones block nobody
    }

    [Fact]
    public async Task A_failure_that_is_not_a_unique_violation_has_no_name()
    {
        var organization = Id<Organization>.New(Now);

        Assert.Null(await ViolationAsync(organization, Role.Create(organization, "auditor", new RoleSettings("Auditor", [], null, []), Now).Value!, OrganizationDomain.Claim(organization, HostName.Parse("nowhere.example"), false, Now)));
    }

    [Fact]
    public async Task Of_two_changes_of_one_version_the_second_is_refused()
    {
        var id = await store.NewOrganizationAsync(Ct);
        await using var first = store.Node.CreateAsyncScope();
        await using var second = store.Node.CreateAsyncScope();
        var (one, two) = (first.ServiceProvider.GetRequiredService<Core.IdpDbContext>(), second.ServiceProvider.GetRequiredService<Core.IdpDbContext>());
        var (mine, yours) = (await one.Organizations.SingleAsync(o => o.Id == id, Ct), await two.Organizations.SingleAsync(o => o.Id == id, Ct));
        mine.Rename("Mine", Now);
        yours.Rename("Yours", Now);

        await one.SaveChangesAsync(Ct);
        var refused = await Assert.ThrowsAsync<DbUpdateConcurrencyException>(() => two.SaveChangesAsync(Ct));

        Assert.Null(two.UniqueViolation(refused));
        Assert.Equal(("Mine", 1), await store.UseAsync(null, async db => { var read = await db.Organizations.SingleAsync(o => o.Id == id, Ct); return (read.DisplayName, read.Version); }));
    }

    [Fact]
    public async Task Updating_the_revision_first_makes_racing_changes_queue()
    {
        var id = await store.NewOrganizationAsync(Ct);
        var inside = 0;

        // Each reads what the one before wrote: with twenty at once, an unlocked read-then-write would lose some.
        await Parallel.ForAsync(0, 20, new ParallelOptions { MaxDegreeOfParallelism = 20, CancellationToken = Ct }, async (_, ct) =>
            await store.UseAsync(null, async db =>
            {
                await using var transaction = await db.Database.BeginTransactionAsync(ct);
                await db.Organizations.Where(o => o.Id == id).ExecuteUpdateAsync(set => set.SetProperty(o => o.MembersRevision, o => o.MembersRevision + 1), ct);
                Assert.Equal(1, Interlocked.Increment(ref inside));
                var read = await db.Organizations.SingleAsync(o => o.Id == id, ct);
                read.Rename($"{read.MembersRevision}", Now);
                await db.SaveChangesAsync(ct);
                Assert.Equal(0, Interlocked.Decrement(ref inside));
                await transaction.CommitAsync(ct);
                return 0;
            }));

        Assert.Equal((20, "20", 20), await store.UseAsync(null, async db => { var read = await db.Organizations.SingleAsync(o => o.Id == id, Ct); return (read.MembersRevision, read.DisplayName, read.Version); }));
    }

    [Fact]
    public async Task Sixty_writers_at_once_all_get_their_turn()
    {
        var id = await store.NewOrganizationAsync(Ct);

        await Parallel.ForAsync(0, 300, new ParallelOptions { MaxDegreeOfParallelism = 60, CancellationToken = Ct }, async (i, ct) =>
        {
            if (i % 3 == 0) await store.NewOrganizationAsync(ct);
            else await store.UseAsync(null, db => db.Organizations.Where(o => o.Id == id).ExecuteUpdateAsync(set => set.SetProperty(o => o.MembersRevision, o => o.MembersRevision + 1), ct));
        });

        Assert.Equal(200, await store.UseAsync(null, db => db.Organizations.Where(o => o.Id == id).Select(o => o.MembersRevision).SingleAsync(Ct)));
    }

    [Fact]
    public async Task A_sealed_secret_moved_to_another_row_does_not_open()
    {
        var (ours, theirs) = (await store.NewOrganizationAsync(Ct), await store.NewOrganizationAsync(Ct));
        var box = store.Node.GetRequiredService<SecretBox>();
        var (mine, yours) = (Upstream(ours), Upstream(theirs));
        await AddAsync(ours, mine);
        await AddAsync(theirs, yours);
        var value = box.Seal("upstream secret", mine.SecretPlace);
        await store.UseAsync(null, db => db.Database.ExecuteSqlAsync($"UPDATE connections SET client_secret_sealed = {value}", Ct)); // an attacker with write access to the table

        var (here, there) = (await SealedAsync(ours), await SealedAsync(theirs));

        Assert.Equal("upstream secret", box.OpenText(here.ClientSecretSealed!, here.SecretPlace)); // set above
        Assert.ThrowsAny<CryptographicException>(() => box.OpenText(there.ClientSecretSealed!, there.SecretPlace));
    }

    private static Connection Upstream(Id<Organization> organization) =>
        Connection.CreateOidc(organization, "Upstream", new OidcSettings("https://idp.example", "client", OidcSettings.DefaultScopes, OidcSettings.DefaultSubjectClaim, null), Now).Value!; // valid settings

    private static OrganizationDomain Verified(Id<Organization> organization, HostName host)
    {
        var domain = OrganizationDomain.Claim(organization, host, includeSubdomains: false, Now);
        domain.Verify(VerificationMethod.Operator, "test", Now);
        return domain;
    }

    private static User Owner(EmailAddress address, bool verified)
    {
        var user = User.Create(PersonName.None, Now);
        user.AddEmail(address, verified, Now);
        return user;
    }

    private Task<Connection> SealedAsync(Id<Organization> organization) => store.UseAsync(organization, db => db.Connections.AsNoTracking().SingleAsync(Ct));

    private Task<int> AddAsync(Id<Organization>? organization, params object[] rows) => store.UseAsync(organization, db =>
    {
        db.AddRange(rows);
        return db.SaveChangesAsync(Ct);
    });

    private Task<string?> ViolationAsync(Id<Organization>? organization, params object[] rows) => store.UseAsync(organization, async db =>
    {
        db.AddRange(rows);
        return db.UniqueViolation(await Assert.ThrowsAsync<DbUpdateException>(() => db.SaveChangesAsync(Ct)));
    });
}

public sealed class RowsOnSqlite(SqliteStore store) : RowTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class RowsOnPostgreSql(PostgreSqlStore store) : RowTests(store), IClassFixture<PostgreSqlStore>;
