using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Benchmarks;

/// <summary>Copies one organization with its verified domain and active connection many times, by SQL: the use cases would take hours.</summary>
internal static class Bulk
{
    /// <param name="from">Number of the first copy.</param>
    /// <param name="to">Number of the last.</param>
    public static async Task CopyAsync(IdpHost host, Id<Organization> organization, int from, int to, bool onlyOrganizations = false)
    {
        var series = Series(host, from, to);
        string Key(int kind) => Bulk.Key(host, kind);
        await host.ReadAsync(async db =>
        {
            db.Database.SetCommandTimeout(TimeSpan.FromMinutes(10));
            await using var transaction = await db.Database.BeginTransactionAsync();
            await CopyAsync(db, series, "organizations", "id", organization.Value, ("id", Key(1)), ("slug", "'bulk-' || n.i"));
            if (!onlyOrganizations)
            {
                await CopyAsync(db, series, "connections", "organization_id", organization.Value, ("organization_id", Key(1)), ("id", Key(2)));
                await CopyAsync(db, series, "organization_domains", "organization_id", organization.Value, ("organization_id", Key(1)), ("id", Key(3)), ("host", "'bulk-' || n.i || '.example'"));
            }

            await transaction.CommitAsync();
            await db.Database.ExecuteSqlRawAsync("ANALYZE");
            return true;
        });
    }

    /// <summary>Makes as many people members of the organization as its only member is: the same roles, a verified address of their own.</summary>
    public static async Task CopyMembersAsync(IdpHost host, Id<Organization> organization, int count)
    {
        var series = Series(host, 1, count);
        var member = await host.ReadAsync(db => db.Memberships.IgnoreQueryFilters().Where(m => m.OrganizationId == organization).Select(m => new { m.UserId }).SingleAsync());
        await host.ReadAsync(async db =>
        {
            db.Database.SetCommandTimeout(TimeSpan.FromMinutes(10));
            await using var transaction = await db.Database.BeginTransactionAsync();
            await CopyAsync(db, series, "users", "id", member.UserId.Value, ("id", Key(host, 4)));
            await CopyAsync(db, series, "user_emails", "user_id", member.UserId.Value, ("id", Key(host, 5)), ("user_id", Key(host, 4)), ("address", "'bulk-' || n.i || '@bulk.example'"), ("normalized", "'bulk-' || n.i || '@bulk.example'"));
            // Of the only member there was: what was just copied is no template.
            await CopyAsync(db, series, "memberships", "user_id", member.UserId.Value, ("id", Key(host, 6)), ("user_id", Key(host, 4)));
            await CopyAsync(db, series, "membership_roles", "organization_id", organization.Value, ("membership_id", Key(host, 6)));
            await transaction.CommitAsync();
            await db.Database.ExecuteSqlRawAsync("ANALYZE");
            return true;
        });
    }

    /// <returns>Ids of people who are members of nothing.</returns>
    public static async Task<IReadOnlyList<string>> NewUsersAsync(IdpHost host, int count)
    {
        var template = (await host.CreateUserAsync($"template@{host.UniqueHost()}", CancellationToken.None)).Id;
        return await host.ReadAsync(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            await CopyAsync(db, Series(host, 1, count), "users", "id", template.Value, ("id", Key(host, 7)));
            await transaction.CommitAsync();
            return (IReadOnlyList<string>)[.. Enumerable.Range(1, count).Select(i => new Id<User>(Guid.Parse($"{i:x8}-0000-7000-8000-000000000007")).ToString())];
        });
    }

    /// <summary>Makes as many users of the template's directory, each a member with an address and the template's roles.</summary>
    public static async Task CopyDirectoryUsersAsync(IdpHost host, Id<Organization> organization, Id<DirectoryUser> template, int count)
    {
        var series = Series(host, 1, count);
        var (member, user) = await host.ReadAsync(async db =>
        {
            db.EnterOrganization(organization);
            var row = await db.DirectoryUsers.AsNoTracking().SingleAsync(u => u.Id == template);
            return (row.MembershipId, (await db.Memberships.AsNoTracking().SingleAsync(m => m.Id == row.MembershipId)).UserId);
        });
        await host.ReadAsync(async db =>
        {
            db.Database.SetCommandTimeout(TimeSpan.FromMinutes(10));
            await using var transaction = await db.Database.BeginTransactionAsync();
            const string Address = "'bulk-' || n.i || '@bulk.example'", AddressKey = "'BULK-' || n.i || '@BULK.EXAMPLE'";
            await CopyAsync(db, series, "users", "id", user.Value, ("id", Key(host, 4)));
            await CopyAsync(db, series, "user_emails", "user_id", user.Value, ("id", Key(host, 5)), ("user_id", Key(host, 4)), ("address", Address), ("normalized", Address));
            await CopyAsync(db, series, "memberships", "id", member.Value, ("id", Key(host, 6)), ("user_id", Key(host, 4)));
            await CopyAsync(db, series, "membership_roles", "membership_id", member.Value, ("membership_id", Key(host, 6)));
            await CopyAsync(
                db, series, "directory_users", "id", template.Value, ("id", Key(host, 8)), ("membership_id", Key(host, 6)), ("user_name", Address), ("user_name_key", AddressKey), ("external_id", "'bulk-' || n.i"), ("primary_email", Address));
            await CopyAsync(db, series, "directory_user_emails", "directory_user_id", template.Value, ("directory_user_id", Key(host, 8)), ("value_key", AddressKey));
            await transaction.CommitAsync();
            await db.Database.ExecuteSqlRawAsync("ANALYZE");
            return true;
        });
    }

    /// <summary>The id of a user that <see cref="CopyDirectoryUsersAsync"/> has made.</summary>
    public static string DirectoryUser(int number) => new Id<DirectoryUser>(Guid.Parse($"{number:x8}-0000-7000-8000-000000000008")).ToString();

    public static Task FillGroupAsync(IdpHost host, Id<Organization> organization, Id<DirectoryGroup> group, int from, int to) => host.ReadAsync(async db =>
    {
        db.Database.SetCommandTimeout(TimeSpan.FromMinutes(10));
#pragma warning disable EF1002 // numbers and names of our own
        await db.Database.ExecuteSqlRawAsync(
            $"{Series(host, from, to)} INSERT INTO directory_group_members (organization_id, group_id, directory_user_id) SELECT {{0}}, {{1}}, {Key(host, 8)} FROM n", organization.Value, group.Value);
#pragma warning restore EF1002
        await db.Database.ExecuteSqlRawAsync("ANALYZE");
        return true;
    });

    public static Task<int> MembersAsync(IdpHost host, Id<DirectoryGroup> group) => host.ReadAsync(db =>
        db.Database.SqlQuery<int>($"SELECT CAST(count(*) AS integer) AS \"Value\" FROM directory_group_members WHERE group_id = {group.Value}").SingleAsync());

    private static bool IsSqlite(IdpHost host) => host.Store.Settings["TenantIdP:Database:Provider"] == "Sqlite";

    private static string Series(IdpHost host, int from, int to) => IsSqlite(host)
        ? $"WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to})"
        : $"WITH n(i) AS (SELECT generate_series({from}, {to}))";

    private static string Key(IdpHost host, int kind) => IsSqlite(host)
        ? $"printf('%08X-0000-7000-8000-00000000000{kind}', n.i)"
        : $"(lpad(to_hex(n.i), 8, '0') || '-0000-7000-8000-00000000000{kind}')::uuid";

    /// <summary>Copies the organization's only row of a table, but for the columns given.</summary>
    private static async Task CopyAsync(DbContext db, string series, string table, string key, Guid organization, params (string Column, string Value)[] changed)
    {
        var columns = db.Model.GetEntityTypes().Single(e => e.GetTableName() == table).GetProperties().Select(p => p.GetColumnName()).ToList();
        var values = columns.Select(c => changed.FirstOrDefault(x => x.Column == c).Value ?? $"t.{c}");
#pragma warning disable EF1002 // names of our own model
        await db.Database.ExecuteSqlRawAsync($"{series} INSERT INTO {table} ({string.Join(", ", columns)}) SELECT {string.Join(", ", values)} FROM {table} t CROSS JOIN n WHERE t.{key} = {{0}}", organization);
#pragma warning restore EF1002
    }
}
