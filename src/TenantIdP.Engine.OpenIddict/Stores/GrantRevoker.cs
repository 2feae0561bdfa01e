using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace TenantIdP.Engine.OpenIddict.Stores;

/// <summary>Ends grants by the columns they are selected by: one statement, in the caller's transaction.</summary>
public sealed class GrantRevoker(OidcSession session) : IGrantRevoker
{
    public Task EndSessionAsync(Id<Session> session, CancellationToken ct) => EndAsync(Standing.Where(a => a.SessionId == session.Value), ct);

    public Task EndUserAsync(Id<User> user, CancellationToken ct) => EndAsync(Standing.Where(a => a.UserId == user.Value), ct);

    public Task EndUsersAsync(IReadOnlyCollection<Id<User>> users, CancellationToken ct)
    {
        var ids = users.Select(u => (Guid?)u.Value).ToArray();
        return EndAsync(Standing.Where(a => ids.Contains(a.UserId)), ct);
    }

    public Task EndOrganizationAsync(Id<Organization> organization, CancellationToken ct) => EndAsync(Standing.Where(a => a.OrganizationId == organization.Value), ct);

    public Task EndMembershipAsync(Id<Organization> organization, Id<User> user, CancellationToken ct) =>
        EndAsync(Standing.Where(a => a.OrganizationId == organization.Value && a.UserId == user.Value), ct);

    public async Task<IReadOnlyList<Id<Session>>> StandingAsync(IReadOnlyCollection<Id<Session>> sessions, CancellationToken ct)
    {
        var ids = sessions.Select(s => s.Value).ToArray();
        return [.. (await Standing.Where(a => ids.Contains(a.SessionId)).Select(a => a.SessionId).Distinct().ToListAsync(ct)).Select(id => new Id<Session>(id))];
    }

    private IQueryable<OidcAuthorization> Standing => session.Db.Authorizations.Where(a => a.Status == Statuses.Valid);

    private static Task EndAsync(IQueryable<OidcAuthorization> grants, CancellationToken ct) =>
        grants.ExecuteUpdateAsync(set => set.SetProperty(a => a.Status, Statuses.Revoked), ct);
}
