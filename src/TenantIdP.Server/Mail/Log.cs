namespace TenantIdP.Server.Mail;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "No mail server is set (TenantIdP__Mail__Host): mails wait in the outbox and are sent when there is one")]
    public static partial void NoMailServer(ILogger logger);
}
