namespace TenantIdP.Server.Background;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "The scheduled work {Work} failed; it is tried again at the next look")]
    public static partial void WorkFailed(ILogger logger, string work, Exception exception);

    [LoggerMessage(2, LogLevel.Warning, "The scheduled work {Work} took so long to renew its lease that another node may do it; it was stopped here")]
    public static partial void LeaseLost(ILogger logger, string work);

    [LoggerMessage(3, LogLevel.Warning, "The gauge {Gauge} could not be read; it is tried again at the next look")]
    public static partial void GaugeFailed(ILogger logger, string gauge, Exception exception);
}
