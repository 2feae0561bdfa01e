using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Organizations;

/// <summary>
/// A slug that leads to an organization: its own, or one it had before. All of them stand in one table, so that the database itself keeps a former slug, in links and in apps'
/// settings, from leading to somebody else.
/// </summary>
public sealed class OrganizationSlug
{
    /// <summary>How long a former slug leads to the organization that gave it up.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    /// <summary>How many former slugs an organization keeps from others at once; the oldest goes first.</summary>
    public const int MostFormer = 5;

    private OrganizationSlug(Slug slug, Id<Organization> organizationId) => (Slug, OrganizationId) = (slug, organizationId);

    public Slug Slug { get; private set; }
    public Id<Organization> OrganizationId { get; private set; }

    /// <summary>Null while it is the organization's own.</summary>
    public DateTimeOffset? Until { get; private set; }

    internal static OrganizationSlug Take(Slug slug, Id<Organization> organization) => new(slug, organization);

    internal void TakeBack() => Until = null;

    internal void GiveUp(DateTimeOffset now) => Until = now + Kept;
}

internal sealed class OrganizationSlugMapping : IEntityTypeConfiguration<OrganizationSlug>
{
    public void Configure(EntityTypeBuilder<OrganizationSlug> slug)
    {
        slug.ToTable("organization_slugs");
        slug.HasKey(s => s.Slug);
        slug.HasOne<Organization>().WithMany().HasForeignKey(s => s.OrganizationId).OnDelete(DeleteBehavior.Cascade);

        // The daily look for those whose time is over.
        slug.HasIndex(s => s.Until).HasFilter("until IS NOT NULL");
    }
}

internal static class OrganizationSlugs
{
    /// <summary>The organization that had this slug until not long ago. Asked after the organizations' own slugs have been.</summary>
    public static Task<Id<Organization>?> FormerOwnerAsync(this IdpDbContext db, Slug slug, DateTimeOffset now, CancellationToken ct) =>
        db.OrganizationSlugs.Where(s => s.Slug == slug && s.Until > now).Select(s => (Id<Organization>?)s.OrganizationId).SingleOrDefaultAsync(ct);

    /// <summary>Gives up the old slug, if any, and takes the new one, which may be an own former one or anybody's whose time is over.</summary>
    public static async Task<Result> TakeSlugAsync(
        this IdpDbContext db, Id<Organization> organization, Slug? old, Slug wanted, IReadOnlyDictionary<string, Error> unique, DateTimeOffset now, CancellationToken ct)
    {
        if (old is { } former)
        {
            var row = await db.OrganizationSlugs.SingleOrDefaultAsync(s => s.Slug == former && s.OrganizationId == organization, ct);
            if (row is null) db.OrganizationSlugs.Add(row = OrganizationSlug.Take(former, organization));
            row.GiveUp(now);
            var kept = await db.OrganizationSlugs.Where(s => s.OrganizationId == organization && s.Until != null && s.Slug != former && s.Slug != wanted).OrderByDescending(s => s.Until).ToListAsync(ct);
            db.OrganizationSlugs.RemoveRange(kept.Skip(OrganizationSlug.MostFormer - 1));
        }

        switch (await db.OrganizationSlugs.SingleOrDefaultAsync(s => s.Slug == wanted, ct))
        {
            case null:
                db.OrganizationSlugs.Add(OrganizationSlug.Take(wanted, organization));
                return Result.Ok;
            case { } own when own.OrganizationId == organization:
                own.TakeBack();
                return Result.Ok;
            case { Until: { } until } over when until <= now:
                db.OrganizationSlugs.Remove(over);
                var free = await db.TrySaveAsync(unique, ct); // the same key is added next
                if (!free.IsOk) return free;
                db.OrganizationSlugs.Add(OrganizationSlug.Take(wanted, organization));
                return Result.Ok;
            default:
                return OrganizationErrors.SlugTaken;
        }
    }
}
