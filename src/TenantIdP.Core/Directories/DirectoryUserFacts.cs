using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Directories;

/// <summary>What a directory says about a user, read from the resource by whoever speaks the protocol.</summary>
public sealed record DirectoryUserFacts
{
    /// <summary>Of userName and externalId: both are in an index.</summary>
    public const int MaxNameLength = 400;

    /// <summary>A longer value is kept and not in the index.</summary>
    public const int MaxEmailLength = EmailAddress.MaxLength;

    /// <summary>Characters of the resource as JSON: lists read some hundred of them at once.</summary>
    public const int MaxDocumentLength = 64 * 1024;

    public required string UserName { get; init; }
    public string? ExternalId { get; init; }

    /// <summary>True where the directory does not say.</summary>
    public bool Active { get; init; } = true;

    /// <summary>Every address as it was sent.</summary>
    public IReadOnlyList<string> Emails { get; init; } = [];

    /// <summary>The address that counts: the primary one, else the first for work, else the first, else the name when it is one. Null when that is no address.</summary>
    public EmailAddress? Address { get; init; }

    /// <summary>Cleaned.</summary>
    public PersonName Name { get; init; } = PersonName.None;

    /// <summary>The resource as JSON.</summary>
    public required string Document { get; init; }
}
