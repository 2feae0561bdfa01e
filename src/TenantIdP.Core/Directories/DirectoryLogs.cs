using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Directories;

/// <summary>Which entries of a log are wanted; all when nothing is said.</summary>
public sealed record DirectoryLogFilter(DirectoryOutcome? Outcome, string? Operation, string? Resource);

/// <summary>The logs of the directories of the organization that was entered.</summary>
public sealed class DirectoryLogs(IdpDbContext db)
{
    /// <summary>The newest first.</summary>
    public async Task<Result<Page<DirectoryLogEntry>>> ListAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, DirectoryLogFilter wanted, PageRequest page, CancellationToken ct)
    {
        if (!await db.HasDirectoryAsync(organization, directory, ct)) return DirectoryErrors.NotFound;
        var entries = db.DirectoryLog.AsNoTracking().Where(e => e.OrganizationId == organization && e.DirectoryId == directory);
        if (wanted.Outcome is { } outcome) entries = entries.Where(e => e.Outcome == outcome);
        if (wanted.Operation is { } operation) entries = entries.Where(e => e.Operation == operation);
        if (wanted.Resource is { } resource) entries = entries.Where(e => e.ResourceId == resource);
        return await entries.PageAsync(page with { Descending = true }, e => e.Id, ct);
    }
}
