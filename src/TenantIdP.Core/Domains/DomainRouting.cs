using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Domains;

/// <summary>A merge patch of a domain.</summary>
public sealed record DomainChanges
{
    /// <summary>Sub-domains that nobody else has verified count as this domain.</summary>
    public Patch<bool> IncludeSubdomains { get; init; }

    /// <summary>What happens with a person who has a verified address here and is no member: nothing, they may ask to join, they may join with one click, or they join when they sign in.</summary>
    public Patch<AssignmentMode> Assignment { get; init; }

    /// <summary>The key of the role of those who join by this domain; never one that changes the organization.</summary>
    public Patch<string> DefaultRole { get; init; }

    /// <summary>At most 20 rules in their order: the first whose condition matches the host decides; without one, people choose among those that have no condition. Empty: all active connections.</summary>
    public Patch<IReadOnlyList<DomainConnectionRule>> Connections { get; init; }
}

/// <summary>What a domain of the organization that was entered does for people: where they sign in and how they join.</summary>
public sealed class DomainRouting(IdpDbContext db, EventLog events, TimeProvider clock)
{
    public const int MaxRules = 20;

    public Task<Result<OrganizationDomain>> UpdateAsync(Id<Organization> organization, Id<OrganizationDomain> id, DomainChanges changes, Granter granter, int? expectedVersion, CancellationToken ct) =>
        db.InTransactionAsync<OrganizationDomain>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                var domain = await db.Domains.SingleOrDefaultAsync(d => d.OrganizationId == organization && d.Id == id, ct);
                if (domain is null) return DomainErrors.NotFound;
                var seen = VersionErrors.Check(domain, expectedVersion);
                if (!seen.IsOk) return seen.Error;
                var before = EventLog.FactsOf(Facts(domain));
                var applied = await ApplyAsync(domain, changes, granter, ct);
                if (!applied.IsOk) return applied.Error;
                if (System.Text.Json.Nodes.JsonNode.DeepEquals(before, EventLog.FactsOf(Facts(domain)))) return domain;
                domain.Touch(clock.GetUtcNow());
                events.RecordChange(EventTypes.DomainUpdated, organization, id.ToString(), before, Facts(domain));
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? domain : saved.Error;
            }, ct);

    private async Task<Result> ApplyAsync(OrganizationDomain domain, DomainChanges changes, Granter granter, CancellationToken ct)
    {
        if (changes.IncludeSubdomains.IsPresent) domain.IncludeSubdomains = changes.IncludeSubdomains.Value;
        if (changes.Assignment.IsPresent || changes.DefaultRole.IsPresent)
        {
            var (mode, role) = (changes.Assignment.Or(domain.Assignment), changes.DefaultRole.IsPresent ? changes.DefaultRole.Value ?? BuiltInRoles.Member : domain.DefaultRoleKey);
            // Switching it on gives the role to whoever comes, so it needs the same right.
            if ((mode, role) != (domain.Assignment, domain.DefaultRoleKey) && await CheckRoleAsync(domain.OrganizationId, role, granter, ct) is { IsOk: false } refused) return refused;
            domain.Assign(mode, role);
        }

        if (!changes.Connections.IsPresent) return Result.Ok;
        var rules = ReadRules(domain, changes.Connections.Value ?? []);
        if (!rules.IsOk) return rules.Error;
        var wanted = rules.Value.Select(r => r.ConnectionId).Distinct().ToArray();
        if (await db.Connections.CountAsync(c => c.OrganizationId == domain.OrganizationId && wanted.Contains(c.Id), ct) != wanted.Length) return DomainErrors.ConnectionUnknown;
        domain.Route(rules.Value);
        return Result.Ok;
    }

    private static Result<IReadOnlyList<DomainConnectionRule>> ReadRules(OrganizationDomain domain, IReadOnlyList<DomainConnectionRule> given)
    {
        var rules = new List<DomainConnectionRule>();
        foreach (var rule in given)
        {
            var condition = DomainConnection.ReadCondition(rule?.Host, domain.Host);
            if (rule is null || (rule.Host is not null && condition is null)) return DomainErrors.RuleInvalid;
            rules.Add(rule with { Host = condition });
        }

        // A condition twice would never be reached, and one of two equal rules without a condition is one too many.
        var isAmbiguous = rules.Where(r => r.Host is not null).GroupBy(r => r.Host).Any(g => g.Count() > 1) || rules.Distinct().Count() != rules.Count;
        return rules.Count > MaxRules || isAmbiguous ? DomainErrors.RuleInvalid : rules;
    }

    private async Task<Result> CheckRoleAsync(Id<Organization> organization, string key, Granter granter, CancellationToken ct)
    {
        if (BuiltInRoles.IsPrivileged(key)) return DomainErrors.RolePrivileged;
        if (!(await db.RolesAsync(organization, [key], ct)).TryGetValue(key, out var role)) return DomainErrors.RoleUnknown;
        if (BuiltInRoles.GivesControl(role)) return DomainErrors.RolePrivileged;
        return await granter.CoversAsync(db, [role], ct) ? Result.Ok : RoleErrors.Escalation;
    }

    private static object Facts(OrganizationDomain d) => new
    {
        host = d.Host.Value, d.IncludeSubdomains, d.Assignment, defaultRole = d.DefaultRoleKey, connections = d.Connections.OrderBy(c => c.Position).Select(c => new { c.ConnectionId, c.Host }),
    };
}
