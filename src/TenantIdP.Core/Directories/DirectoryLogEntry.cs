using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Directories;

public enum DirectoryOutcome
{
    Succeeded,

    /// <summary>4xx, 501: the request asks for what can't be.</summary>
    Refused,

    /// <summary>5xx: we could not.</summary>
    Failed,
}

/// <summary>What the log says of one request. Texts are cut to the lengths of <see cref="DirectoryLogEntry"/>.</summary>
/// <param name="Operation">Such as <c>create</c>.</param>
/// <param name="ResourceType">Such as <c>User</c>.</param>
/// <param name="Status">Of the HTTP answer.</param>
/// <param name="Took">From the first byte read to the last written.</param>
public sealed record DirectoryLogFacts(string Operation, string ResourceType, int Status, TimeSpan Took)
{
    public string? ResourceId { get; init; }

    /// <summary>RFC 7644 table 9.</summary>
    public string? ScimType { get; init; }

    /// <summary>The sentence that the identity provider was given.</summary>
    public string? Detail { get; init; }

    public string? TraceId { get; init; }

    /// <summary>Query and body, masked.</summary>
    public string? Request { get; init; }
}

/// <summary>One request of an identity provider that wrote or was refused, for the admin who looks for why somebody is missing. Kept for <see cref="Kept"/>, and no more than <see cref="Most"/> of a directory.</summary>
public sealed class DirectoryLogEntry : IHasIdPrefix, IOrganizationOwned
{
    public const int MaxName = 32;
    public const int MaxId = 64;
    public const int MaxDetail = 400;
    public const int MaxRequest = 2_000;

    /// <summary>The newest of a directory that are kept.</summary>
    public const int Most = 20_000;

    public static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private DirectoryLogEntry(Id<Organization> organizationId, Id<DirectoryLogEntry> id, Id<OrganizationDirectory> directoryId, string operation, string resourceType) =>
        (OrganizationId, Id, DirectoryId, Operation, ResourceType) = (organizationId, id, directoryId, operation, resourceType);

    public static string IdPrefix => "dlg";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<DirectoryLogEntry> Id { get; private set; }
    public Id<OrganizationDirectory> DirectoryId { get; private set; }
    public DateTimeOffset At { get; private set; }
    public string Operation { get; private set; }
    public string ResourceType { get; private set; }

    /// <summary>As the request has it, or as it was given to what was created.</summary>
    public string? ResourceId { get; private set; }

    public DirectoryOutcome Outcome { get; private set; }
    public int Status { get; private set; }
    public string? ScimType { get; private set; }
    public string? Detail { get; private set; }
    public int DurationMs { get; private set; }
    public string? TraceId { get; private set; }
    public string? Request { get; private set; }

    public static DirectoryLogEntry Of(OrganizationDirectory directory, DirectoryLogFacts facts, DateTimeOffset now) =>
        new(directory.OrganizationId, Id<DirectoryLogEntry>.New(now), directory.Id, Cut(facts.Operation, MaxName)!, Cut(facts.ResourceType, MaxName)!) // null stays null, text stays text
        {
            At = now,
            ResourceId = Cut(facts.ResourceId, MaxId),
            Outcome = OutcomeOf(facts.Status),
            Status = facts.Status,
            ScimType = Cut(facts.ScimType, MaxName),
            Detail = Cut(facts.Detail, MaxDetail),
            DurationMs = (int)Math.Min(facts.Took.TotalMilliseconds, int.MaxValue),
            TraceId = Cut(facts.TraceId, MaxId),
            Request = Cut(facts.Request, MaxRequest),
        };

    /// <summary>501 says that there is no such thing here: nothing has failed.</summary>
    public static DirectoryOutcome OutcomeOf(int status) => status switch
    {
        < 400 => DirectoryOutcome.Succeeded,
        < 500 or 501 => DirectoryOutcome.Refused,
        _ => DirectoryOutcome.Failed,
    };

    /// <summary>Without control characters and halves of pairs, which no store keeps or no reader should see.</summary>
    private static string? Cut(string? text, int most) =>
        text is null ? null : string.Concat(text.Take(most).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c));
}
