using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>The way past a required single sign-on for the few owners who are named for it.</summary>
public sealed class BreakGlass(IdpDbContext db, Tallies tallies, EventLog events)
{
    /// <summary>Notes, before anything is let in, that one of them comes in by it: once for each local sign-in and organization. Every owner is told of the event.</summary>
    public Task<Result<bool>> RecordAsync(AccessFacts facts, SessionProof proof, Id<Session> session, CancellationToken ct) => db.InTransactionAsync<bool>(
        async () =>
        {
            if (facts.OrganizationId is not { } organization) return false;
            var once = new TallyLimit($"break_glass {organization} {session} {proof.At.UtcTicks}", 1, SsoEnforcement.BreakGlassCounts * 2);
            if (!await tallies.TakeAsync([once], ct)) return true; // told already
            db.EnterOrganization(organization);
            events.Record(EventTypes.BreakGlassUsed, organization, facts.UserId.ToString(), new { sessionId = session, provenAt = proof.At });
            await db.SaveChangesAsync(ct);
            return true;
        }, ct);
}

internal static class PasswordsPastConnections
{
    /// <summary>
    /// Whether an organization lets this person sign in with a password although their domain belongs to a connection: one that names them for break-glass, or one that an operator has unlocked. Which of them
    /// do is the question; what it is worth there is judged at each mint by <see cref="AccessPolicy"/>.
    /// </summary>
    public static async Task<bool> MayUsePasswordPastConnectionAsync(this IdpDbContext db, Id<User> user, CancellationToken ct)
    {
        var rules = await (
            from m in db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            join o in db.Organizations on m.OrganizationId equals o.Id
            where m.UserId == user && m.Status == MembershipStatus.Active && o.Status == OrganizationStatus.Active
            select new { o.RequireSso, o.Sso }).ToListAsync(ct);
        return rules.Any(r => r.RequireSso ? r.Sso.BreakGlass.Contains(user) : r.Sso.UnlockedAt is not null);
    }
}
