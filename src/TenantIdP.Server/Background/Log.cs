namespace TenantIdP.Server.Background;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "The scheduled work {Work} failed; it is tried again at the next look")]
    public static partial void WorkFailed(ILogger logger, string work, Exception exception);

    [LoggerMessage(2, LogLevel.Warning, "The scheduled work {Work} took so long to renew its lease that another node may do it; it was stopped here")]
    public static partial void LeaseLost(ILogger logger, string work);

    [LoggerMessage(3, LogLevel.Warning, "The outbox could not be looked at; it is tried again in a second")]
    public static partial void OutboxLookFailed(ILogger logger, Exception exception);

    [LoggerMessage(4, LogLevel.Warning, "How the delivery of {Message} ended could not be recorded; it is delivered again")]
    public static partial void OutboxOutcomeLost(ILogger logger, string message, Exception exception);

    [LoggerMessage(5, LogLevel.Warning, "A delivery of {Kind} {Message} failed")]
    public static partial void OutboxDeliveryFailed(ILogger logger, string kind, string message, Exception exception);

    [LoggerMessage(6, LogLevel.Error, "{Kind} {Message} is dead after {Attempts} tries: an operator can replay it")]
    public static partial void OutboxMessageDead(ILogger logger, string kind, string message, int attempts);

    [LoggerMessage(8, LogLevel.Warning, "{Count} entries of the logs of directories could not be written and are left out")]
    public static partial void DirectoryLogNotWritten(ILogger logger, Exception exception, int count);

    [LoggerMessage(7, LogLevel.Warning, "The gauge {Gauge} could not be read; it is tried again at the next look")]
    public static partial void GaugeFailed(ILogger logger, string gauge, Exception exception);

    [LoggerMessage(9, LogLevel.Error, "The look for the proof of {Domain} failed; it is looked for again in an hour")]
    public static partial void DomainCheckFailed(ILogger logger, string domain, Exception exception);

    [LoggerMessage(10, LogLevel.Error, "The metadata of {Connection} could not be read again; it is tried at the next round")]
    public static partial void MetadataWatchFailed(ILogger logger, string connection, Exception exception);

    [LoggerMessage(8, LogLevel.Information, "The look for the proof of {Domain} could not be judged ({Code}); it is due again")]
    public static partial void DomainNotJudged(ILogger logger, string domain, string code);
}
