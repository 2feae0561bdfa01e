using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.SignIn;

namespace TenantIdP.Core.Sessions;

/// <summary>An identity provider that still has a session of a person who signs out here.</summary>
/// <param name="NameId">As it was remembered: JSON of the edge that wrote it.</param>
public sealed record UpstreamLogout(Id<Organization> OrganizationId, Id<Connection> ConnectionId, string NameId, string? SessionIndex);

/// <summary>Single logout (SAML Profiles 4.4): which sessions an identity provider means, and which of them mean one of ours.</summary>
public sealed class UpstreamSessions(IdpDbContext db, SessionService sessions, ReceivedAssertions received, EventLog events, SecretBox box)
{
    /// <summary>A person is not led around for ever.</summary>
    private const int Most = 5;

    private const int MostProofs = 50;

    /// <summary>Where the person is signed in upstream through this session. Crosses organizations: one session may rest on proofs of several.</summary>
    public async Task<IReadOnlyList<UpstreamLogout>> OfAsync(Session session, CancellationToken ct)
    {
        if (!session.Proofs.Any(p => p.ConnectionId is not null)) return [];
        var found = await (
            from u in db.UpstreamSessions.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            join c in db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]) on new { u.OrganizationId, Id = u.ConnectionId } equals new { c.OrganizationId, c.Id }
            where u.SessionId == session.Id && c.Status == ConnectionStatus.Active
            select new { Upstream = u, c.Saml }).AsNoTracking().Take(MostProofs).ToListAsync(ct);
        return [.. found.Where(f => f.Saml?.SloUrl is not null).Select(f => new UpstreamLogout(f.Upstream.OrganizationId, f.Upstream.ConnectionId, f.Upstream.OpenNameId(box), f.Upstream.SessionIndex)).Take(Most)];
    }

    /// <summary>Ends the sessions that an identity provider's message names, with their grants, in one transaction.</summary>
    /// <remarks>Of a connection by which people sign in: one that was switched off, or never on, ends nothing.</remarks>
    /// <param name="messageId">Used once; a second time is <see cref="SamlErrors.LogoutReplayed"/> and ends nothing.</param>
    /// <param name="until">Until when the message would be accepted again.</param>
    /// <param name="indexes">None means all of the person's.</param>
    /// <returns>How many ended.</returns>
    public Task<Result<int>> EndAsync(
        Id<Organization> organization, Id<Connection> connection, string messageId, DateTimeOffset until, string nameIdHash, IReadOnlyList<string> indexes, CancellationToken ct)
    {
        db.EnterOrganization(organization);
        return db.InTransactionAsync<int>(
            async () =>
            {
                if (!await db.Connections.AnyAsync(c => c.OrganizationId == organization && c.Id == connection && c.Status == ConnectionStatus.Active, ct)) return SignInErrors.ConnectionUnavailable;
                var once = await received.RememberAsync(organization, connection, messageId, until, ct);
                if (!once.IsOk) return once.Error;
                // A session of which no index is known is one of the person's, too.
                var named = await db.UpstreamSessions.AsNoTracking()
                    .Where(u => u.OrganizationId == organization && u.ConnectionId == connection && u.NameIdHash == nameIdHash)
                    .Where(u => indexes.Count == 0 || u.SessionIndex == null || indexes.Contains(u.SessionIndex))
                    .Join(db.Sessions, u => u.SessionId, s => s.Id, (u, s) => s).Where(s => s.EndedAt == null).AsTracking().ToListAsync(ct);
                foreach (var session in named) await sessions.EndAsync(session, ct);
                if (named.Count == 0) return 0;
                events.Record(EventTypes.ConnectionLogoutReceived, organization, connection.ToString(), new { sessions = named.Count });
                await db.SaveChangesAsync(ct);
                return named.Count;
            }, ct);
    }
}
