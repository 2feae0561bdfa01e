using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Apps;

/// <summary>What people allow apps that must ask them, and take back: then every grant of that app ends.</summary>
public sealed class AppConsentService(IdpDbContext db, IGrantRevoker grants, EventLog events, TimeProvider clock)
{
    /// <summary>The person has said yes to what this request asks for.</summary>
    public async Task<Result> GiveAsync(Id<User> user, AuthorizationRequest request, CancellationToken ct)
    {
        var given = await db.ChangeAsync<bool>(
            user, Saving.NoIndex, async _ =>
            {
                var (app, now) = (request.App, clock.GetUtcNow());
                var consent = await db.AppConsents.SingleOrDefaultAsync(c => c.UserId == user && c.AppId == app.Id, ct);
                if (consent is null) db.AppConsents.Add(consent = AppConsent.To(app, user, now));
                consent.Allow(app, request.Scopes ?? [], request.Api, now);
                events.RecordForInstance(EventTypes.AppConsentGiven, user.ToString(), new { appId = app.Id, request.Scopes, request.Api });
                return true;
            }, ct);
        return given.IsOk ? Result.Ok : given.Error;
    }

    /// <summary>In the order of the apps' ids.</summary>
    public async Task<Result<Page<AppConsent>>> ListAsync(Id<User> user, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<App>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        if (!await db.Users.AnyAsync(u => u.Id == user, ct)) return UserErrors.NotFound;
        var found = db.AppConsents.AsNoTracking().Where(c => c.UserId == user);
        if (after is { } last) found = found.Where(c => c.AppId > last);
        return await found.OrderBy(c => c.AppId).TakePageAsync(page, c => c.AppId.ToString(), ct);
    }

    public async Task<Result> WithdrawAsync(Id<User> user, Id<App> app, CancellationToken ct)
    {
        var withdrawn = await db.ChangeAsync<bool>(
            user, Saving.NoIndex, async _ =>
            {
                if (await db.AppConsents.Where(c => c.UserId == user && c.AppId == app).ExecuteDeleteAsync(ct) == 0) return AppErrors.ConsentNotFound;
                events.RecordForInstance(EventTypes.AppConsentWithdrawn, user.ToString(), new { appId = app });
                await grants.EndAppAsync(user, app, ct);
                return true;
            }, ct);
        return withdrawn.IsOk ? Result.Ok : withdrawn.Error;
    }
}
