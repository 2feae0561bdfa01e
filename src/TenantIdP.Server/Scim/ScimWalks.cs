using TenantIdP.Core.Directories;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Scim;

namespace TenantIdP.Server.Scim;

/// <summary>Searches that read a directory from end to end, as those of one directory on this node: few at once, so that one directory leaves the store to the others.</summary>
public sealed class ScimWalks(Telemetry telemetry)
{
    public const int Most = 2;

    /// <summary>What a client is told to wait.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly Dictionary<Id<OrganizationDirectory>, int> underWay = [];
    private readonly Lock one = new();

    public static ScimError Refusal { get; } =
        new(StatusCodes.Status429TooManyRequests, null, $"The directory has {Most} searches under way that look at everybody: go on after the seconds of Retry-After, or filter by userName, externalId or id.");

    /// <returns>The place, until it is disposed of; null when all are taken.</returns>
    public IDisposable? TryBegin(Id<OrganizationDirectory> directory)
    {
        lock (one)
        {
            var now = underWay.GetValueOrDefault(directory);
            if (now < Most)
            {
                underWay[directory] = now + 1;
                return new Turn(this, directory);
            }
        }

        telemetry.RateLimited(isKnown: true);
        return null;
    }

    private void End(Id<OrganizationDirectory> directory)
    {
        lock (one)
        {
            if (underWay[directory] == 1) underWay.Remove(directory);
            else underWay[directory]--;
        }
    }

    private sealed class Turn(ScimWalks walks, Id<OrganizationDirectory> directory) : IDisposable
    {
        private bool ended;

        public void Dispose()
        {
            if (!ended) walks.End(directory);
            ended = true;
        }
    }
}
