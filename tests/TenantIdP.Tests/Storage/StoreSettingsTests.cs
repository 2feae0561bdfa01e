using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Storage;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Storage;

public sealed class StoreSettingsTests(SqliteStore store) : IClassFixture<SqliteStore>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("TenantIdP:Database:Provider", "Oracle", "TenantIdP__Database__Provider")]
    [InlineData("TenantIdP:Database:Provider", "1", "TenantIdP__Database__Provider")]
    [InlineData("ConnectionStrings:TenantIdP", "Data Source=:memory:", "ConnectionStrings__TenantIdP")]
    [InlineData("ConnectionStrings:TenantIdP", "Nonsense=1", "ConnectionStrings__TenantIdP")]
    [InlineData("ConnectionStrings:TenantIdP", "Data Source=/dev/null/idp.db", "ConnectionStrings__TenantIdP")]
    [InlineData("TenantIdP:Encryption:Keys:0", null, "TenantIdP__Encryption__Keys")]
    [InlineData("TenantIdP:Encryption:Keys:0", "", "TenantIdP__Encryption__Keys")]
    [InlineData("TenantIdP:Encryption:Keys:0", "c2hvcnQ=", "TenantIdP__Encryption__Keys__0")]
    [InlineData("TenantIdP:Encryption:Keys:1", "not base64", "TenantIdP__Encryption__Keys__1")]
    public void A_wrong_setting_is_named(string key, string? value, string named)
    {
        var refused = Assert.Throws<StartupException>(() => store.NewNode(settings => settings[key] = value));

        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Nonsense=1")]
    [InlineData("Database=idp;Password=hidden-by-all-means")]
    public void PostgreSql_needs_a_connection_string_and_its_password_is_not_told(string? text)
    {
        var refused = Assert.Throws<StartupException>(() => store.NewNode(settings =>
        {
            settings["TenantIdP:Database:Provider"] = "postgresql";
            settings["ConnectionStrings:TenantIdP"] = text;
        }));

        Assert.Contains("ConnectionStrings__TenantIdP", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_of_another_root_key_refuses_to_start_and_names_the_key()
    {
        var lost = store.Node.GetRequiredService<RootKeys>().ActiveId;
        var stranger = store.NewNode(settings => settings["TenantIdP:Encryption:Keys:0"] = TestStore.NewKey());

        var refused = await Assert.ThrowsAsync<StartupException>(() => stranger.GetRequiredService<StoreMigrator>().MigrateAsync(Ct));

        Assert.Contains(lost, refused.Message, StringComparison.Ordinal);
        Assert.Contains("TenantIdP__Encryption__Keys", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_active_key_starts_while_the_old_one_follows_it()
    {
        var old = store.Settings["TenantIdP:Encryption:Keys:0"];
        var rotated = store.NewNode(settings => (settings["TenantIdP:Encryption:Keys:0"], settings["TenantIdP:Encryption:Keys:1"]) = (TestStore.NewKey(), old));

        await rotated.GetRequiredService<StoreMigrator>().MigrateAsync(Ct);
    }

    [Fact]
    public async Task Development_makes_a_root_key_that_only_its_owner_reads_and_keeps_it()
    {
        var root = Directory.CreateTempSubdirectory("tidp-root-").FullName;
        try
        {
            void Default(Dictionary<string, string?> settings) => settings.Clear();
            var made = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => store.NewNode(Default, "Development", contentRoot: root).GetRequiredService<RootKeys>().ActiveId, Ct)));
            await store.NewNode(Default, "Development", contentRoot: root).GetRequiredService<StoreMigrator>().MigrateAsync(Ct);

            Assert.Single(made.Distinct());
            if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(root, ".data", "root.key")));
            Assert.True(File.Exists(Path.Combine(root, ".data", "tenantidp.db")));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public async Task Sqlite_is_a_write_ahead_log_with_foreign_keys_and_patience()
    {
        var (journal, foreign, busy, sync) = await store.UseAsync(null, async db => (
            await PragmaAsync(db, "journal_mode"), await PragmaAsync(db, "foreign_keys"), await PragmaAsync(db, "busy_timeout"), await PragmaAsync(db, "synchronous")));

        Assert.Equal(("wal", "1", "10000", "1"), (journal, foreign, busy, sync));
    }

    private static async Task<string> PragmaAsync(IdpDbContext db, string name)
    {
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = $"PRAGMA {name}";
        return $"{await command.ExecuteScalarAsync(Ct)}";
    }
}
