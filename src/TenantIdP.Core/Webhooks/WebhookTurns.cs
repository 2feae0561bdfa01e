using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Webhooks;

/// <summary>One try to deliver one event to one endpoint, with all that it takes.</summary>
/// <param name="WebhookId">The event's id, also when it is sent again: who has seen it knows it.</param>
/// <param name="Keys">To sign by.</param>
/// <param name="Event">Null for a test, which is about none.</param>
public sealed record WebhookTurn(
    Id<Organization> Owner, Id<WebhookEndpoint> EndpointId, string Url, IReadOnlyList<byte[]> Keys, string WebhookId, string EventType, Id<Organization> EventOrganization, WebhookCause Cause, int Try,
    SealedEvent? Event);

/// <summary>What is to become of the message after a try.</summary>
public abstract record WebhookOutcome
{
    /// <summary>Done: it arrived, or there is nobody left to send it to.</summary>
    public sealed record Done : WebhookOutcome;

    /// <param name="Asked">What the receiver asked for.</param>
    public sealed record Again(string Error, TimeSpan? Asked) : WebhookOutcome;

    /// <summary>The endpoint is disabled, or its organization suspended: the message waits.</summary>
    public sealed record Held : WebhookOutcome;

    public sealed record GivenUp(string Error) : WebhookOutcome;
}

/// <summary>Begins and ends a try. Crosses organizations to read the event of an endpoint of the instance, by the event's own keys.</summary>
public sealed class WebhookTurns(WebhookOwners owners, WebhookEvents events, SecretBox box, TimeProvider clock)
{
    private static readonly WebhookOutcome.Done Done = new();

    private IdpDbContext Db => owners.Db;

    /// <returns>What there is to send, or what is to become of the message without a try.</returns>
    public async Task<(WebhookTurn? Turn, WebhookOutcome? Instead)> BeginAsync(Id<Organization> owner, WebhookMessage message, int tries, CancellationToken ct)
    {
        // The fan-out has asked it already; a queue that was written to by somebody else must not leak either (SECURITY.md H2).
        if (owner != Organization.Instance && message.EventOrganization != owner) return (null, new WebhookOutcome.GivenUp("organization_mismatch"));
        owners.Enter(owner);
        var asked = await owners.Endpoints(owner).AsNoTracking().Where(w => w.Id == message.Endpoint)
            .Select(w => new { Endpoint = w, IsSuspended = Db.Organizations.Any(o => o.Id == w.OrganizationId && o.Status == OrganizationStatus.Suspended) }).SingleOrDefaultAsync(ct);
        if (asked is null) return (null, Done);
        var endpoint = asked.Endpoint;
        if (endpoint.Status == WebhookStatus.Disabled || asked.IsSuspended) return (null, new WebhookOutcome.Held());
        if (await ReadAsync(message, ct) is not { } found) return (null, new WebhookOutcome.GivenUp("event_missing"));
        return (Turn(endpoint, message.Cause, tries, found.Event.Id.ToString(), found.Event.Type, message.EventOrganization, found), null);
    }

    /// <summary>A test goes to a disabled endpoint, too: that is when somebody wants to know.</summary>
    public WebhookTurn BeginTest(WebhookEndpoint endpoint) =>
        Turn(endpoint, WebhookCause.Test, 1, Id<Event>.New(clock.GetUtcNow()).ToString(), WebhookTest.Type, endpoint.OrganizationId, null);

    /// <summary>Writes what became of it into the log of deliveries and, when nothing has arrived for too long or nobody lives there any more, disables the endpoint.</summary>
    public async Task<(WebhookOutcome Outcome, WebhookDelivery Delivery)> EndAsync(WebhookTurn turn, WebhookRequest sent, WebhookAnswer answer, CancellationToken ct)
    {
        owners.Enter(turn.Owner);
        var now = clock.GetUtcNow();
        var wait = answer.Failure is null || turn.Cause == WebhookCause.Test ? null : WebhookSchedule.About(turn.Try, answer.RetryAfter);
        var delivery = WebhookDelivery.Record(turn, sent, answer, now + wait);
        var ended = await Db.InTransactionAsync<WebhookOutcome>(
            async () =>
            {
                if (!await owners.Endpoints(turn.Owner).AnyAsync(w => w.Id == turn.EndpointId, ct)) return Done; // deleted meanwhile, and its log with it
                Db.WebhookDeliveries.Add(delivery);
                var held = turn.Cause != WebhookCause.Test && await NoteAsync(turn, answer, now, ct);
                await Db.SaveChangesAsync(ct);
                if (answer.Failure is not { } failure) return Done;
                if (held) return new WebhookOutcome.Held();
                return wait is null ? new WebhookOutcome.GivenUp(ErrorOf(failure, answer)) : new WebhookOutcome.Again(ErrorOf(failure, answer), answer.RetryAfter);
            }, ct);
        return (ended.Value!, delivery); // nothing refuses it
    }

    /// <summary>The endpoint's health, which is written only when it changes.</summary>
    /// <returns>Whether the endpoint is disabled now.</returns>
    private async Task<bool> NoteAsync(WebhookTurn turn, WebhookAnswer answer, DateTimeOffset now, CancellationToken ct)
    {
        var endpoint = owners.Endpoints(turn.Owner).Where(w => w.Id == turn.EndpointId);
        if (answer.Failure is null)
        {
            await endpoint.Where(w => w.FailingSince != null).ExecuteUpdateAsync(set => set.SetProperty(w => w.FailingSince, (DateTimeOffset?)null), ct);
            return false;
        }

        await endpoint.Where(w => w.FailingSince == null).ExecuteUpdateAsync(set => set.SetProperty(w => w.FailingSince, (DateTimeOffset?)now), ct);
        var given = now - WebhookEndpoint.GivenUpAfter;
        var gone = answer.Status == 410; // RFC 9110 section 15.5.11, and what Standard Webhooks makes of it
        if (await endpoint.SingleOrDefaultAsync(w => w.Status == WebhookStatus.Enabled && (gone || w.FailingSince <= given), ct) is not { } found) return false;
        found.Disable(gone ? WebhookDisabling.Gone : WebhookDisabling.Failing, Actor.System.Id, now);
        events.RecordDisabled(found);
        return true;
    }

    private WebhookTurn Turn(WebhookEndpoint endpoint, WebhookCause cause, int tries, string webhookId, string type, Id<Organization> eventOrganization, SealedEvent? found) =>
        new(endpoint.OrganizationId, endpoint.Id, endpoint.Url, [.. endpoint.Live(clock.GetUtcNow()).Select(s => s.Open(endpoint.OrganizationId, endpoint.Id, box))], webhookId, type, eventOrganization, cause, tries, found);

    private Task<SealedEvent?> ReadAsync(WebhookMessage message, CancellationToken ct) => (
        from e in Db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking()
        where e.OrganizationId == message.EventOrganization && e.Id == message.Event && e.Position != null
        join p in Db.PersonalEventData on new { e.OrganizationId, e.Id } equals new { p.OrganizationId, Id = p.EventId } into personal
        from p in personal.DefaultIfEmpty()
        select new SealedEvent(e, p == null ? null : p.Data)).SingleOrDefaultAsync(ct);

    private static string ErrorOf(WebhookFailure failure, WebhookAnswer answer) =>
        failure == WebhookFailure.Status ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"status {answer.Status}") : failure.ToString();
}

/// <summary>What a test delivery is.</summary>
public static class WebhookTest
{
    /// <summary>Nothing has happened: it is in no feed, and only the endpoint that is tried is sent it.</summary>
    public const string Type = "webhook.test";
}
