namespace TenantIdP.Server.Composition;

internal static partial class Log
{
    [LoggerMessage(3, LogLevel.Warning, "The database is away: {Reason}. This node is not ready; the next try is in a second")]
    public static partial void StoreIsAwayAtStart(ILogger logger, string reason);

    [LoggerMessage(4, LogLevel.Critical, "The database cannot be used by this version or with these settings: the server ends")]
    public static partial void StartFailed(ILogger logger, Exception failure);

    [LoggerMessage(5, LogLevel.Information, "Asked to end: not ready from now on; in {Seconds} seconds no new connection is taken")]
    public static partial void Draining(ILogger logger, int seconds);

    [LoggerMessage(1, LogLevel.Error, "The .NET runtime is {Runtime}; versions below {Floor} have known security bugs. Update the runtime.")]
    public static partial void RuntimeBelowFloor(ILogger logger, Version runtime, Version floor);

    [LoggerMessage(2, LogLevel.Error, "{Library} {Loaded} is loaded; versions below {Floor} have known security bugs.")]
    public static partial void LibraryBelowFloor(ILogger logger, string library, Version? loaded, Version floor);
}
