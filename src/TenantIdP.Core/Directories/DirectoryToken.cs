using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Directories;

/// <summary>A bearer token of one directory: found by its public part, believed by the hash of the whole.</summary>
public sealed class DirectoryToken : IHasIdPrefix, IOrganizationOwned
{
    /// <summary>Of one directory that are live at once: the one in use and the one that follows it.</summary>
    public const int MaxLive = 2;

    /// <summary>One that has ended is shown for as long, so that an admin sees why the identity provider is refused.</summary>
    public static readonly TimeSpan KeptAfterEnd = TimeSpan.FromDays(30);

    private static readonly TimeSpan Longest = TimeSpan.FromDays(3_653);

    private DirectoryToken(Id<Organization> organizationId, Id<DirectoryToken> id, Id<OrganizationDirectory> directoryId, string hash, string prefix, string createdBy, DateTimeOffset createdAt) =>
        (OrganizationId, Id, DirectoryId, Hash, Prefix, CreatedBy, CreatedAt) = (organizationId, id, directoryId, hash, prefix, createdBy, createdAt);

    public static string IdPrefix => "dtk";

    public Id<Organization> OrganizationId { get; private set; }

    /// <summary>The public part of the token.</summary>
    public Id<DirectoryToken> Id { get; private set; }

    public Id<OrganizationDirectory> DirectoryId { get; private set; }

    /// <summary>A <see cref="MachineSecret.Hash"/>; the token itself is nowhere.</summary>
    public string Hash { get; private set; }

    /// <summary>How the token begins, its public part included, so that people recognise the one that leaked.</summary>
    public string Prefix { get; private set; }

    /// <summary>The id of whoever made it.</summary>
    public string CreatedBy { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>Null: never.</summary>
    public DateTimeOffset? ExpiresAt { get; private set; }

    /// <summary>To within a minute.</summary>
    public DateTimeOffset? LastUsedAt { get; private set; }

    public static Result<(DirectoryToken Token, string Secret)> Create(OrganizationDirectory directory, DateTimeOffset? expiresAt, string by, DateTimeOffset now)
    {
        if (expiresAt is { } end && (end <= now || end > now + Longest)) return DirectoryErrors.ExpiryInvalid;
        var id = Id<DirectoryToken>.New(now);
        var secret = DirectorySecret.New(id);
        return (new DirectoryToken(directory.OrganizationId, id, directory.Id, MachineSecret.Hash(secret), DirectorySecret.Shown(secret), by, now) { ExpiresAt = expiresAt }, secret);
    }

    public bool IsLive(DateTimeOffset now) => ExpiresAt is not { } end || end > now;

    /// <summary>Ends it then, unless it ends before.</summary>
    public void EndAt(DateTimeOffset end)
    {
        if (ExpiresAt is not { } own || own > end) ExpiresAt = end;
    }
}
