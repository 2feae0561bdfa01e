namespace TenantIdP.Core.Tokens;

/// <summary>What the engine does now and then by itself, on one node at a time.</summary>
public interface IEngineUpkeep
{
    /// <summary>Makes the signing keys that are due and drops those past their time; every node then reads the set again.</summary>
    Task RotateKeysAsync(CancellationToken ct);

    /// <summary>Deletes tokens and grants that can't matter any more.</summary>
    Task PruneAsync(CancellationToken ct);
}
