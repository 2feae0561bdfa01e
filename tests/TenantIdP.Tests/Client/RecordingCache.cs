using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Distributed;

namespace TenantIdP.Tests.Client;

/// <summary>A cache that whoever runs it can read and write.</summary>
internal sealed class RecordingCache : IDistributedCache
{
    public ConcurrentDictionary<string, byte[]> Entries { get; } = new();

    /// <summary>Once something was removed.</summary>
    public TaskCompletionSource Removed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What comes before an entry is written.</summary>
    public Func<Task> BeforeSet { get; set; } = () => Task.CompletedTask;

    public byte[]? Get(string key) => Entries.GetValueOrDefault(key);

    public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => Task.FromResult(Get(key));

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => Entries[key] = value;

    public async Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        await BeforeSet();
        Set(key, value, options);
    }

    public void Remove(string key)
    {
        Entries.TryRemove(key, out _);
        Removed.TrySetResult();
    }

    public Task RemoveAsync(string key, CancellationToken token = default)
    {
        Remove(key);
        return Task.CompletedTask;
    }

    public void Refresh(string key)
    {
    }

    public Task RefreshAsync(string key, CancellationToken token = default) => Task.CompletedTask;
}
