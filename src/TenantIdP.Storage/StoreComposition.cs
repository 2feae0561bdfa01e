using System.Globalization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using TenantIdP.Core;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Mail;
using TenantIdP.Core.Outbox;
using TenantIdP.Storage.Keys;
using TenantIdP.Storage.PostgreSql;
using TenantIdP.Storage.Sqlite;

namespace TenantIdP.Storage;

/// <summary>Adds the store to a host.</summary>
public static class StoreComposition
{
    private const string ProviderKey = "TenantIdP__Database__Provider";
    private const string ConnectionKey = $"ConnectionStrings__{DatabaseOptions.ConnectionName}";

    /// <summary>
    /// Adds the scoped <see cref="IdpDbContext"/>, <see cref="StoreMigrator"/>, <see cref="RootKeys"/>, <see cref="SecretBox"/>, <see cref="Cursors"/> and <see cref="Telemetry"/>.
    /// Relative paths are below the host's content root.
    /// </summary>
    /// <exception cref="StartupException">A setting is missing or wrong; the message names it.</exception>
    public static IServiceCollection AddStore(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        var options = ReadOptions(configuration);
        var keys = RootKeyFile.Read(configuration, environment.IsDevelopment() ? Path.GetFullPath(".data/root.key", environment.ContentRootPath) : null);
        services.AddSingleton(options);
        services.AddSingleton(keys);
        services.AddSingleton<SecretBox>();
        services.AddSingleton<Cursors>();
        services.AddSingleton<OutboxSequence>();
        services.AddSingleton<OutboxSignal>();
        services.AddSingleton<NodeState>();
        services.AddSingleton(provider => new CommitEviction(provider.GetServices<INodeCache>));
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.TryAddSingleton(new TelemetryOptions());
        services.TryAddSingleton<Telemetry>();

        if (options.Provider == DatabaseProvider.Sqlite)
        {
            var settings = ReadSqlite(configuration, environment.ContentRootPath);
            services.AddSingleton<StoreDatabase>(_ => new SqliteDatabase(settings, options.MaxMegabytes));
            services.AddDbContextPool<SqliteIdpDbContext>((provider, context) => StoreContexts.UseSqlite(context.AddInterceptors(provider.GetRequiredService<CommitEviction>())));
            services.AddScoped(sp => new IdpLease(sp.GetRequiredService<SqliteIdpDbContext>(), sp.GetRequiredService<StoreConnection>(), sp.GetRequiredService<OutboxSignal>()));
        }
        else
        {
            var settings = ReadPostgreSql(configuration);
            services.AddSingleton(_ => new PostgreSqlDatabase(settings));
            services.AddSingleton<StoreDatabase>(sp => sp.GetRequiredService<PostgreSqlDatabase>());
            services.AddHostedService<StoreWatch>();
            services.AddHostedService<ChangeListener>();
            services.AddDbContextPool<PostgreSqlIdpDbContext>((provider, context) => StoreContexts.UsePostgreSql(context.AddInterceptors(provider.GetRequiredService<CommitEviction>())));
            services.AddScoped(sp => new IdpLease(sp.GetRequiredService<PostgreSqlIdpDbContext>(), sp.GetRequiredService<StoreConnection>(), sp.GetRequiredService<OutboxSignal>()));
        }

        services.AddSingleton(sp => new StoreBackup(sp.GetRequiredService<StoreDatabase>()));
        services.AddScoped<StoreConnection>();
        services.AddScoped(sp => sp.GetRequiredService<IdpLease>().Db);
        services.AddScoped<OutboxWriter>();
        services.AddScoped<MailWriter>();
        services.AddScoped<OwnerNotices>();
        services.AddSingleton(sp => new StoreMigrator(
            sp.GetRequiredService<IServiceScopeFactory>(),
            sp.GetRequiredService<StoreDatabase>(),
            sp.GetRequiredService<RootKeys>(),
            sp.GetRequiredService<NodeState>(),
            sp.GetRequiredService<TimeProvider>(),
            sp.GetRequiredService<ILogger<StoreMigrator>>()));
        return services;
    }

    /// <summary>Adds data protection for cookies and state: one ring for all nodes, in the store, sealed with the root key. Needs <see cref="AddStore"/>.</summary>
    public static IServiceCollection AddStoreDataProtection(this IServiceCollection services)
    {
        services.AddDataProtection().SetApplicationName("TenantIdP");
        services.AddOptions<KeyManagementOptions>().Configure<IServiceScopeFactory, SecretBox>((options, scopes, box) =>
        {
            options.XmlRepository = new DataProtectionRing(scopes);
            options.XmlEncryptor = new RootKeyXmlEncryptor(box);
        });
        services.AddScoped<ISchemaMigration, DataProtectionStart>();
        return services;
    }

    private static DatabaseOptions ReadOptions(IConfiguration configuration)
    {
        var text = configuration[$"{DatabaseOptions.Section}:{nameof(DatabaseOptions.Provider)}"];
        var most = ReadMaxMegabytes(configuration);
        if (string.IsNullOrEmpty(text)) return new DatabaseOptions { MaxMegabytes = most };
        return Enum.GetNames<DatabaseProvider>().FirstOrDefault(name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } known
            ? new DatabaseOptions { Provider = Enum.Parse<DatabaseProvider>(known), MaxMegabytes = most }
            : throw new StartupException($"{ProviderKey} is neither {DatabaseProvider.Sqlite} nor {DatabaseProvider.PostgreSql}.");
    }

    private static int? ReadMaxMegabytes(IConfiguration configuration)
    {
        var text = configuration[$"{DatabaseOptions.Section}:{nameof(DatabaseOptions.MaxMegabytes)}"];
        if (string.IsNullOrEmpty(text)) return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var most) && most is >= 1 and <= 1024 * 1024
            ? most
            : throw new StartupException("TenantIdP__Database__MaxMegabytes is no number from 1 to 1048576.");
    }

    private static SqliteConnectionStringBuilder ReadSqlite(IConfiguration configuration, string root)
    {
        var settings = Parse(configuration.GetConnectionString(DatabaseOptions.ConnectionName) ?? DatabaseOptions.SqliteDefault, text => new SqliteConnectionStringBuilder(text));
        if (settings.DataSource is "" or ":memory:" || settings.Mode == SqliteOpenMode.Memory) throw new StartupException($"{ConnectionKey} names no file: SQLite needs Data Source=PATH.");
        settings.DataSource = Path.GetFullPath(settings.DataSource, root);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(settings.DataSource)!); // an absolute path of a file has a folder
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"The folder of {ConnectionKey} cannot be made.", cause);
        }

        return settings;
    }

    private static NpgsqlConnectionStringBuilder ReadPostgreSql(IConfiguration configuration)
    {
        var text = configuration.GetConnectionString(DatabaseOptions.ConnectionName);
        if (string.IsNullOrWhiteSpace(text)) throw new StartupException($"{ConnectionKey} is not set; {ProviderKey}={DatabaseProvider.PostgreSql} needs it.");
        var settings = Parse(text, t => new NpgsqlConnectionStringBuilder(t));
        return string.IsNullOrEmpty(settings.Host) ? throw new StartupException($"{ConnectionKey} names no Host.") : settings;
    }

    private static T Parse<T>(string text, Func<string, T> parse)
    {
        try
        {
            return parse(text);
        }
        catch (Exception cause) when (cause is ArgumentException or FormatException or KeyNotFoundException)
        {
            throw new StartupException($"{ConnectionKey} is not a connection string.", cause);
        }
    }
}
