using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Storage;

namespace TenantIdP.Server.Composition;

/// <summary>Tells an outage of the database from a bug.</summary>
internal static class StoreFailures
{
    private const int SqliteForeignKey = 787; // SQLITE_CONSTRAINT_FOREIGNKEY
    private const string PostgreSqlForeignKey = "23503"; // foreign_key_violation

    public static bool IsOutage(Exception failure)
    {
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is StoreUnavailableException) return true;
            if (cause is DbException database) return IsOutage(database);
        }

        return false;
    }

    /// <summary>Another change came first: what this one refers to is gone, or is no longer what it was when it was read.</summary>
    public static bool IsOvertaken(Exception failure)
    {
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case DbUpdateConcurrencyException or SqliteException { SqliteExtendedErrorCode: SqliteForeignKey } or DbException { SqlState: PostgreSqlForeignKey }:
                    return true;
            }
        }

        return false;
    }

    /// <summary>The server is there and the database isn't yet: whoever makes it may be later than us.</summary>
    public static bool IsMissing(Exception failure) => StateOf(failure) == "3D000";

    /// <summary>The server is there and does not let us in: waiting mends no password.</summary>
    public static bool IsRefused(Exception failure) => StateOf(failure)?.StartsWith("28", StringComparison.Ordinal) ?? false;

    /// <summary>The database's own code of the failure (SQLSTATE, or SQLite's), or the type: never its text.</summary>
    public static string CodeOf(Exception failure)
    {
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is SqliteException sqlite) return "sqlite_" + sqlite.SqliteErrorCode.ToString(System.Globalization.CultureInfo.InvariantCulture);
            if (cause is DbException database) return database.SqlState ?? database.GetType().Name;
        }

        return failure.GetType().Name;
    }

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
