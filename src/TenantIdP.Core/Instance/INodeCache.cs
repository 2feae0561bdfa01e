namespace TenantIdP.Core.Instance;

/// <summary>What a node keeps of rows that seldom change. The node that changes them evicts by itself; the others are told when the change commits.</summary>
public interface INodeCache
{
    /// <summary>The name by which <see cref="IdpDbContext.AnnounceAsync"/> tells of a change.</summary>
    string Name { get; }

    void Evict();
}
