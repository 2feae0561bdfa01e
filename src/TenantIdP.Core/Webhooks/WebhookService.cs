using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Webhooks;

/// <summary>Port to the guarded client: whether a url may be called at all, before its name is looked up. Where the name leads is judged at each delivery.</summary>
public interface IWebhookAddresses
{
    bool MayCall(Uri url);
}

/// <summary>An endpoint with a secret that was just made, for the only time.</summary>
public sealed record MadeWebhook(WebhookEndpoint Endpoint, string Secret);

/// <summary>A merge patch of an endpoint.</summary>
public sealed record WebhookChanges
{
    public Patch<string> Url { get; init; }

    /// <summary>Null: none.</summary>
    public Patch<string?> Description { get; init; }

    public Patch<IReadOnlyList<string>> EventTypes { get; init; }

    /// <summary>Enabling resumes: what was waiting goes out at once.</summary>
    public Patch<bool> Enabled { get; init; }
}

/// <summary>
/// The endpoints of an organization that was entered, or of the instance. Whoever sets one up is given the events it is sent, so they must be allowed to read them.
/// </summary>
public sealed class WebhookService(WebhookOwners owners, WebhookBacklog backlog, WebhookEvents events, SecretBox box, IWebhookAddresses addresses, TimeProvider clock)
{
    private const int DefaultOverlap = 24 * 60 * 60;
    private const int MaxOverlap = 7 * 24 * 60 * 60;

    private IdpDbContext Db => owners.Db;

    public Task<Result<MadeWebhook>> CreateAsync(Id<Organization> owner, WebhookSettings settings, Granter granter, CancellationToken ct) => owners.ChangeAsync<MadeWebhook>(
        owner, async () =>
        {
            var allowed = await AllowAsync(granter, settings.Url, ct);
            if (!allowed.IsOk) return allowed.Error;
            if (await owners.Endpoints(owner).CountAsync(ct) >= WebhookEndpoint.Most) return WebhookErrors.Limit;
            var made = WebhookEndpoint.Create(owner, settings, box, clock.GetUtcNow());
            if (!made.IsOk) return made.Error;
            Db.WebhookEndpoints.Add(made.Value.Endpoint);
            events.Record(EventTypes.WebhookCreated, made.Value.Endpoint);
            var saved = await Db.TrySaveAsync(ct);
            return saved.IsOk ? new MadeWebhook(made.Value.Endpoint, made.Value.Secret) : saved.Error;
        }, ct);

    public async Task<Result<WebhookEndpoint>> FindAsync(Id<Organization> owner, Id<WebhookEndpoint> id, CancellationToken ct) =>
        await owners.Endpoints(owner).AsNoTracking().SingleOrDefaultAsync(w => w.Id == id, ct) is { } found ? found : WebhookErrors.NotFound;

    /// <summary>In the order of creation.</summary>
    public async Task<Result<Page<WebhookEndpoint>>> ListAsync(Id<Organization> owner, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<WebhookEndpoint>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        var endpoints = owners.Endpoints(owner).AsNoTracking();
        if (after is { } id) endpoints = endpoints.Where(w => w.Id > id);
        return await endpoints.OrderBy(w => w.Id).TakePageAsync(page, w => w.Id.ToString(), ct);
    }

    public Task<Result<WebhookEndpoint>> UpdateAsync(Id<Organization> owner, Id<WebhookEndpoint> id, WebhookChanges changes, Granter granter, int? expectedVersion, CancellationToken ct) => ChangeAsync(
        owner, id, expectedVersion, async endpoint =>
        {
            var settings = new WebhookSettings(changes.Url.Or(endpoint.Url) ?? "", changes.Description.Or(endpoint.Description), changes.EventTypes.Or(endpoint.EventTypes) ?? []);
            var enabled = changes.Enabled.Or(endpoint.Status == WebhookStatus.Enabled);
            var widens = changes.Url.IsPresent || changes.EventTypes.IsPresent || (enabled && endpoint.Status == WebhookStatus.Disabled);
            var allowed = widens ? await AllowAsync(granter, settings.Url, ct) : Result.Ok;
            if (!allowed.IsOk) return allowed.Error;
            var before = WebhookEvents.FactsOf(endpoint);
            var changed = endpoint.Change(settings, clock.GetUtcNow());
            if (!changed.IsOk) return changed;
            if (changes.Url.IsPresent || changes.Description.IsPresent || changes.EventTypes.IsPresent) events.RecordUpdate(endpoint, before);
            await SwitchAsync(endpoint, enabled, ct);
            return Result.Ok;
        }, ct);

    /// <summary>Makes the secret to sign by from now on. The old one signs as well until the overlap has passed.</summary>
    /// <param name="overlapSeconds">A day when null.</param>
    public async Task<Result<MadeWebhook>> RotateAsync(Id<Organization> owner, Id<WebhookEndpoint> id, int? overlapSeconds, CancellationToken ct)
    {
        if (overlapSeconds is < 0 or > MaxOverlap) return WebhookErrors.OverlapInvalid;
        var overlap = TimeSpan.FromSeconds(overlapSeconds ?? DefaultOverlap);
        var secret = "";
        var rotated = await ChangeAsync(
            owner, id, null, endpoint =>
            {
                secret = endpoint.Rotate(overlap, box, clock.GetUtcNow());
                events.RecordRotation(endpoint, overlap);
                return Task.FromResult(Result.Ok);
            }, ct);
        return rotated.IsOk ? new MadeWebhook(rotated.Value, secret) : rotated.Error;
    }

    /// <summary>With its deliveries and whatever waits for it.</summary>
    public async Task<Result> DeleteAsync(Id<Organization> owner, Id<WebhookEndpoint> id, CancellationToken ct)
    {
        var deleted = await owners.ChangeAsync<bool>(
            owner, async () =>
            {
                if (await owners.Endpoints(owner).SingleOrDefaultAsync(w => w.Id == id, ct) is not { } endpoint) return WebhookErrors.NotFound;
                Db.WebhookEndpoints.Remove(endpoint);
                events.Record(EventTypes.WebhookDeleted, endpoint);
                var saved = await Db.TrySaveAsync(ct);
                return saved.IsOk ? true : saved.Error;
            }, ct);
        if (!deleted.IsOk) return deleted.Error;
        await backlog.DropAsync(owner, id, ct);
        return Result.Ok;
    }

    private Task<Result<WebhookEndpoint>> ChangeAsync(Id<Organization> owner, Id<WebhookEndpoint> id, int? expectedVersion, Func<WebhookEndpoint, Task<Result>> change, CancellationToken ct) =>
        owners.ChangeAsync<WebhookEndpoint>(
            owner, async () =>
            {
                if (await owners.Endpoints(owner).SingleOrDefaultAsync(w => w.Id == id, ct) is not { } endpoint) return WebhookErrors.NotFound;
                var seen = VersionErrors.Check(endpoint, expectedVersion);
                if (!seen.IsOk) return seen.Error;
                var changed = await change(endpoint);
                if (!changed.IsOk) return changed.Error;
                var saved = await Db.TrySaveAsync(ct);
                return saved.IsOk ? endpoint : saved.Error;
            }, ct);

    private async Task<Result> AllowAsync(Granter granter, string url, CancellationToken ct)
    {
        if (!await granter.CoversAsync(Db, [Permission.EventsRead], ct)) return WebhookErrors.EventsRequired;
        return Uri.TryCreate(url, UriKind.Absolute, out var parsed) && addresses.MayCall(parsed) ? Result.Ok : WebhookErrors.UrlInvalid;
    }

    private async Task SwitchAsync(WebhookEndpoint endpoint, bool enabled, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (enabled == (endpoint.Status == WebhookStatus.Enabled)) return;
        if (enabled)
        {
            endpoint.Enable(now);
            await backlog.ResumeAsync(endpoint.OrganizationId, endpoint.Id, now, ct);
            events.Record(EventTypes.WebhookEnabled, endpoint);
        }
        else
        {
            endpoint.Disable(WebhookDisabling.Manual, events.Actor.Id, now);
            events.RecordDisabled(endpoint);
        }
    }
}
