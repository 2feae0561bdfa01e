using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Organizations;

/// <summary>What has to be so before an organization's own single sign-on is required of anybody more. Right only after <see cref="OrganizationLock"/> in the same transaction.</summary>
internal static class SsoGate
{
    private static readonly TimeSpan TestCounts = TimeSpan.FromHours(24);

    public static async Task<Result> CheckSsoGateAsync(this IdpDbContext db, Id<Organization> id, Granter granter, DateTimeOffset now, CancellationToken ct)
    {
        // Meta tag and file proofs route people; forcing them through an IdP needs the DNS proof or an operator's word (DESIGN.md section 6.2).
        var isReady = await db.Connections.AnyAsync(c => c.OrganizationId == id && c.Status == ConnectionStatus.Active, ct)
            && await db.Domains.ProvingMail().AnyAsync(d => d.OrganizationId == id, ct);
        if (!isReady) return OrganizationErrors.SsoNeedsConnection;

        // A broken connection that is required locks everybody out, whoever would repair it among them (FEATURES.md row 19).
        var since = now - TestCounts;
        return granter.IsInstance || await db.Connections.AnyAsync(c => c.OrganizationId == id && c.Status == ConnectionStatus.Active && c.TestedAt >= since, ct) ? Result.Ok : OrganizationErrors.SsoUntested;
    }

    /// <summary>The owners are told of this event.</summary>
    public static void RecordSsoEnforcement(this EventLog events, Organization organization, object before, string? reason = null) =>
        events.Record(EventTypes.SsoEnforcementChanged, organization.Id, organization.Id.ToString(), new { before, after = SsoFacts(organization), reason });

    public static object SsoFacts(Organization o) => new { mode = o.SsoMode, o.Sso.ExceptRoles, o.Sso.RolloutPercent, o.Sso.RolloutRoles, o.Sso.BreakGlass, o.Sso.UnlockedAt };
}
