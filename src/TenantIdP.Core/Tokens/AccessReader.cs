using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Tokens;

/// <summary>Reads <see cref="AccessFacts"/> in one statement. Crosses organizations by design: it is what decides whether a person may.</summary>
public sealed class AccessReader(IdpDbContext db)
{
    /// <param name="proofs">The proofs already known (of the grant or the session); the live session's newer ones are added.</param>
    /// <returns>Null when the user no longer exists.</returns>
    public async Task<AccessFacts?> ReadAsync(Id<User> user, Id<Session> session, Id<Organization>? organization, IReadOnlyList<SessionProof> proofs, CancellationToken ct)
    {
        // A default id matches no organization: Organization.Instance has no row.
        var target = organization ?? Organization.Instance;
        var known = proofs.Where(p => p.ConnectionId is not null).Select(p => p.ConnectionId!.Value).Distinct().ToArray(); // filtered on the line's start

        var row = await (
            from u in db.Users.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where u.Id == user
            from email in db.UserEmails.Where(e => e.UserId == u.Id && e.IsPrimary).DefaultIfEmpty()
            from home in db.Domains.Where(d => email != null && email.VerifiedAt != null && d.Host == email.Domain && d.VerifiedAt != null
                && (d.VerifiedBy == VerificationMethod.Dns || d.VerifiedBy == VerificationMethod.Operator)).DefaultIfEmpty()
            from s in db.Sessions.Where(s => s.Id == session && s.UserId == u.Id).DefaultIfEmpty()
            from o in db.Organizations.Where(o => o.Id == target).DefaultIfEmpty()
            from m in db.Memberships.Where(m => m.OrganizationId == target && m.UserId == u.Id).DefaultIfEmpty()
            select new
            {
                User = new { u.Id, u.Status, u.Name, u.GivenName, u.FamilyName, u.IsOperator },
                Email = email == null ? null : email.Address,
                EmailVerified = email != null && email.VerifiedAt != null,
                Home = home == null ? (Id<Organization>?)null : home.OrganizationId,
                SessionEndedAt = s == null ? null : s.EndedAt,
                SessionProofs = s == null ? null : s.Proofs,
                Organization = o == null ? null : new { o.Id, o.DisplayName, o.Slug, o.Status, o.RequireSso, o.AcceptHomeSso },
                Membership = m == null ? null : new { m.Id, m.Status, m.NameOverlay },
                Roles = (from held in db.MembershipRoles
                         join role in db.Roles on new { A = held.RoleOrganizationId, B = held.RoleId } equals new { A = role.OrganizationId, B = role.Id }
                         where held.OrganizationId == target && m != null && held.MembershipId == m.Id
                         select new { role.Key, role.Permissions }).ToList(),
                Connections = db.Connections
                    .Where(c => c.Status == ConnectionStatus.Active && (known.Contains(c.Id) || c.OrganizationId == target))
                    .Select(c => c.Id).ToList(),
            }).AsNoTracking().AsSingleQuery().FirstOrDefaultAsync(ct);
        if (row is null) return null;

        IReadOnlyList<SessionProof> merged = row.SessionProofs is { } gained && row.SessionEndedAt is null
            ? [.. proofs, .. gained.Where(g => !proofs.Any(p => p.ConnectionId == g.ConnectionId && p.At >= g.At))]
            : proofs;

        return new AccessFacts
        {
            UserId = row.User.Id,
            UserStatus = row.User.Status,
            Name = row.User.Name,
            GivenName = row.User.GivenName,
            FamilyName = row.User.FamilyName,
            IsOperator = row.User.IsOperator,
            PrimaryEmail = row.Email,
            PrimaryEmailVerified = row.EmailVerified,
            Home = row.Home,
            SessionStands = row.SessionProofs is not null && row.SessionEndedAt is null,
            Proofs = merged,
            ActiveConnections = row.Connections.ToHashSet(),
            OrganizationId = organization,
            OrganizationName = row.Organization?.DisplayName,
            OrganizationSlug = row.Organization?.Slug.Value,
            OrganizationStatus = row.Organization?.Status,
            RequireSso = row.Organization?.RequireSso ?? false,
            AcceptHomeSso = row.Organization?.AcceptHomeSso ?? false,
            MembershipId = row.Membership?.Id,
            MembershipStatus = row.Membership?.Status,
            NameOverlay = row.Membership?.NameOverlay,
            Roles = [.. row.Roles.DistinctBy(r => r.Key).OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => new HeldRole(r.Key, r.Permissions))],
        };
    }
}
