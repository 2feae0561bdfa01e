using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Apps;

/// <summary>A secret of an app that an operator brings, so that it is the same on several instances. It is stored under one hash, so it must be as random as ours.</summary>
public static class GivenSecret
{
    // No field: those are what the management API answers, which takes no such secret.
    private static Error Invalid => new(ErrorKind.Invalid, "app_secret_invalid", "A secret of an app that is made elsewhere is tidp_secret_ and 32 random bytes in base64url without padding.", "clientSecret");

    public static Result Check(App app, string secret) =>
        !app.HasSecret ? AppErrors.SecretInUse : MachineSecret.IsOf(AppSecrets.Prefix, secret) ? Result.Ok : Invalid;
}
