using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Organizations;

/// <summary>Each null member lets everything through.</summary>
/// <param name="Prefix">How the name begins, in any case.</param>
public sealed record OrganizationFilter(OrganizationStatus? Status = null, string? ExternalId = null, string? Prefix = null);

/// <summary>The organizations of the instance, page by page, in one statement each.</summary>
public sealed class OrganizationList(IdpDbContext db)
{
    public Task<Result<Page<Organization>>> ListAsync(OrganizationFilter filter, PageRequest page, CancellationToken ct)
    {
        var organizations = db.Organizations.AsNoTracking();
        if (filter.Status is { } status) organizations = organizations.Where(o => o.Status == status);
        if (filter.ExternalId is { } externalId) organizations = organizations.Where(o => o.ExternalId == externalId);
        if (filter.Prefix is { } prefix)
        {
            var (from, to) = TextKey.Range(prefix);
#pragma warning disable CA1309 // translated: the collation of the column compares, byte by byte
            organizations = organizations.Where(o => string.Compare(o.NameKey, from) >= 0 && string.Compare(o.NameKey, to) < 0);
#pragma warning restore CA1309
        }

        return page.Order == ListOrder.DisplayName ? ByNameAsync(organizations, page, ct) : organizations.PageAsync(page, o => o.Id, ct);
    }

    /// <summary>A walk along the index of names and ids: the place is where both of them were, whatever is renamed meanwhile.</summary>
    private static async Task<Result<Page<Organization>>> ByNameAsync(IQueryable<Organization> organizations, PageRequest page, CancellationToken ct)
    {
        organizations = organizations.CreatedWithin(page);
        if (page.After is { } after)
        {
            var split = after.IndexOf(' ', StringComparison.Ordinal);
            if (split < 0 || !Id<Organization>.TryParse(after.AsSpan(0, split), null, out var id)) return PageErrors.CursorInvalid;
            var key = after[(split + 1)..];
            organizations = page.Descending
#pragma warning disable CA1309 // translated: the collation of the column compares, byte by byte
                ? organizations.Where(o => string.Compare(o.NameKey, key) <= 0 && (string.Compare(o.NameKey, key) < 0 || o.Id < id))
                : organizations.Where(o => string.Compare(o.NameKey, key) >= 0 && (string.Compare(o.NameKey, key) > 0 || o.Id > id));
#pragma warning restore CA1309
        }

        organizations = page.Descending ? organizations.OrderByDescending(o => o.NameKey).ThenByDescending(o => o.Id) : organizations.OrderBy(o => o.NameKey).ThenBy(o => o.Id);
        return await organizations.TakePageAsync(page, o => $"{o.Id} {o.NameKey}", ct);
    }
}
