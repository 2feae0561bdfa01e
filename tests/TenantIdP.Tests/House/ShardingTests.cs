using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using TenantIdP.Core.Kernel;
using TenantIdP.Engine.OpenIddict.Stores;
using TenantIdP.Storage.PostgreSql;
using TenantIdP.Storage.Sqlite;
using Xunit;

namespace TenantIdP.Tests.House;

/// <summary>
/// The rules of docs/operations/scaling.md that keep a distributed PostgreSQL possible: the rows of one organization can lie on one shard, because nothing that the database
/// checks needs another. Whatever breaks a rule is listed here with its reason and in the document.
/// </summary>
public sealed partial class ShardingTests
{
    private const string Organization = "organization", Reference = "reference", Local = "local";
    private const string OrganizationId = "organization_id";

    /// <summary>Unique over all organizations. A store that shards by organization can't check them on one shard.</summary>
    private static readonly Dictionary<string, string> UniqueOverAll = new()
    {
        ["ux_organization_domains_host"] = "a verified host belongs to one organization: that is what home realm discovery asks",
        ["ux_organization_domains_transfer"] = "one organization waits for a host that another let lapse",
        ["ux_connections_id"] = "a callback names the connection and nothing else",
        ["ux_acs_aliases_url"] = "an address of a former provider leads to one connection",
        ["ux_received_assertions_handle_hash"] = "a one-time handle is looked up before the organization is known; random, so never twice",
        ["ux_api_keys_hash"] = "a key is looked up by its hash; random, so never twice",
        ["ux_directory_tokens_id"] = "a directory's token is looked up by its public part, which is its id; random, so never twice",
        ["ux_events_position"] = "positions of the log are one sequence of the instance, given under one lease",
    };

    /// <summary>Foreign keys of tenant tables that leave the organization.</summary>
    private static readonly Dictionary<string, string> LeavesTheOrganization = new()
    {
        ["fk_upstream_sessions_session_id"] = "a browser's session may rest on proofs of several organizations, so it is none's; the rows end by pruning, too",
        ["fk_user_identities_organization_id_connection_id"] = "an identity is a global person's, by a connection of one organization; the use case that deletes a connection deletes them, too",
    };

    /// <summary>Tables of rows that have an owner and are needed on every shard.</summary>
    private static readonly Dictionary<string, string> OwnedAndEverywhere = new()
    {
        ["roles"] = "memberships refer to roles of their organization and to the built-in ones of the instance; few rows, seldom written",
    };

    public static TheoryData<string> Stores => ["SQLite", "PostgreSQL"];

    [Theory, MemberData(nameof(Stores))]
    public void Every_table_is_in_the_document_with_its_class_and_no_other_is(string store) =>
        Assert.Equal(Tables(store).Select(t => t.GetTableName()!).Order(StringComparer.Ordinal), Classes().Keys.Order(StringComparer.Ordinal)); // mapped to tables

    [Theory, MemberData(nameof(Stores))]
    public void What_belongs_to_an_organization_is_sharded_by_it_and_nothing_else_is(string store)
    {
        var classes = Classes();

        Assert.All(Tables(store), table =>
        {
            var name = table.GetTableName()!; // mapped to tables
            var isOwned = typeof(IOrganizationOwned).IsAssignableFrom(table.ClrType) || KeyOf(table)[0] == OrganizationId;
            Assert.True(isOwned == (classes[name] == Organization) || (isOwned && OwnedAndEverywhere.ContainsKey(name)), $"{name} is {classes[name]}");
        });
    }

    [Theory, MemberData(nameof(Stores))]
    public void The_key_of_a_tenant_table_begins_with_the_organization(string store) =>
        Assert.All(Of(store, Organization), table => Assert.Equal(OrganizationId, KeyOf(table)[0]));

    [Theory, MemberData(nameof(Stores))]
    public void A_foreign_key_of_a_tenant_table_stays_in_the_organization_or_goes_to_what_every_shard_has(string store)
    {
        var classes = Classes();
        var leaving =
            from table in Of(store, Organization)
            from foreign in table.GetForeignKeys()
            let principal = foreign.PrincipalEntityType.GetTableName()!
            where classes[principal] != Reference
                && !(classes[principal] == Organization && foreign.Properties[0].GetColumnName() == OrganizationId && foreign.PrincipalKey.Properties[0].GetColumnName() == OrganizationId)
            select foreign.GetConstraintName();

        Assert.DoesNotContain(leaving, name => !LeavesTheOrganization.ContainsKey(name!));
    }

    [Theory, MemberData(nameof(Stores))]
    public void Tables_that_every_shard_has_refer_to_such_tables_only_and_local_ones_to_no_tenants_row(string store)
    {
        var classes = Classes();
        var wrong =
            from table in Tables(store)
            let kind = classes[table.GetTableName()!]
            from foreign in table.GetForeignKeys()
            let principal = classes[foreign.PrincipalEntityType.GetTableName()!]
            where (kind == Reference && principal != Reference) || (kind == Local && principal == Organization)
            select foreign.GetConstraintName();

        Assert.DoesNotContain(wrong, name => !LeavesTheOrganization.ContainsKey(name!));
        var all = Tables(store).SelectMany(t => t.GetForeignKeys()).Select(f => f.GetConstraintName()).ToList();
        Assert.DoesNotContain(LeavesTheOrganization.Keys, name => !all.Contains(name)); // one that is gone leaves the list
    }

    [Theory, MemberData(nameof(Stores))]
    public void What_is_unique_in_a_tenant_table_is_so_in_its_organization_unless_listed(string store)
    {
        var over = Of(store, Organization).SelectMany(t => t.GetIndexes()).Where(i => i.IsUnique && i.Properties.All(p => p.GetColumnName() != OrganizationId)).Select(i => i.GetDatabaseName()!)
            .Concat(Of(store, Organization).SelectMany(t => t.GetKeys()).Where(k => !k.IsPrimaryKey() && k.Properties.All(p => p.GetColumnName() != OrganizationId)).Select(k => k.GetName()!)); // named by convention

        Assert.Equal(UniqueOverAll.Keys.Order(StringComparer.Ordinal), over.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_document_names_every_exception()
    {
        var page = Page();

        Assert.All(UniqueOverAll.Keys.Concat(LeavesTheOrganization.Keys).Concat(OwnedAndEverywhere.Keys), name => Assert.Contains($"`{name}`", page, StringComparison.Ordinal));
    }

    private static List<string> KeyOf(IEntityType table) => [.. table.FindPrimaryKey()!.Properties.Select(p => p.GetColumnName())]; // every table has one

    private static IEnumerable<IEntityType> Of(string store, string kind)
    {
        var classes = Classes();
        return Tables(store).Where(t => classes.GetValueOrDefault(t.GetTableName()!) == kind); // mapped to tables
    }

    private static List<IEntityType> Tables(string store)
    {
        using DbContext core = store == "SQLite"
            ? new SqliteIdpDbContext(new DbContextOptionsBuilder<SqliteIdpDbContext>().UseSqlite("Data Source=never-opened.db").Options)
            : new PostgreSqlIdpDbContext(new DbContextOptionsBuilder<PostgreSqlIdpDbContext>().UseNpgsql("Host=never-opened").Options);
        using DbContext engine = store == "SQLite"
            ? new SqliteOidcDbContext(new DbContextOptionsBuilder<SqliteOidcDbContext>().UseSqlite("Data Source=never-opened.db").Options)
            : new PostgreSqlOidcDbContext(new DbContextOptionsBuilder<PostgreSqlOidcDbContext>().UseNpgsql("Host=never-opened").Options);
        return [.. new[] { core, engine }.SelectMany(db => db.GetService<IDesignTimeModel>().Model.GetEntityTypes()).Where(e => e.GetTableName() is not null)];
    }

    private static Dictionary<string, string> Classes() => Row().Matches(Page()).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value, StringComparer.Ordinal);

    private static string Page() => File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "operations", "scaling.md"));

    [GeneratedRegex(@"^\| `([a-z_]+)` \| (organization|reference|local) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
