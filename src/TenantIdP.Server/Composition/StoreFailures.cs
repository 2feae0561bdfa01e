using System.Data.Common;
using Microsoft.Data.Sqlite;
using TenantIdP.Storage;

namespace TenantIdP.Server.Composition;

/// <summary>Tells an outage of the database from a bug.</summary>
internal static class StoreFailures
{
    public static bool IsOutage(Exception failure)
    {
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is StoreUnavailableException) return true;
            if (cause is DbException database) return IsOutage(database);
        }

        return false;
    }

    /// <summary>The server is there and the database isn't yet: whoever makes it may be later than us.</summary>
    public static bool IsMissing(Exception failure) => StateOf(failure) == "3D000";

    /// <summary>The server is there and does not let us in: waiting mends no password.</summary>
    public static bool IsRefused(Exception failure) => StateOf(failure)?.StartsWith("28", StringComparison.Ordinal) ?? false;

    private static string? StateOf(Exception failure)
    {
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is DbException { SqlState: { } state }) return state;
        }

        return null;
    }

    private static bool IsOutage(DbException failure) => failure switch
    {
        // BUSY, LOCKED, READONLY (as a disk is that broke), IOERR, FULL, CANTOPEN
        SqliteException sqlite => sqlite.SqliteErrorCode is 5 or 6 or 8 or 10 or 13 or 14,
        // 08: connection, 53: resources, 57P: shut down or starting; without a state it is the connection itself (Npgsql)
        { SqlState: { } state } => state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("53", StringComparison.Ordinal) || state.StartsWith("57P", StringComparison.Ordinal) || failure.IsTransient,
        _ => true,
    };
}
