namespace TenantIdP.Server.Configuration;

internal enum PlannedAction
{
    Create,
    Update,
    Delete,
}

/// <param name="Organization">Its slug; null for what belongs to the instance.</param>
/// <param name="Edit">Null for a deletion.</param>
/// <param name="Seen">Null for what is made.</param>
internal sealed record PlannedChange(string? Organization, ConfigSchema Schema, string Key, PlannedAction Action, IReadOnlyList<PropertyChange> Properties, ConfigEdit? Edit, ConfigItem? Seen);

/// <summary>What is to be done in one part, and what was there when that was decided.</summary>
internal sealed record PlannedPart(ConfigPart Wanted, ConfigPart Seen, IReadOnlyList<PlannedChange> Changes)
{
    /// <summary>Why nothing of it is done; it has no changes then.</summary>
    public IReadOnlyList<ConfigProblem> Problems { get; init; } = [];

    public bool IsInstance => Wanted.Slug is null;

    public string Name => Wanted.Slug is { } slug ? $"organization {slug}" : "the instance";
}

internal sealed record ConfigPlan(IReadOnlyList<PlannedPart> Parts)
{
    public IEnumerable<PlannedChange> Changes => Parts.SelectMany(p => p.Changes);

    public IEnumerable<PlannedPart> Refused => Parts.Where(p => p.Problems.Count > 0);

    public bool IsEmpty => Parts.All(p => p.Changes.Count == 0);
}
