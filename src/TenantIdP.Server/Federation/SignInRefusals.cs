using System.Text;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Federation;

/// <summary>Turns what an upstream got wrong into an event and a trace of its organization, in one save, and a page for the person.</summary>
internal sealed class SignInRefusals(IdpDbContext db, EventLog events, ConnectionDirectory connections, ActorContext actor, TraceRecorder trace, ILogger<SignInRefusals> logger)
{
    private const int LongestDescription = 600;

    /// <param name="reason">A word of ours, never of theirs.</param>
    public async Task<FailureFacts> OfUpstreamAsync(Id<Connection> connection, Exception? failure, string reason, string? back, CancellationToken ct)
    {
        Log.UpstreamFailed(logger, connection.ToString(), reason, Describe(failure), actor.TraceId ?? "");
        await RecordAsync(connection, SignInErrors.UpstreamFailed.Code, reason, UpstreamDiagnosis.Of(failure, reason), ct);
        // Their outage is told as one; an answer that is wrong will be as wrong in ten seconds.
        return IsUnreachable(failure)
            ? FailureFacts.From(SignInErrors.UpstreamFailed, back)
            : new FailureFacts(StatusCodes.Status400BadRequest, SignInErrors.UpstreamFailed.Code, SignInErrors.UpstreamFailed.Message, back);
    }

    public async Task<FailureFacts> OfStateAsync(Id<Connection> connection, CancellationToken ct)
    {
        await RecordAsync(connection, SignInErrors.StateMismatch.Code, "state", UpstreamDiagnosis.Of(null, "state"), ct);
        return FailureFacts.From(SignInErrors.StateMismatch);
    }

    private async Task RecordAsync(Id<Connection> id, string code, string reason, UpstreamDiagnosis diagnosis, CancellationToken ct)
    {
        if (await connections.FindAsync(id, ct) is not { } connection) return;
        db.EnterOrganization(connection.OrganizationId);
        events.Record(EventTypes.SignInRefused, connection.OrganizationId, id.ToString(), new { code, reason });
        trace.Add(reason == "discovery" ? "request" : "response", diagnosis.Check, TraceVerdict.Failed, fix: diagnosis.Fix);
        trace.Close(connection.OrganizationId, id, TraceOutcome.Refused, diagnosis.Check, diagnosis.Fix);
        await db.SaveChangesAsync(ct);
    }

    /// <summary>What failed, for the operator: an upstream writes into these texts, so they are one line and short (SECURITY.md F7).</summary>
    private static string Describe(Exception? failure)
    {
        var text = new StringBuilder();
        for (var cause = failure; cause is not null && text.Length < LongestDescription; cause = cause.InnerException) text.Append(cause.GetType().Name).Append(": ").Append(cause.Message).Append("; ");
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i])) text[i] = ' ';
        }

        return text.Length > LongestDescription ? text.ToString(0, LongestDescription) : text.ToString();
    }

    private static bool IsUnreachable(Exception? failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException) return true;
        }

        return false;
    }
}
