using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Users;

/// <summary>An organization that a row names, with those of the roles that rows name there.</summary>
internal sealed record ImportPlace(Organization Organization, IReadOnlyDictionary<string, Role> Roles, DefaultWorkspace? Default)
{
    public Result<List<Role>> Find(IReadOnlyList<string> keys)
    {
        var roles = new List<Role>(keys.Count);
        foreach (var key in keys)
        {
            if (!Roles.TryGetValue(key, out var role)) return RoleErrors.Unknown;
            roles.Add(role);
        }

        return roles;
    }
}

internal enum ImportPlaceKind
{
    /// <summary>The row doesn't say which of them it gives.</summary>
    Any,
    Id,
    ExternalId,
    Slug,
}

/// <summary>What a row calls an organization.</summary>
internal readonly record struct ImportPlaceName(ImportPlaceKind Kind, string Text)
{
    private const int MaxLength = 200;

    public static Result<ImportPlaceName> Of(ImportMembership membership)
    {
        (ImportPlaceKind Kind, string? Text)[] given =
        [
            (ImportPlaceKind.Id, membership.OrganizationId), (ImportPlaceKind.ExternalId, membership.OrganizationExternalId), (ImportPlaceKind.Slug, membership.OrganizationSlug),
            (ImportPlaceKind.Any, membership.Organization),
        ];
        var said = given.Where(g => g.Text is not null).ToList();
        if (said.Count > 1) return ImportErrors.OrganizationNamedTwice;
        return said is [{ Text: { Length: > 0 and <= MaxLength } text } one] ? new ImportPlaceName(one.Kind, text) : ImportErrors.OrganizationUnknown;
    }
}

/// <summary>The organizations by what rows call them. A slug is the tenant's to choose, so that it never wins over what the operator has given to another organization.</summary>
internal sealed class ImportPlaces
{
    private readonly Dictionary<ImportPlaceName, Id<Organization>> known = [];

    public static async Task<ImportPlaces> ReadAsync(IdpDbContext db, IEnumerable<ImportPlaceName> names, CancellationToken ct)
    {
        var (places, wanted) = (new ImportPlaces(), names.Distinct().ToList());
        if (wanted.Count == 0) return places;
        var ids = Texts(ImportPlaceKind.Id).Select(n => Id<Organization>.TryParse(n, out var id) ? id : Organization.Instance).Where(id => id != Organization.Instance).ToList();
        var slugs = Texts(ImportPlaceKind.Slug).Select(n => Slug.TryParse(n, out var slug) ? (Slug?)slug : null).OfType<Slug>().ToList();
        var externalIds = Texts(ImportPlaceKind.ExternalId).ToList();
        var found = await db.Organizations.Where(o => o.Id != Organization.Instance && (ids.Contains(o.Id) || slugs.Contains(o.Slug) || (o.ExternalId != null && externalIds.Contains(o.ExternalId))))
            .Select(o => new { o.Id, o.Slug, o.ExternalId }).ToListAsync(ct);
        foreach (var o in found)
        {
            places.known[new(ImportPlaceKind.Id, o.Id.ToString())] = o.Id;
            places.known[new(ImportPlaceKind.Slug, o.Slug.Value)] = o.Id;
            if (o.ExternalId is { } own) places.known[new(ImportPlaceKind.ExternalId, own)] = o.Id;
        }

        return places;

        IEnumerable<string> Texts(ImportPlaceKind kind) => wanted.Where(n => n.Kind == kind || n.Kind == ImportPlaceKind.Any).Select(n => n.Text);
    }

    public Result<Id<Organization>> Find(ImportPlaceName name)
    {
        ImportPlaceKind[] kinds = name.Kind == ImportPlaceKind.Any ? [ImportPlaceKind.Id, ImportPlaceKind.ExternalId, ImportPlaceKind.Slug] : [name.Kind];
        var fitting = kinds.Select(kind => known.TryGetValue(name with { Kind = kind }, out var id) ? (Id<Organization>?)id : null).OfType<Id<Organization>>().Distinct().ToList();
        return fitting.Count switch
        {
            0 => ImportErrors.OrganizationUnknown,
            1 => fitting[0],
            _ => ImportErrors.OrganizationAmbiguous,
        };
    }
}
