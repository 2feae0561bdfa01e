using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Directories;

/// <summary>A user with the directory that says what a user of it has.</summary>
public sealed record DirectoryUserView(DirectoryUser User, OrganizationDirectory Directory);

/// <summary>The users of a directory as the organization's admins and apps see them; none that was deleted. A page takes the same statements whatever is on it.</summary>
public sealed class DirectoryUserOverview(IdpDbContext db)
{
    /// <param name="member">Whose users of the directory: one, or none; null for everybody's.</param>
    public async Task<Result<Page<DirectoryUserView>>> ListAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, Id<Membership>? member, PageRequest page, CancellationToken ct)
    {
        if (await FindDirectoryAsync(organization, directory, ct) is not { } of) return DirectoryErrors.NotFound;
        var users = Of(of);
        if (member is { } whose) users = users.Where(u => u.MembershipId == whose);
        var found = await users.PageAsync(page, u => u.Id, ct);
        return found.IsOk ? new Page<DirectoryUserView>([.. found.Value.Items.Select(u => new DirectoryUserView(u, of))], found.Value.Next) : found.Error;
    }

    public async Task<Result<DirectoryUserView>> FindAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, Id<DirectoryUser> id, CancellationToken ct)
    {
        if (await FindDirectoryAsync(organization, directory, ct) is not { } of) return DirectoryErrors.NotFound;
        return await Of(of).SingleOrDefaultAsync(u => u.Id == id, ct) is { } user ? new DirectoryUserView(user, of) : DirectoryUserErrors.NotFound;
    }

    private Task<OrganizationDirectory?> FindDirectoryAsync(Id<Organization> organization, Id<OrganizationDirectory> id, CancellationToken ct) =>
        db.Directories.AsNoTracking().SingleOrDefaultAsync(d => d.OrganizationId == organization && d.Id == id, ct);

    private IQueryable<DirectoryUser> Of(OrganizationDirectory directory) =>
        db.DirectoryUsers.AsNoTracking().Where(u => u.OrganizationId == directory.OrganizationId && u.DirectoryId == directory.Id && u.DeletedAt == null);
}
