using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Webhooks;

public enum WebhookCause
{
    /// <summary>An event was sealed.</summary>
    Event,

    /// <summary>Somebody asked to send it again.</summary>
    Replay,

    /// <summary>Somebody tried the endpoint.</summary>
    Test,
}

/// <summary>How the receiver, or the way to it, failed. The reason says nothing about the network that we are in.</summary>
public enum WebhookFailure
{
    /// <summary>An answer that is not 2xx.</summary>
    Status,

    /// <summary>No such name, a private address, a closed port: these read alike.</summary>
    Unreachable,
    Certificate,
    Timeout,

    /// <summary>It answered with a redirect, which is not followed.</summary>
    Redirected,

    /// <summary>Its answer had more than 64 KB.</summary>
    AnswerTooLarge,
    AnswerInvalid,

    /// <summary>Too many requests to it were under way.</summary>
    Busy,
}

/// <summary>What became of one request.</summary>
/// <param name="Status">Null when there was no answer.</param>
/// <param name="Failure">Null when it arrived.</param>
/// <param name="Body">The answer as text; not redacted yet.</param>
/// <param name="RetryAfter">As the receiver asked.</param>
public sealed record WebhookAnswer(int? Status, WebhookFailure? Failure, string? Body, TimeSpan Took, TimeSpan? RetryAfter);

/// <summary>One try to deliver one event, for those who look for why nothing came. Kept for <see cref="Kept"/>, and no more than <see cref="Most"/> of an endpoint.</summary>
public sealed class WebhookDelivery : IHasIdPrefix, IOrganizationOwned
{
    public const int MaxRequest = 8 * 1024;
    public const int MaxResponse = 1024;

    /// <summary>The newest of an endpoint that are kept.</summary>
    public const int Most = 1_000;

    public static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private WebhookDelivery(Id<Organization> organizationId, Id<WebhookDelivery> id, Id<WebhookEndpoint> endpointId, string webhookId, string eventType, string request) =>
        (OrganizationId, Id, EndpointId, WebhookId, EventType, Request) = (organizationId, id, endpointId, webhookId, eventType, request);

    public static string IdPrefix => "whd";

    /// <summary>The endpoint's.</summary>
    public Id<Organization> OrganizationId { get; private set; }

    public Id<WebhookDelivery> Id { get; private set; }
    public Id<WebhookEndpoint> EndpointId { get; private set; }

    /// <summary>The header <c>webhook-id</c>, which is the id of the event: the same at each try and each replay.</summary>
    public string WebhookId { get; private set; }

    public string EventType { get; private set; }

    /// <summary>Where the event happened, which is not where the endpoint is when that is the instance's.</summary>
    public Id<Organization> EventOrganizationId { get; private set; }

    public WebhookCause Cause { get; private set; }

    /// <summary>From 1 on, of one message.</summary>
    public int Try { get; private set; }

    public DateTimeOffset At { get; private set; }
    public int DurationMs { get; private set; }
    public int? Status { get; private set; }
    public WebhookFailure? Failure { get; private set; }

    /// <summary>Not before this; null when it arrived or was the last try.</summary>
    public DateTimeOffset? NextTryAt { get; private set; }

    /// <summary>What was sent, without personal data, cut at <see cref="MaxRequest"/> characters.</summary>
    public string Request { get; private set; }

    /// <summary>What was answered, redacted and cut at <see cref="MaxResponse"/> characters.</summary>
    public string? Response { get; private set; }

    public bool Arrived => Failure is null;

    internal static WebhookDelivery Record(WebhookTurn turn, WebhookRequest sent, WebhookAnswer answer, DateTimeOffset? nextTryAt) =>
        new(turn.Owner, Id<WebhookDelivery>.New(sent.At), turn.EndpointId, turn.WebhookId, turn.EventType, WebhookRedaction.Cut(sent.Redacted, MaxRequest))
        {
            EventOrganizationId = turn.EventOrganization,
            Cause = turn.Cause,
            Try = turn.Try,
            At = sent.At,
            DurationMs = (int)Math.Min(answer.Took.TotalMilliseconds, int.MaxValue),
            Status = answer.Status,
            Failure = answer.Failure,
            NextTryAt = nextTryAt,
            Response = answer.Body is { Length: > 0 } body ? WebhookRedaction.OfAnswer(body, turn, MaxResponse) : null,
        };
}

/// <summary>What was sent.</summary>
/// <param name="At">When.</param>
/// <param name="Redacted">The body without personal data, for the log.</param>
public sealed record WebhookRequest(DateTimeOffset At, string Redacted);
