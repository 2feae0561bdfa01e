using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.SignIn;

/// <summary>Where a person is sent to prove who they are.</summary>
/// <param name="Connection">Null means a credential of this instance.</param>
/// <param name="OrganizationName">Shown before the person leaves: whose sign-in comes next. Only facts that are public by DNS or by the app's own request.</param>
public sealed record Realm(Id<Connection>? Connection, ConnectionKind Kind, string? OrganizationName)
{
    public static readonly Realm Local = new(null, ConnectionKind.Oidc, null);
}

/// <param name="Organization">Id or slug of the organization the app pinned; typing another address can't replace it.</param>
/// <param name="Connection">A connection the app named.</param>
public sealed record RealmQuestion(string? Organization, string? Connection, string? DomainHint, EmailAddress? Email);

/// <summary>
/// Home-realm discovery. Reads domains, connections and organizations only, never people: the answer for a known and an unknown person of a domain is the same row.
/// </summary>
public sealed class HomeRealm(IdpDbContext db, TraceRecorder trace, TimeProvider clock)
{
    private sealed record Candidate(Id<Organization> OrganizationId, string DisplayName, bool RequireSso, bool AcceptHomeSso, Id<Connection> ConnectionId, ConnectionKind Kind);

    /// <summary>
    /// In this order: an organization that requires its own SSO > the connection named by the app > the most specific verified domain > the pinned organization's own
    /// connection where it refuses other homes > a credential of this instance.
    /// </summary>
    public async Task<Realm> FindAsync(RealmQuestion question, CancellationToken ct)
    {
        trace.Add("input", "email", TraceVerdict.Noted, question.Email is { } email ? $"{TraceRecorder.Masked(email)}, domain {email.Domain.Value}" : "no address");
        var pinned = question.Organization is { } named ? await PinnedAsync(named, ct) : null;
        if (pinned is { RequireSso: true, Sso.IsOfEverybody: true, Connection: not null }) return Decide("require_sso", "the organization of the app's request requires its own sign-in", pinned.ToRealm());

        if (question.Connection is { } hint && Id<Connection>.TryParse(hint, out var connectionId))
        {
            var chosen = await ByConnectionAsync(connectionId, ct);
            // A connection of another organization than the pinned one is no way into it.
            if (chosen is not null && (pinned is null || chosen.OrganizationId == pinned.Id)) return Decide("named_connection", "the app's request names the connection", new Realm(chosen.ConnectionId, chosen.Kind, chosen.DisplayName));
        }

        var host = question.Email?.Domain ?? (HostName.TryParse(question.DomainHint, out var hinted) ? hinted : (HostName?)null);
        var byDomain = host is { } domain ? await ByDomainAsync(domain, ct) : null;
        if (pinned is not null && byDomain is not null && byDomain.OrganizationId != pinned.Id && !pinned.AcceptHomeSso)
            return pinned.Connection is null ? Local() : Decide("pinned_organization", "the organization of the app's request takes no other organization's sign-in", pinned.ToRealm());
        return byDomain is null ? Local() : Decide("verified_domain", $"{host} belongs to an organization with this connection", new Realm(byDomain.ConnectionId, byDomain.Kind, byDomain.DisplayName));
    }

    private Realm Local() => Decide("local", "no connection is responsible", Realm.Local);

    private Realm Decide(string rule, string why, Realm realm)
    {
        trace.Add("realm", rule, TraceVerdict.Passed, why);
        return realm;
    }

    /// <summary>One statement: the host itself first, then each parent that includes its sub-domains.</summary>
    private async Task<Candidate?> ByDomainAsync(HostName host, CancellationToken ct)
    {
        var hosts = host.SelfAndParents().ToArray();
        var holders = await (
            from d in db.Domains.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where hosts.Contains(d.Host) && d.VerifiedAt != null && (d.Host == host || d.IncludeSubdomains)
            join o in db.Organizations on d.OrganizationId equals o.Id
            where o.Status == OrganizationStatus.Active
            from c in db.Connections.Where(c => c.OrganizationId == o.Id && c.Status == ConnectionStatus.Active).DefaultIfEmpty()
            orderby c.Id
            select new { d.Host, o.Id, o.DisplayName, o.RequireSso, o.AcceptHomeSso, ConnectionId = c == null ? (Id<Connection>?)null : c.Id, Kind = c == null ? ConnectionKind.Oidc : c.Kind })
            .AsNoTracking().ToListAsync(ct);

        // The most specific holder decides, also when it has no connection: a child domain verified by somebody else is not its parent's.
        var best = holders.OrderByDescending(h => h.Host.Value.Length).FirstOrDefault();
        return best is { ConnectionId: { } connection } ? new Candidate(best.Id, best.DisplayName, best.RequireSso, best.AcceptHomeSso, connection, best.Kind) : null;
    }

    private Task<Candidate?> ByConnectionAsync(Id<Connection> id, CancellationToken ct) => (
        from c in db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
        join o in db.Organizations on c.OrganizationId equals o.Id
        where c.Id == id && c.Status == ConnectionStatus.Active && o.Status == OrganizationStatus.Active
        select new Candidate(o.Id, o.DisplayName, o.RequireSso, o.AcceptHomeSso, c.Id, c.Kind)).SingleOrDefaultAsync(ct);

    private sealed record PinnedOrganization(Id<Organization> Id, string DisplayName, bool RequireSso, SsoEnforcement Sso, bool AcceptHomeSso, Id<Connection>? Connection, ConnectionKind Kind)
    {
        public Realm ToRealm() => new(Connection, Kind, DisplayName);
    }

    private async Task<PinnedOrganization?> PinnedAsync(string idOrSlug, CancellationToken ct)
    {
        if (Id<Organization>.TryParse(idOrSlug, out var id)) return await PinnedAsync(o => o.Id == id, ct);
        if (!Slug.TryParse(idOrSlug, out var slug)) return null;
        if (await PinnedAsync(o => o.Slug == slug, ct) is { } found) return found;
        return await db.FormerOwnerAsync(slug, clock.GetUtcNow(), ct) is { } former ? await PinnedAsync(o => o.Id == former, ct) : null;
    }

    private async Task<PinnedOrganization?> PinnedAsync(Expression<Func<Organization, bool>> named, CancellationToken ct) =>
        await (
            from o in db.Organizations.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(o => o.Status == OrganizationStatus.Active).Where(named)
            from c in db.Connections.Where(c => c.OrganizationId == o.Id && c.Status == ConnectionStatus.Active).DefaultIfEmpty()
            orderby c.Id
            select new PinnedOrganization(o.Id, o.DisplayName, o.RequireSso, o.Sso, o.AcceptHomeSso, c == null ? null : c.Id, c == null ? ConnectionKind.Oidc : c.Kind))
            .FirstOrDefaultAsync(ct);
}
