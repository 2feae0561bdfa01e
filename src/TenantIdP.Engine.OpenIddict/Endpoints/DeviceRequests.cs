using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;
using TenantIdP.Engine.OpenIddict.Stores;
using TenantIdP.Engine.OpenIddict.Tokens;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace TenantIdP.Engine.OpenIddict.Endpoints;

/// <summary>What is kept with a device's grant until a person has spoken.</summary>
internal sealed record WaitingDevice(string? Organization, string? Address);

/// <summary>
/// A device waits as a grant that is not valid yet, with the two codes as its tokens. The person's word makes it valid by one conditional statement, so that of two words the
/// first counts.
/// </summary>
public sealed class DeviceRequests(OidcSession session, IOpenIddictTokenManager tokens, AppCache apps, AuthorizationRequests requests, EventLog events) : IDeviceRequests
{
    /// <summary>RFC 8628 section 6.1: no vowels, so no words, and nothing that looks like something else.</summary>
    public const string Alphabet = "BCDFGHJKLMNPQRSTVWXZ";

    public const int Length = 8;

    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    public async Task<FoundDevice?> FindAsync(string userCode, CancellationToken ct)
    {
        string code = new([.. userCode.ToUpperInvariant().Where(Alphabet.Contains)]);
        if (code.Length != Length || await tokens.FindByReferenceIdAsync(code, ct) is not OidcToken { Type: TokenTypeIdentifiers.Private.UserCode, Status: Statuses.Valid, Authorization: { } grant } row) return null;
        if (await tokens.GetExpirationDateAsync(row, ct) is not { } end || end <= requests.Now || await WaitingAsync(grant.Id, ct) is not { } waiting) return null;
        return new FoundDevice(grant.Id, requests.ForDevice(waiting.Device.App, waiting.Device.Id, waiting.Organization));
    }

    public async Task<(DeviceRequest Device, AuthorizationRequest Request)?> OpenAsync(string url, CancellationToken ct)
    {
        if (requests.DeviceOf(url) is not { } id || await requests.FindAsync(url, ct) is not { } request || await WaitingAsync(id, ct) is not { } waiting) return null;
        return (waiting.Device, request);
    }

    public Task<bool> ApproveAsync(DeviceRequest device, AuthorizeDecision.Issue issue, CancellationToken ct) => AnswerAsync(
        device, Statuses.Valid,
        grants => grants.ExecuteUpdateAsync(
            set => set.SetProperty(a => a.Status, Statuses.Valid).SetProperty(a => a.Properties, (string?)null).SetProperty(a => a.Subject, issue.Facts.UserId.ToString()).SetProperty(a => a.UserId, issue.Facts.UserId.Value)
                .SetProperty(a => a.SessionId, issue.Session.Id.Value).SetProperty(a => a.OrganizationId, issue.Facts.OrganizationId == null ? null : issue.Facts.OrganizationId.Value.Value)
                .SetProperty(a => a.Proofs, Grants.Write(issue.Session.Proofs)),
            ct),
        issue, ct);

    public Task<bool> DenyAsync(DeviceRequest device, CancellationToken ct) =>
        AnswerAsync(device, Statuses.Rejected, grants => grants.ExecuteUpdateAsync(set => set.SetProperty(a => a.Status, Statuses.Revoked), ct), null, ct);

    private async Task<bool> AnswerAsync(DeviceRequest device, string deviceCode, Func<IQueryable<OidcAuthorization>, Task<int>> answer, AuthorizeDecision.Issue? issue, CancellationToken ct)
    {
        await using var transaction = await session.BeginAsync(ct);
        if (await answer(session.Db.Authorizations.Where(a => a.Id == device.Id && a.Status == Statuses.Inactive)) != 1) return false;
        var codes = session.Db.Tokens.Where(t => EF.Property<Guid?>(t, "AuthorizationId") == device.Id);
        var now = requests.Now.UtcDateTime;
        if (await codes.Where(t => t.Type == TokenTypeIdentifiers.Private.DeviceCode && t.Status == Statuses.Inactive && t.ExpirationDate > now)
            .ExecuteUpdateAsync(set => set.SetProperty(t => t.Status, deviceCode).SetProperty(t => t.ConcurrencyToken, Guid.CreateVersion7().ToString()), ct) != 1) return false; // nothing is committed

        // Not redeemed: the engine would take the second look of somebody who knows the code for a replay, and end the grant.
        await codes.Where(t => t.Type == TokenTypeIdentifiers.Private.UserCode).ExecuteUpdateAsync(set => set.SetProperty(t => t.Status, Statuses.Revoked), ct);
        if (issue is not null)
        {
            var organization = issue.Facts.OrganizationId ?? Organization.Instance;
            session.EnterOrganization(organization);
            events.Record(EventTypes.DeviceApproved, organization, issue.Facts.UserId.ToString(), new { grantId = device.Id.ToString(), appId = device.App.Id });
            await session.SaveEventsAsync(ct);
        }

        if (transaction is not null) await transaction.CommitAsync(ct);
        return true;
    }

    private async Task<(DeviceRequest Device, string? Organization)?> WaitingAsync(Guid id, CancellationToken ct)
    {
        var since = (requests.Now - Lifetime).UtcDateTime;
        var row = await session.Db.Authorizations.AsNoTracking().Where(a => a.Id == id && a.Status == Statuses.Inactive && a.CreationDate > since)
            .Select(a => new { a.Scopes, a.Properties, a.CreationDate, ApplicationId = EF.Property<Guid?>(a, "ApplicationId") }).SingleOrDefaultAsync(ct);
        if (row is not { ApplicationId: { } application, Properties: { } properties, CreationDate: { } created } || await apps.FindByIdAsync(session, application, ct) is not { } app) return null;
        var kept = JsonSerializer.Deserialize<WaitingDevice>(properties, JsonText.Options)!; // written by DeviceAuthorization
        return (new DeviceRequest(id, AppRegistry.ToApp(app), JsonSerializer.Deserialize<string[]>(row.Scopes ?? "[]") ?? [], kept.Address, new DateTimeOffset(DateTime.SpecifyKind(created, DateTimeKind.Utc))), kept.Organization);
    }
}
