namespace TenantIdP.Server.Composition;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Error, "The .NET runtime is {Runtime}; versions below {Floor} have known security bugs. Update the runtime.")]
    public static partial void RuntimeBelowFloor(ILogger logger, Version runtime, Version floor);

    [LoggerMessage(2, LogLevel.Error, "{Library} {Loaded} is loaded; versions below {Floor} have known security bugs.")]
    public static partial void LibraryBelowFloor(ILogger logger, string library, Version? loaded, Version floor);
}
