using System.Diagnostics.CodeAnalysis;

namespace TenantIdP.Server.Federation;

/// <summary>The most recently used entries, up to a number and an age since the last use. An entry just put stays until <c>capacity</c> others were put after it.</summary>
internal sealed class BoundedCache<TKey, TValue>(int capacity, TimeSpan sliding, TimeProvider clock) where TKey : notnull
{
    private readonly Lock gate = new();
    private readonly Dictionary<TKey, LinkedListNode<Entry>> entries = [];
    private readonly LinkedList<Entry> byUse = [];

    private sealed record Entry(TKey Key, TValue Value)
    {
        public long UsedAt { get; set; }
    }

    public int Count
    {
        get
        {
            lock (gate) return entries.Count;
        }
    }

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        lock (gate)
        {
            Expire();
            if (!entries.TryGetValue(key, out var node))
            {
                value = default;
                return false;
            }

            node.Value.UsedAt = clock.GetTimestamp();
            byUse.Remove(node);
            byUse.AddFirst(node);
            value = node.Value.Value;
            return true;
        }
    }

    public void Put(TKey key, TValue value)
    {
        lock (gate)
        {
            if (entries.Remove(key, out var old)) byUse.Remove(old);
            entries[key] = byUse.AddFirst(new Entry(key, value) { UsedAt = clock.GetTimestamp() });
            Expire();
            while (entries.Count > capacity) DropLast();
        }
    }

    public void Remove(TKey key)
    {
        lock (gate)
        {
            if (entries.Remove(key, out var node)) byUse.Remove(node);
        }
    }

    public void RemoveWhere(Predicate<TValue> matches)
    {
        lock (gate)
        {
            foreach (var node in entries.Values.Where(node => matches(node.Value.Value)).ToList())
            {
                entries.Remove(node.Value.Key);
                byUse.Remove(node);
            }
        }
    }

    public void Clear()
    {
        lock (gate)
        {
            entries.Clear();
            byUse.Clear();
        }
    }

    private void Expire()
    {
        while (byUse.Last is { } last && clock.GetElapsedTime(last.Value.UsedAt) > sliding) DropLast();
    }

    private void DropLast()
    {
        if (byUse.Last is not { } last) return;
        entries.Remove(last.Value.Key);
        byUse.RemoveLast();
    }
}
