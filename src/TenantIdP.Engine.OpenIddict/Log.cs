using Microsoft.Extensions.Logging;

namespace TenantIdP.Engine.OpenIddict;

internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Warning, "The signing keys could not be read; those in memory go on serving, and the next try is in a second")]
    public static partial void KeyMaintenanceFailed(ILogger logger, Exception exception);

    [LoggerMessage(2002, LogLevel.Information, "Grant {GrantId} refused at the token endpoint: {Error}")]
    public static partial void TokenRefused(ILogger logger, string grantId, string error);
}
