using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
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
    /// Whether the organization of this connection, which the person's domain leads to, lets them sign in with a password all the same: it names them for break-glass, or an operator has unlocked it. No other
    /// organization's word counts: whoever owns one could name themselves there and come past the identity provider of their employer. What the password is worth is judged at each mint by
    /// <see cref="AccessPolicy"/>.
    /// </summary>
    public static async Task<bool> MayUsePasswordPastAsync(this IdpDbContext db, Id<Connection> connection, Id<User> user, CancellationToken ct)
    {
        var rule = await (
            from c in db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where c.Id == connection
            join m in db.Memberships on c.OrganizationId equals m.OrganizationId
            join o in db.Organizations on c.OrganizationId equals o.Id
            where m.UserId == user && m.Status == MembershipStatus.Active && o.Status == OrganizationStatus.Active
            select new { o.RequireSso, o.Sso }).SingleOrDefaultAsync(ct);
        return rule is not null && (rule.RequireSso ? rule.Sso.BreakGlass.Contains(user) : rule.Sso.UnlockedAt is not null);
    }
}
