namespace TenantIdP.Server.Federation;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "Sign-in through connection {ConnectionId} failed at the identity provider ({Reason}); trace {TraceId}")]
    public static partial void UpstreamFailed(ILogger logger, Exception? failure, string connectionId, string reason, string traceId);

    [LoggerMessage(2, LogLevel.Information, "Userinfo of connection {ConnectionId} could not be read; going on without an email")]
    public static partial void UserInfoFailed(ILogger logger, Exception failure, string connectionId);
}
