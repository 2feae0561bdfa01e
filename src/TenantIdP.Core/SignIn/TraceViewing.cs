using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Members;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Core.SignIn;

/// <summary>
/// The trace behind the id of an error page, for a person with a session here: an operator, or a member who may read connections in the trace's organization. Crosses
/// organizations, because the id does not say whose it is; what this person may see is decided for each by the one policy.
/// </summary>
public sealed class TraceViewing(IdpDbContext db, AccessReader reader)
{
    /// <summary>Callers may choose a trace id, so that several sign-ins may share one.</summary>
    private const int Most = 10;

    /// <returns>Null when there is none, and when it is not theirs to see.</returns>
    public async Task<SignInTrace?> FindAsync(string traceId, Session session, CancellationToken ct)
    {
        var user = session.UserId;
        var candidates = await (
            from t in db.SignInTraces.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where t.TraceId == traceId
                && (db.Users.Any(u => u.Id == user && u.IsOperator) || db.Memberships.Any(m => m.OrganizationId == t.OrganizationId && m.UserId == user && m.Status == MembershipStatus.Active))
            orderby t.Id descending
            select t).AsNoTracking().Take(Most).ToListAsync(ct);
        foreach (var ofOne in candidates.GroupBy(t => t.OrganizationId))
        {
            if (await reader.ReadAsync(user, session.Id, ofOne.Key, session.Proofs, ct) is { } facts && MaySee(facts)) return ofOne.First();
        }

        return null;
    }

    private static bool MaySee(AccessFacts facts) =>
        (facts.IsOperator && AccessPolicy.ProvesAccount(facts))
        || (AccessPolicy.Judge(facts).IsGranted && facts.Roles.Any(r => r.Permissions.Contains(Permission.ConnectionsRead)));
}
