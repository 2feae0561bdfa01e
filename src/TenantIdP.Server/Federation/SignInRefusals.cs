using System.Text;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.SignIn;
using TenantIdP.Saml;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Federation;

/// <summary>Turns what an upstream got wrong into an event and a trace of its organization, in one save, and a page for the person.</summary>
internal sealed class SignInRefusals(IdpDbContext db, EventLog events, ConnectionDirectory connections, RefusalMeans means, TraceRecorder trace, ILogger<SignInRefusals> logger)
{
    private const int LongestDescription = 600;

    /// <param name="reason">A word of ours, never of theirs.</param>
    public async Task<FailureFacts> OfUpstreamAsync(Id<Connection> connection, Exception? failure, string reason, string? back, CancellationToken ct)
    {
        Log.UpstreamFailed(logger, connection.ToString(), reason, Describe(failure), trace.TraceId);
        var diagnosis = UpstreamDiagnosis.Of(failure, reason);
        Count(ConnectionKind.Oidc, connection, diagnosis.Check);
        await RecordAsync(connection, SignInErrors.UpstreamFailed.Code, reason, diagnosis, ct);
        // Their outage is told as one; an answer that is wrong will be as wrong in ten seconds.
        var facts = IsUnreachable(failure)
            ? FailureFacts.From(SignInErrors.UpstreamFailed, back)
            : new FailureFacts(StatusCodes.Status400BadRequest, SignInErrors.UpstreamFailed.Code, SignInErrors.UpstreamFailed.Message, back);
        return facts with { Advice = diagnosis.Fix };
    }

    /// <summary>As <see cref="OfUpstreamAsync"/> for a test: its trace and nothing else.</summary>
    public async Task<FailureFacts> OfTestAsync(Id<Connection> connection, TestRun test, Exception? failure, string reason, CancellationToken ct)
    {
        Log.UpstreamFailed(logger, connection.ToString(), reason, Describe(failure), trace.TraceId);
        var diagnosis = UpstreamDiagnosis.Of(failure, reason);
        db.EnterOrganization(test.OrganizationId);
        var closed = Close(test.OrganizationId, connection, reason, diagnosis, TraceOutcome.TestFailed);
        await db.SaveChangesAsync(ct);
        return FailureFacts.From(SignInErrors.UpstreamFailed) with { Advice = diagnosis.Fix, Trace = closed.Id };
    }

    /// <summary>A SAML answer that one of its rules refused; the steps are in the trace already. A connection that is not active takes answers for tests only, so these leave a trace and no event.</summary>
    public async Task<FailureFacts> OfResponseAsync(ConnectionSnapshot connection, SamlCheck failure, TestRun? test, string? back, CancellationToken ct)
    {
        var code = failure.Rule.Code;
        Log.UpstreamFailed(logger, connection.Id.ToString(), code, OneLine(failure.Seen), trace.TraceId);
        var isTest = test is not null || !connection.IsLive;
        if (!isTest) Count(ConnectionKind.Saml, connection.Id, code);
        var closed = await CloseAsync(
            connection, failure, isTest ? TraceOutcome.TestFailed : TraceOutcome.Refused, isTest ? null : EventTypes.SignInRefused, new { code = SignInErrors.UpstreamFailed.Code, reason = code }, ct);
        return new FailureFacts(StatusCodes.Status400BadRequest, SignInErrors.UpstreamFailed.Code, SignInErrors.UpstreamFailed.Message, back) { Advice = failure.Rule.Fix, Trace = closed.Id };
    }

    /// <summary>As <see cref="OfResponseAsync"/> for what anybody can post: a flood of forgeries must fill no table.</summary>
    public async Task<FailureFacts> OfPostedAsync(ConnectionSnapshot connection, SamlCheck failure, CancellationToken ct) => means.Budget.TrySpend(connection.Id)
        ? await OfResponseAsync(connection, failure, null, null, ct)
        : FailureFacts.From(SignInErrors.UpstreamFailed) with { Status = StatusCodes.Status400BadRequest, RetryAfterSeconds = null, Advice = failure.Rule.Fix };

    /// <summary>A logout message that one of its rules refused; the steps are in the trace already. Anybody can post those, too.</summary>
    /// <param name="error">What the person is told.</param>
    public async Task<FailureFacts> OfLogoutAsync(ConnectionSnapshot connection, SamlCheck failure, Error error, CancellationToken ct)
    {
        var facts = FailureFacts.From(error) with { Advice = failure.Rule.Fix };
        if (!means.Budget.TrySpend(connection.Id)) return facts;
        var code = failure.Rule.Code;
        Log.LogoutRefused(logger, connection.Id.ToString(), code, OneLine(failure.Seen), trace.TraceId);
        var closed = await CloseAsync(connection, failure, TraceOutcome.Refused, EventTypes.ConnectionLogoutRefused, new { reason = code }, ct);
        return facts with { Trace = closed.Id };
    }

    public async Task<FailureFacts> OfStateAsync(Id<Connection> connection, ConnectionKind kind, CancellationToken ct)
    {
        Count(kind, connection, SignInErrors.StateMismatch.Code);
        await RecordAsync(connection, SignInErrors.StateMismatch.Code, "state", UpstreamDiagnosis.Of(null, "state"), ct);
        return StateMismatch;
    }

    /// <summary>Of what this browser did not begin, or has brought before.</summary>
    public static FailureFacts StateMismatch => FailureFacts.From(SignInErrors.StateMismatch) with { Advice = SignInAdvice.For(SignInErrors.StateMismatch) };

    /// <param name="type">Null leaves a trace and no event.</param>
    private async Task<SignInTrace> CloseAsync(ConnectionSnapshot connection, SamlCheck failure, TraceOutcome outcome, string? type, object data, CancellationToken ct)
    {
        db.EnterOrganization(connection.OrganizationId);
        if (type is not null) events.Record(type, connection.OrganizationId, connection.Id.ToString(), data);
        var closed = trace.Close(connection.OrganizationId, connection.Id, outcome, failure.Rule.Code, failure.Rule.Fix);
        await db.SaveChangesAsync(ct);
        return closed;
    }

    private async Task RecordAsync(Id<Connection> id, string code, string reason, UpstreamDiagnosis diagnosis, CancellationToken ct)
    {
        // Any browser can bring an answer that nobody waits for.
        if (await connections.FindAsync(id, ct) is not { } connection || !means.Budget.TrySpend(id)) return;
        db.EnterOrganization(connection.OrganizationId);
        events.Record(EventTypes.SignInRefused, connection.OrganizationId, id.ToString(), new { code, reason });
        Close(connection.OrganizationId, id, reason, diagnosis, TraceOutcome.Refused);
        await db.SaveChangesAsync(ct);
    }

    private void Count(ConnectionKind kind, Id<Connection> connection, string check) =>
        means.Telemetry.SignIn(FederationFinish.MethodOf(kind), SignInOutcome.Failed, check, connection.ToString());

    private SignInTrace Close(Id<Organization> organization, Id<Connection> connection, string reason, UpstreamDiagnosis diagnosis, TraceOutcome outcome)
    {
        trace.Add(reason == "discovery" ? "request" : "response", diagnosis.Check, TraceVerdict.Failed, fix: diagnosis.Fix);
        return trace.Close(organization, connection, outcome, diagnosis.Check, diagnosis.Fix);
    }

    /// <summary>What failed, for the operator: an upstream writes into these texts, so they are one line, short and without addresses and tokens (SECURITY.md F7).</summary>
    private static string Describe(Exception? failure)
    {
        var text = new StringBuilder();
        for (var cause = failure; cause is not null && text.Length < LongestDescription; cause = cause.InnerException) text.Append(cause.GetType().Name).Append(": ").Append(MessageOf(cause)).Append("; ");
        return OneLine(text.ToString());
    }

    /// <summary>Of an error answer the code alone: its description is free text about somebody (SECURITY.md F7).</summary>
    private static string MessageOf(Exception cause) => cause.Data["error"] is not string error ? cause.Message
        : error.Length is > 0 and <= 60 && error.All(c => char.IsAsciiLetterLower(c) || c == '_') ? $"the provider answered {error}" : "the provider answered an error";

    private static string OneLine(string text) => LogText.Clean(LogText.Redact(text), LongestDescription);

    private static bool IsUnreachable(Exception? failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException) return true;
        }

        return false;
    }
}

/// <summary>What refusals spend and are counted by.</summary>
internal sealed record RefusalMeans(RefusalBudget Budget, Telemetry Telemetry);
