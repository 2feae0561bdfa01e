using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Invitations;

/// <summary>Each null member lets everything through.</summary>
public sealed record InvitationFilter(InvitationStatus? Status = null, string? Email = null);

/// <summary>An invitation with the keys of its roles, as far as they still exist.</summary>
public sealed record InvitationView(Invitation Invitation, InvitationStatus Status, IReadOnlyList<string> Roles, IReadOnlyList<(Id<Workspaces.Workspace> Id, IReadOnlyList<string> Roles)> Workspaces, string? RequestedAddress);

/// <summary>The invitations of the organization that was entered; ended ones stay for <see cref="Invitation.Kept"/>.</summary>
public sealed class InvitationList(IdpDbContext db, TimeProvider clock)
{
    public async Task<Result<InvitationView>> FindAsync(Id<Organization> organization, Id<Invitation> id, CancellationToken ct) =>
        await db.Invitations.AsNoTracking().SingleOrDefaultAsync(i => i.OrganizationId == organization && i.Id == id, ct) is { } found ? (await DescribeAsync([found], ct))[0] : InvitationErrors.NotFound;

    public async Task<Result<Page<InvitationView>>> ListAsync(Id<Organization> organization, InvitationFilter filter, PageRequest page, CancellationToken ct)
    {
        var (now, invitations) = (clock.GetUtcNow(), db.Invitations.AsNoTracking().Where(i => i.OrganizationId == organization));
        if (filter.Email is not null)
        {
            if (!EmailAddress.TryParse(filter.Email, out var address)) return UserErrors.EmailInvalid;
            var normalized = address.Normalized;
            invitations = invitations.Where(i => i.Normalized == normalized);
        }

        invitations = filter.Status switch
        {
            null => invitations,
            InvitationStatus.Pending => invitations.Where(i => i.Status == InvitationStatus.Pending && i.ExpiresAt > now),
            InvitationStatus.Expired => invitations.Where(i => i.Status == InvitationStatus.Expired || (i.Status == InvitationStatus.Pending && i.ExpiresAt <= now)),
            { } status => invitations.Where(i => i.Status == status),
        };
        var found = await invitations.PageAsync(page, i => i.Id, ct);
        return found.IsOk ? new Page<InvitationView>(await DescribeAsync(found.Value.Items, ct), found.Value.Next) : found.Error;
    }

    /// <summary>Some statements for any number of them.</summary>
    public async Task<IReadOnlyList<InvitationView>> DescribeAsync(IReadOnlyList<Invitation> invitations, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var ids = invitations.SelectMany(i => i.Roles.Concat(i.Workspaces.SelectMany(w => w.Roles))).Distinct().ToArray();
        var keys = ids.Length == 0 ? [] : await db.Roles.AsNoTracking().Where(r => ids.Contains(r.Id)).ToDictionaryAsync(r => r.Id, r => r.Key, ct);
        var asking = invitations.Where(i => i.HasRequest).Select(i => i.RequestedBy).OfType<Id<User>>().Distinct().ToArray();
        var addresses = asking.Length == 0 ? [] : (await db.UserEmails.AsNoTracking().Where(e => asking.Contains(e.UserId) && e.VerifiedAt != null).ToListAsync(ct))
            .GroupBy(e => e.UserId).ToDictionary(g => g.Key, g => g.OrderByDescending(e => e.IsPrimary).First().Address);
        return
        [
            .. invitations.Select(i => new InvitationView(
                i, i.StatusAt(now), Of(i.Roles), [.. i.Workspaces.Select(w => (w.WorkspaceId, Of(w.Roles)))],
                i.HasRequest && i.RequestedBy is { } by ? addresses.GetValueOrDefault(by) : null)),
        ];

        IReadOnlyList<string> Of(IReadOnlyList<Id<Role>> roles) => [.. roles.Select(r => keys.GetValueOrDefault(r)).OfType<string>().Order(StringComparer.Ordinal)];
    }
}
