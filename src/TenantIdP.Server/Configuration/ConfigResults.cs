using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Configuration;

internal static class ConfigResults
{
    public static Result WithoutValue<T>(this Result<T> result) where T : notnull => result.IsOk ? Result.Ok : result.Error;
}
