using Microsoft.Extensions.Logging;

namespace TenantIdP.Storage;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Waiting for the migration lock")]
    public static partial void WaitingForMigrationLock(ILogger logger);

    [LoggerMessage(2, LogLevel.Information, "Migrated {Part}")]
    public static partial void Migrated(ILogger logger, string part);

    [LoggerMessage(3, LogLevel.Warning, "The connection that tells of other nodes' changes is lost; what is cached lives on for seconds, and the next try is in five")]
    public static partial void ListenerLost(ILogger logger, Exception exception);
}
