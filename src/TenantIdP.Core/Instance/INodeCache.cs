namespace TenantIdP.Core.Instance;

/// <summary>
/// What a node keeps of rows that seldom change. <see cref="IdpDbContext"/> evicts when a change commits, on this node in the process and on the others by a message. A message
/// may be lost: each cache has a lifetime as well, of at most 30 seconds, which docs/operations/caches.md states.
/// </summary>
public interface INodeCache
{
    /// <summary>The name by which <see cref="NodeChange"/> tells of a change.</summary>
    string Name { get; }

    /// <param name="key">What has changed, in the cache's own terms; null for everything, also when messages may have been lost.</param>
    void Evict(string? key);
}
