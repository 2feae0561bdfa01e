using Microsoft.Extensions.Logging;

namespace TenantIdP.Client;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "Denied {Permission} to {UserId} in {OrganizationId}: the token has too many permissions to list them, and no client is configured that may ask (AskWhenPermissionsOverflow, or ClientId of the API).")]
    public static partial void OverflowWithoutClient(ILogger logger, string permission, string userId, string organizationId);

    [LoggerMessage(2, LogLevel.Error, "Denied {Permission} to {UserId} in {OrganizationId}: the login host could not be asked.")]
    public static partial void CheckFailed(ILogger logger, string permission, string userId, string organizationId, Exception exception);

    [LoggerMessage(3, LogLevel.Warning, "The access token is not one of the configured API: its permissions are not used.")]
    public static partial void ForeignAccessToken(ILogger logger);

    [LoggerMessage(4, LogLevel.Warning, "A refresh was refused with {Error}; the session goes on with what it has.")]
    public static partial void RefreshRefused(ILogger logger, string error);

    [LoggerMessage(5, LogLevel.Warning, "A refresh failed; the session goes on with what it has.")]
    public static partial void RefreshFailed(ILogger logger, Exception exception);

    [LoggerMessage(6, LogLevel.Information, "The grant behind a session has ended; the session with it.")]
    public static partial void SessionEnded(ILogger logger);

    [LoggerMessage(7, LogLevel.Error, "A refresh was answered with tokens that are not valid or not of the same person; the session has ended.")]
    public static partial void RefreshNotAccepted(ILogger logger);

    [LoggerMessage(9, LogLevel.Warning, "A webhook was refused: {Verdict}.")]
    public static partial void WebhookRefused(ILogger logger, WebhookVerdict verdict);

    [LoggerMessage(8, LogLevel.Warning, "A sign-in did not complete: {Error}")]
    public static partial void SignInFailed(ILogger logger, string error);

    [LoggerMessage(9, LogLevel.Information, "The login host has ended the session {SessionId}")]
    public static partial void LogoutReceived(ILogger logger, string sessionId);

    [LoggerMessage(10, LogLevel.Warning, "A logout token was refused: {Reason}")]
    public static partial void LogoutRefused(ILogger logger, string reason);
}
