using Microsoft.Extensions.Logging;

namespace TenantIdP.Engine.OpenIddict;

internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Warning, "Keys could not be refreshed or old tokens pruned; the next try is in 30 seconds")]
    public static partial void KeyMaintenanceFailed(ILogger logger, Exception exception);

    [LoggerMessage(2002, LogLevel.Information, "Grant {GrantId} refused at the token endpoint: {Error}")]
    public static partial void TokenRefused(ILogger logger, string grantId, string error);
}
