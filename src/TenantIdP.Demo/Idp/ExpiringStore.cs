using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Microsoft.AspNetCore.WebUtilities;

namespace TenantIdP.Demo.Idp;

/// <summary>Values under unguessable handles, for a lifetime, in memory; at capacity the oldest make room.</summary>
internal sealed class ExpiringStore<T>(TimeProvider clock, TimeSpan lifetime)
    where T : class
{
    private const int Capacity = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (T Value, DateTimeOffset Until)> _entries = [];
    private readonly Queue<string> _oldestFirst = new();

    public string Put(T value)
    {
        var handle = WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));
        lock (_gate)
        {
            MakeRoom();
            _entries[handle] = (value, clock.GetUtcNow() + lifetime);
            _oldestFirst.Enqueue(handle);
        }

        return handle;
    }

    public bool TryGet(string? handle, [NotNullWhen(true)] out T? value) => TryFind(handle, remove: false, out value);

    public bool TryTake(string? handle, [NotNullWhen(true)] out T? value) => TryFind(handle, remove: true, out value);

    private bool TryFind(string? handle, bool remove, [NotNullWhen(true)] out T? value)
    {
        value = null;
        if (string.IsNullOrEmpty(handle))
            return false;

        lock (_gate)
        {
            if (!_entries.TryGetValue(handle, out var entry))
                return false;
            if (remove)
                _entries.Remove(handle);
            if (entry.Until <= clock.GetUtcNow())
                return false;

            value = entry.Value;
            return true;
        }
    }

    // One lifetime for all: the queue is in order of expiry.
    private void MakeRoom()
    {
        var now = clock.GetUtcNow();
        while (_oldestFirst.TryPeek(out var oldest))
        {
            if (_oldestFirst.Count < Capacity && _entries.TryGetValue(oldest, out var entry) && entry.Until > now)
                return;

            _oldestFirst.Dequeue();
            _entries.Remove(oldest);
        }
    }
}
