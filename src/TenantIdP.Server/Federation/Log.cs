namespace TenantIdP.Server.Federation;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "Sign-in through connection {ConnectionId} failed at the identity provider ({Reason}: {Failure}); trace {TraceId}")]
    public static partial void UpstreamFailed(ILogger logger, string connectionId, string reason, string failure, string traceId);

    [LoggerMessage(3, LogLevel.Warning, "A logout message for connection {ConnectionId} was refused ({Reason}: {Failure}); trace {TraceId}")]
    public static partial void LogoutRefused(ILogger logger, string connectionId, string reason, string failure, string traceId);

    [LoggerMessage(2, LogLevel.Information, "Userinfo of connection {ConnectionId} could not be read ({Status}); going on without an email")]
    public static partial void UserInfoFailed(ILogger logger, string connectionId, System.Net.HttpStatusCode? status);
}
