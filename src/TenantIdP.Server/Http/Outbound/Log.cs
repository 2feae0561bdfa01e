namespace TenantIdP.Server.Http.Outbound;

internal static partial class Log
{
    [LoggerMessage(4101, LogLevel.Warning, "Outbound request refused: {Reason} (connection {Connection}, host {Host}): {Detail}")]
    public static partial void OutboundRefused(ILogger logger, OutboundRefusal reason, string connection, string host, string detail);
}
