namespace TenantIdP.Server.Http;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Error, "A request failed; trace {TraceId}")]
    public static partial void RequestFailed(ILogger logger, Exception failure, string traceId);

    [LoggerMessage(2, LogLevel.Error, "The database can't be reached; trace {TraceId}")]
    public static partial void DatabaseUnavailable(ILogger logger, Exception failure, string traceId);

    [LoggerMessage(6, LogLevel.Information, "A change was overtaken by another one; trace {TraceId}")]
    public static partial void Overtaken(ILogger logger, Exception failure, string traceId);

    [LoggerMessage(3, LogLevel.Information, "A request for another host than the issuer's was refused; trace {TraceId}")]
    public static partial void ForeignHost(ILogger logger, string traceId);

    [LoggerMessage(4, LogLevel.Information, "A form from another origin was refused; trace {TraceId}")]
    public static partial void ForeignForm(ILogger logger, string traceId);

    [LoggerMessage(5, LogLevel.Warning, "The key set of {App} was not read: its address answers {Status}")]
    public static partial void AppKeysNotRead(ILogger logger, string app, int status);
}
