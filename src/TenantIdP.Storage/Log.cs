using Microsoft.Extensions.Logging;

namespace TenantIdP.Storage;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Waiting for the migration lock")]
    public static partial void WaitingForMigrationLock(ILogger logger);

    [LoggerMessage(2, LogLevel.Information, "Migrated {Part}")]
    public static partial void Migrated(ILogger logger, string part);

    [LoggerMessage(4, LogLevel.Error, "The database does not answer: this node is not ready and refuses what needs it")]
    public static partial void StoreIsAway(ILogger logger);

    [LoggerMessage(5, LogLevel.Information, "The database answers again")]
    public static partial void StoreIsBack(ILogger logger);

    [LoggerMessage(6, LogLevel.Warning, "The clock of this node differs by {OffsetSeconds:F0} seconds from the database's; more than {Tolerance} make tokens and leases end at wrong times. Synchronize the clocks")]
    public static partial void ClockIsWrong(ILogger logger, double offsetSeconds, double tolerance);

    [LoggerMessage(7, LogLevel.Information, "The clock of this node agrees with the database's again")]
    public static partial void ClockIsRight(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "The connection that tells of other nodes' changes is lost; what is cached lives on for seconds, and the next try is in two")]
    public static partial void ListenerLost(ILogger logger, Exception exception);
}
