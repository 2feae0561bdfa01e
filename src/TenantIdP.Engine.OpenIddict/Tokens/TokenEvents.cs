using Microsoft.Extensions.Logging;
using TenantIdP.Core;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;
using TenantIdP.Engine.OpenIddict.Stores;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>Writes down what the token and authorization endpoints did or refused, in the organization it concerns.</summary>
public sealed class TokenEvents(IdpDbContext db, OidcSession session, EventLog events, Tallies tallies, ILogger<TokenEvents> logger)
{
    /// <summary>How many refusals of one person with one app are written down in an hour, by all nodes: whoever holds a refresh token, or a browser, could fill the log with them.</summary>
    public const int Refusals = 20;

    /// <summary>Of one app for one API in one session, in an hour.</summary>
    public const int Exchanges = 10;

    private const int LongestName = 80;

    /// <summary>A person who was refused at the authorization endpoint.</summary>
    public async Task RecordAsync(Id<User> user, AuthorizationRequest request, string why, CancellationToken ct)
    {
        if (!await tallies.TakeAsync([new TallyLimit($"authorize_refused {user} {request.App.Id}", Refusals, TimeSpan.FromHours(1))], ct)) return;
        events.RecordForInstance(EventTypes.SignInRefused, user.ToString(), new { appId = request.App.Id, why, wanted = Short(request.Organization) });
        await db.SaveChangesAsync(ct);
    }

    /// <summary>A granted switch, in the caller's transaction: an event in the organization the grant leaves, or stays in when it moves to another workspace.</summary>
    public async Task RecordSwitchAsync(Grant before, string grantId, CancellationToken ct)
    {
        if (before.OrganizationId is { } organization) db.EnterOrganization(organization);
        var row = await session.Db.Authorizations.FindAsync([Guid.Parse(grantId)], ct); // in memory, with what the switch makes of it
        if (row is not null && row.OrganizationId == before.OrganizationId?.Value)
        {
            var to = row.WorkspaceId is { } workspace ? new Id<Workspace>(workspace) : (Id<Workspace>?)null;
            events.Record(EventTypes.WorkspaceSwitched, before.OrganizationId ?? Organization.Instance, before.UserId.ToString(), new { grantId, appId = before.AppId, from = before.WorkspaceId, to });
            await db.SaveChangesAsync(ct);
            return;
        }

        events.Record(EventTypes.OrganizationSwitched, before.OrganizationId ?? Organization.Instance, before.UserId.ToString(), new { grantId, appId = before.AppId });
        await db.SaveChangesAsync(ct);
    }

    /// <summary>An event in the organization the grant belongs to; nothing of the request is spent.</summary>
    public async Task RecordAsync(Grant grant, TokenRefusal refusal, string? wanted, CancellationToken ct)
    {
        Log.TokenRefused(logger, grant.SessionId.ToString(), refusal.Error);
        if (wanted is null || !await tallies.TakeAsync([new TallyLimit($"switch_refused {grant.UserId} {grant.AppId}", Refusals, TimeSpan.FromHours(1))], ct)) return;
        if (grant.OrganizationId is { } organization) db.EnterOrganization(organization);
        events.Record(EventTypes.SwitchRefused, grant.OrganizationId ?? Organization.Instance, grant.UserId.ToString(), new { error = refusal.Error, wanted = Short(wanted) });
        await db.SaveChangesAsync(ct);
    }

    /// <summary>An app goes on in a person's name: an event in the organization of the token, for the first few of an hour. A program asks for such tokens all day long; that it does is what is to be known.</summary>
    public async Task RecordExchangeAsync(App app, Grant grant, Id<Organization>? organization, string audience, ExchangeSubject subject, CancellationToken ct)
    {
        if (!await tallies.TakeAsync([new TallyLimit($"exchanged {grant.SessionId} {app.Id} {Fingerprint.Of(audience)[..16]}", Exchanges, TimeSpan.FromHours(1))], ct)) return;
        if (organization is { } entered) db.EnterOrganization(entered);
        events.Record(
            EventTypes.TokenExchanged, organization ?? Organization.Instance, grant.UserId.ToString(),
            new { appId = app.Id, from = subject.ClientId, audience, act = app.ClientId, after = (string?)subject.Act?["sub"] });
        await db.SaveChangesAsync(ct);
    }

    private static string? Short(string? text) => text is { Length: > LongestName } longer ? longer[..LongestName] : text;
}
