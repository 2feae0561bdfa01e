using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Webhooks;

public enum WebhookStatus
{
    Enabled,

    /// <summary>Sent nothing; what waits for it goes on waiting.</summary>
    Disabled,
}

public enum WebhookDisabling
{
    /// <summary>Somebody did it.</summary>
    Manual,

    /// <summary>Nothing arrived for <see cref="WebhookEndpoint.GivenUpAfter"/>.</summary>
    Failing,

    /// <summary>It answered 410.</summary>
    Gone,

    /// <summary>More waited for it than <see cref="WebhookBacklog.Most"/>.</summary>
    Backlog,
}

/// <summary>What an endpoint can be changed to.</summary>
public sealed record WebhookSettings(string Url, string? Description, IReadOnlyList<string> EventTypes);

/// <summary>
/// A URL that is sent events as they are sealed. One of an organization is sent that organization's events and no others; one of the instance (owner
/// <see cref="Organization.Instance"/>) is sent all.
/// </summary>
public sealed class WebhookEndpoint : IHasIdPrefix, IOrganizationOwned, IVersioned
{
    /// <summary>Of one organization, and of the instance.</summary>
    public const int Most = 10;

    public const int MaxUrl = 2_000;

    /// <summary>From the first failure after the last delivery that arrived. Longer than the tries of one event, so that one event that its receiver can't take does not end all.</summary>
    public static readonly TimeSpan GivenUpAfter = TimeSpan.FromDays(5);

    /// <summary>What waits for an endpoint that has been disabled for as long is given up.</summary>
    public static readonly TimeSpan WaitsFor = TimeSpan.FromDays(30);

    private WebhookEndpoint(Id<Organization> organizationId, Id<WebhookEndpoint> id, string url, DateTimeOffset createdAt) =>
        (OrganizationId, Id, Url, CreatedAt, UpdatedAt) = (organizationId, id, url, createdAt, createdAt);

    public static string IdPrefix => "whk";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<WebhookEndpoint> Id { get; private set; }
    public string Url { get; private set; }
    public string? Description { get; private set; }

    /// <summary>Patterns of <see cref="WebhookFilter"/>.</summary>
    public IReadOnlyList<string> EventTypes { get; private set; } = [];

    public IReadOnlyList<WebhookSecret> Secrets { get; private set; } = [];
    public WebhookStatus Status { get; private set; } = WebhookStatus.Enabled;
    public WebhookDisabling? DisabledBecause { get; private set; }
    public DateTimeOffset? DisabledAt { get; private set; }

    /// <summary>The id of whoever did it, or <c>system</c>.</summary>
    public string? DisabledBy { get; private set; }

    /// <summary>The first failure since something arrived; null when the last delivery did. Written beside the version: it is no change of the endpoint.</summary>
    public DateTimeOffset? FailingSince { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }
    public int Version { get; private set; }

    /// <summary>What logs and events say of it: a path may be a secret.</summary>
    public string Host => new Uri(Url).Authority;

    internal static Result<(WebhookEndpoint Endpoint, string Secret)> Create(Id<Organization> owner, WebhookSettings settings, SecretBox box, DateTimeOffset now)
    {
        var endpoint = new WebhookEndpoint(owner, Id<WebhookEndpoint>.New(now), settings.Url, now);
        var changed = endpoint.Change(settings, now);
        return changed.IsOk ? (endpoint, endpoint.Rotate(TimeSpan.Zero, box, now)) : changed.Error;
    }

    /// <summary>The caller has judged where the url leads; this judges its form.</summary>
    internal Result Change(WebhookSettings settings, DateTimeOffset now)
    {
        if (settings.Url.Length > MaxUrl || !Uri.TryCreate(settings.Url, UriKind.Absolute, out var url) || url.UserInfo.Length > 0 || url.Fragment.Length > 0 || settings.Url.Contains('#', StringComparison.Ordinal))
            return WebhookErrors.UrlInvalid;
        var description = settings.Description is { } text ? DisplayName.Check(text, "description") : (Result<string>?)null;
        if (description is { IsOk: false, Error: { } error }) return error;
        if (settings.EventTypes.Count is 0 or > WebhookFilter.Most || !settings.EventTypes.All(WebhookFilter.IsValid)) return WebhookErrors.EventTypesInvalid;
        if (settings.Url != Url) FailingSince = null; // another receiver begins anew
        (Url, Description, EventTypes, UpdatedAt) = (settings.Url, description?.Value, [.. settings.EventTypes.Distinct().Order(StringComparer.Ordinal)], now);
        return Result.Ok;
    }

    /// <returns>The new secret, for the only time.</returns>
    internal string Rotate(TimeSpan overlap, SecretBox box, DateTimeOffset now)
    {
        var (kept, secret) = WebhookSecret.Make(OrganizationId, Id, box, now);
        // Of several live ones the newest goes on for the overlap: its receivers are those that move now.
        var old = Live(now).OrderByDescending(s => s.CreatedAt).ThenByDescending(s => s.Id).Take(WebhookSecret.MaxLive - 1).Select(s => s.EndingAt(now + overlap)).Where(s => s.IsLive(now));
        (Secrets, UpdatedAt) = ([.. old, kept], now);
        return secret;
    }

    internal void Enable(DateTimeOffset now) =>
        (Status, DisabledBecause, DisabledAt, DisabledBy, FailingSince, UpdatedAt) = (WebhookStatus.Enabled, null, null, null, null, now);

    internal void Disable(WebhookDisabling because, string by, DateTimeOffset now) =>
        (Status, DisabledBecause, DisabledAt, DisabledBy, UpdatedAt) = (WebhookStatus.Disabled, because, now, by, now);

    internal IReadOnlyList<WebhookSecret> Live(DateTimeOffset now) => [.. Secrets.Where(s => s.IsLive(now))];
}
