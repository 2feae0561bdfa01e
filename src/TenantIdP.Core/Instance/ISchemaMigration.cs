namespace TenantIdP.Core.Instance;

/// <summary>
/// A part beside Core that keeps tables, such as the engine. Resolved from a scope of its own and run in the order of registration, after Core's tables exist
/// and while this node alone holds the migration lock.
/// </summary>
public interface ISchemaMigration
{
    /// <summary>What is being migrated, for the log.</summary>
    string Name { get; }

    /// <summary>Brings the tables up to date; does nothing when they are.</summary>
    Task MigrateAsync(CancellationToken ct);
}
