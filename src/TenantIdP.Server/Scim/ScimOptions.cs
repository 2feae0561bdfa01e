using System.ComponentModel.DataAnnotations;
using TenantIdP.Scim.Bulk;
using TenantIdP.Scim.Lists;

namespace TenantIdP.Server.Scim;

/// <summary>How much one directory may ask of this node.</summary>
public sealed record ScimOptions
{
    public const string Section = "TenantIdP:Scim";

    /// <summary>Of one directory, on average over ten seconds. Entra ID sends 25 in bursts and Okta waits as long as Retry-After says.</summary>
    [Range(1, 100_000)]
    public int RequestsPerSecond { get; init; } = 100;

    /// <summary>Of one request, in bytes: a group of some 20,000 members as a whole.</summary>
    [Range(64 * 1024, 64 * 1024 * 1024)]
    public int MaxBodyBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Of one bulk request.</summary>
    [Range(1, 10_000)]
    public int MaxBulkOperations { get; init; } = 1_000;

    /// <summary>What a page has when <c>count</c> is not sent.</summary>
    internal const int DefaultPageSize = 100;

    /// <summary>The most that a page has.</summary>
    internal const int MaxPageSize = 500;

    internal static readonly TimeSpan CursorLifetime = TimeSpan.FromHours(1);

    internal static ListLimits Lists => new(DefaultPageSize, MaxPageSize, CursorLifetime);

    internal BulkLimits Bulk => new(MaxBulkOperations, MaxBodyBytes);
}
