using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace TenantIdP.Engine.OpenIddict.Stores;

/// <summary>
/// Ends grants by the columns they are selected by: one statement, in the caller's transaction. What it ended it also tells the apps, in the same transaction, so that no
/// caller can forget it; a grant that was stored in between is either ended and told of, or neither.
/// </summary>
public sealed class GrantRevoker(OidcSession session, AppCache apps, OutboxWriter outbox) : IGrantRevoker
{
    public Task EndSessionAsync(Id<Session> session, CancellationToken ct) => EndAsync(a => a.SessionId == session.Value, null, ct);

    public Task EndUserAsync(Id<User> user, CancellationToken ct) => EndAsync(a => a.UserId == user.Value, null, ct);

    public Task EndUsersAsync(IReadOnlyCollection<Id<User>> users, CancellationToken ct)
    {
        var ids = users.Select(u => u.Value).ToArray();
        return EndAsync(a => ids.Contains(a.UserId), null, ct);
    }

    public Task EndAppAsync(Id<User> user, Id<App> app, CancellationToken ct) => EndAsync(a => a.UserId == user.Value && EF.Property<Guid?>(a, "ApplicationId") == app.Value, null, ct);

    public Task EndOrganizationAsync(Id<Organization> organization, CancellationToken ct) => EndAsync(a => a.OrganizationId == organization.Value, organization, ct);

    public Task EndMembershipAsync(Id<Organization> organization, Id<User> user, CancellationToken ct) =>
        EndAsync(a => a.OrganizationId == organization.Value && a.UserId == user.Value, organization, ct);

    public Task TellOrganizationAsync(Id<Organization> organization, CancellationToken ct) => TellAsync(Standing.Where(a => a.OrganizationId == organization.Value), organization, ct);

    public Task TellConnectionAsync(Id<Organization> organization, Id<Connection> connection, CancellationToken ct)
    {
        var id = connection.ToString(); // nothing else in the text of the proofs looks like it
        return TellAsync(Standing.Where(a => a.OrganizationId == organization.Value && a.Proofs.Contains(id)), organization, ct);
    }

    public async Task<IReadOnlyList<Id<Session>>> StandingAsync(IReadOnlyCollection<Id<Session>> sessions, CancellationToken ct)
    {
        var ids = sessions.Select(s => s.Value).ToArray();
        return [.. (await Standing.Where(a => ids.Contains(a.SessionId)).Select(a => a.SessionId).Distinct().ToListAsync(ct)).Select(id => new Id<Session>(id))];
    }

    private IQueryable<OidcAuthorization> Standing => session.Db.Authorizations.Where(a => a.Status == Statuses.Valid);

    private async Task EndAsync(Expression<Func<OidcAuthorization, bool>> which, Id<Organization>? organization, CancellationToken ct)
    {
        // Marks what this very statement ended, and nothing that ended before.
        var mark = Guid.CreateVersion7().ToString();
        if (await Standing.Where(which).ExecuteUpdateAsync(set => set.SetProperty(a => a.Status, Statuses.Revoked).SetProperty(a => a.ConcurrencyToken, mark), ct) == 0) return;
        await TellAsync(session.Db.Authorizations.Where(which).Where(a => a.ConcurrencyToken == mark), organization, ct);
    }

    private async Task TellAsync(IQueryable<OidcAuthorization> grants, Id<Organization>? organization, CancellationToken ct)
    {
        var found = await grants.Select(a => new { App = EF.Property<Guid?>(a, "ApplicationId"), a.SessionId, a.UserId }).Distinct().ToListAsync(ct);
        var messages = new List<NewOutboxMessage>();
        foreach (var ofApp in found.Where(f => f.App is not null).GroupBy(f => f.App!.Value)) // filtered just now
        {
            if (await apps.FindByIdAsync(session, ofApp.Key, ct) is not { } row || AppRegistry.ToApp(row).BackchannelLogoutUri is null) continue;
            messages.AddRange(ofApp.Select(f => new LogoutNotice(new Id<App>(ofApp.Key), new Id<Session>(f.SessionId), new Id<User>(f.UserId), organization).ToMessage()));
        }

        if (messages.Count == 0) return;

        // What the caller has not saved yet is saved by the caller, with its own answers to a lost race, and takes these along.
        var callerSaves = session.HasUnsavedChanges;
        // Somebody who lets a connection go on and off again has told of it already.
        var added = await outbox.AddUnlessWaitingAsync(messages, ct);
        if (added > 0 && !callerSaves) await session.SaveEventsAsync(ct);
    }
}
