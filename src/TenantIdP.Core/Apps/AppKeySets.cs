using System.Collections.Concurrent;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Apps;

/// <summary>Port to what an app publishes at its <see cref="App.JwksUri"/>.</summary>
public interface IAppKeyDocuments
{
    /// <summary>The document, or null when it is not to be had; bounded in time and size.</summary>
    Task<string?> FetchAsync(Id<App> app, string address, CancellationToken ct);
}

/// <summary>
/// The keys that an app's assertions are checked with: those it gave, or those it publishes. Documents are read again after <see cref="Lifetime"/>, and before that for a key id that
/// is not among them, at most once in <see cref="AskedAgain"/>: whoever knows a client id can send key ids. While the address is away the last document counts for <see cref="Kept"/>.
/// </summary>
public sealed class AppKeySets(IAppKeyDocuments documents, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);
    public static readonly TimeSpan AskedAgain = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan Kept = TimeSpan.FromHours(1);
    public const int Limit = 1_000;

    /// <summary>After a document that was not to be had.</summary>
    private static readonly TimeSpan TriedAgain = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<(Id<App> App, string Address), Source> sources = new();

    /// <param name="kid">Null when the assertion names no key.</param>
    public async ValueTask<IReadOnlyList<AppKey>> FindAsync(App app, string algorithm, string? kid, CancellationToken ct)
    {
        var keys = app.JwksUri is { } address ? await PublishedAsync(app.Id, address, kid, ct) : app.Jwks?.Keys ?? [];
        return [.. keys.Where(key => key.Fits(algorithm, kid))];
    }

    private async ValueTask<IReadOnlyList<AppKey>> PublishedAsync(Id<App> app, string address, string? kid, CancellationToken ct)
    {
        if (sources.Count >= Limit) sources.Clear();
        var source = sources.GetOrAdd((app, address), _ => new Source());
        if (source.Ask(kid, clock, () => ReadAsync(source, app, address)) is { } asking) await asking.WaitAsync(ct);
        return source.Known is { } known && clock.GetElapsedTime(known.ReadAt) < Kept ? known.Keys : [];
    }

    /// <summary>For all who wait, so none of them can cancel it; the port bounds its time.</summary>
    private async Task ReadAsync(Source source, Id<App> app, string address)
    {
        if (await documents.FetchAsync(app, address, CancellationToken.None) is { } document && AppKeyRules.Published(document) is { } keys) source.Known = new Document(keys, clock.GetTimestamp());
    }

    private sealed record Document(IReadOnlyList<AppKey> Keys, long ReadAt);

    private sealed class Source
    {
        private readonly Lock gate = new();
        private volatile Document? known;
        private Task? asking;
        private long askedAt;

        public Document? Known { get => known; set => known = value; }

        /// <summary>What to wait for, or null when what is known is enough or it is too early to ask.</summary>
        public Task? Ask(string? kid, TimeProvider clock, Func<Task> ask)
        {
            var isFresh = known is { } document && clock.GetElapsedTime(document.ReadAt) < Lifetime;
            if (isFresh && (kid is null || known!.Keys.Any(key => key.Kid == kid))) return null; // fresh, so known
            lock (gate)
            {
                if (asking is { IsCompleted: false }) return asking;
                if (asking is not null && clock.GetElapsedTime(askedAt) < (isFresh ? AskedAgain : TriedAgain)) return null;
                askedAt = clock.GetTimestamp();
                return asking = ask();
            }
        }
    }
}
