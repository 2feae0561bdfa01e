using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;

namespace TenantIdP.Core.Directories;

/// <summary>
/// What is to be written into the logs of directories. Nobody waits for it and nothing fails by it: entries are kept in memory until <see cref="DirectoryLogWriter"/> has written them,
/// within a second; what no longer fits is counted and left out. One for a process.
/// </summary>
public sealed class DirectoryLog(TimeProvider clock)
{
    /// <summary>Entries that wait at most.</summary>
    public const int Capacity = 5_000;

    private readonly Channel<DirectoryLogEntry> waiting = Channel.CreateBounded<DirectoryLogEntry>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private long lost;

    /// <summary>Entries that found no room since the process began.</summary>
    public long Lost => Interlocked.Read(ref lost);

    /// <summary>Notes one request of a directory; nobody's password may be in its facts.</summary>
    public void Record(OrganizationDirectory directory, DirectoryLogFacts facts)
    {
        if (!waiting.Writer.TryWrite(DirectoryLogEntry.Of(directory, facts, clock.GetUtcNow()))) Interlocked.Increment(ref lost);
    }

    /// <summary>Waits until there is something.</summary>
    public async Task WaitAsync(CancellationToken ct) => await waiting.Reader.WaitToReadAsync(ct);

    /// <summary>Takes what waits.</summary>
    public IReadOnlyList<DirectoryLogEntry> Take(int most)
    {
        var taken = new List<DirectoryLogEntry>();
        while (taken.Count < most && waiting.Reader.TryRead(out var entry)) taken.Add(entry);
        return taken;
    }
}

/// <summary>Writes entries of one organization, in its scope.</summary>
public sealed class DirectoryLogWriter(IdpDbContext db)
{
    /// <summary>Those of a directory that has gone meanwhile are left out.</summary>
    public async Task WriteAsync(IReadOnlyList<DirectoryLogEntry> entries, CancellationToken ct)
    {
        var organization = entries[0].OrganizationId;
        db.EnterOrganization(organization);
        var ids = entries.Select(e => e.DirectoryId).Distinct().ToArray();
        var standing = await db.Directories.Where(d => d.OrganizationId == organization && ids.Contains(d.Id)).Select(d => d.Id).ToListAsync(ct);
        db.DirectoryLog.AddRange(entries.Where(e => standing.Contains(e.DirectoryId)));
        await db.SaveChangesAsync(ct);
    }
}
