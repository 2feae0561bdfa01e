using TenantIdP.Core.Directories;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Scim;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Scim;

/// <summary>
/// Counts the requests of each directory on this node, by the directory and never by address: an identity provider calls for many organizations from the same few addresses. Nothing
/// else limits what it may send, mails of invitations included.
/// </summary>
internal sealed class ScimRates(ScimOptions options, TimeProvider clock, Telemetry telemetry)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private const int MostDirectories = 20_000;

    private readonly RequestCounts counts = new(MostDirectories, Window);

    /// <param name="retryAfter">When the window ends.</param>
    /// <param name="isFirst">The first refusal of its window, the one that is written into the log.</param>
    /// <returns>False when the directory has sent too many.</returns>
    public bool Admit(Id<OrganizationDirectory> directory, out TimeSpan retryAfter, out bool isFirst)
    {
        var (now, most) = (clock.GetUtcNow(), (long)options.RequestsPerSecond * (long)Window.TotalSeconds);
        var (used, endsAt) = counts.Add(directory.ToString(), now);
        (retryAfter, isFirst) = (endsAt - now, used == most + 1);
        if (used <= most) return true;
        telemetry.RateLimited(isKnown: true);
        return false;
    }

    public ScimError Refusal => new(StatusCodes.Status429TooManyRequests, null, $"The directory has sent more than {options.RequestsPerSecond} requests a second: go on after the seconds of Retry-After.");
}
