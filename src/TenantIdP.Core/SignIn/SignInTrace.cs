using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.SignIn;

public enum TraceOutcome
{
    Succeeded,
    Refused,
    TestPassed,
    TestFailed,
}

public enum TraceVerdict
{
    Passed,
    Warned,
    Failed,
    Skipped,

    /// <summary>A fact, judged by nobody.</summary>
    Noted,
}

/// <summary>One step of a decision.</summary>
/// <param name="Stage">Which part of the sign-in: <c>input</c>, <c>realm</c>, <c>request</c>, <c>response</c>, <c>linking</c>, <c>provisioning</c>, <c>roles</c>, <c>claims</c>, <c>session</c>.</param>
/// <param name="Check">Stable, snake_case.</param>
/// <param name="Seen">Redacted: no address in full, no assertion, no secret.</param>
/// <param name="Fix">What an admin does about it, when it failed.</param>
public sealed record TraceStep(string Stage, string Check, TraceVerdict Verdict, string? Seen = null, string? Expected = null, string? Clause = null, string? Fix = null);

/// <summary>Why one sign-in went as it did, for the organization's admins and operators; kept 30 days.</summary>
public sealed class SignInTrace : IHasIdPrefix, IOrganizationOwned
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    private SignInTrace(Id<Organization> organizationId, Id<SignInTrace> id, Id<Connection> connectionId, string traceId, TraceOutcome outcome, string code, string summary, DateTimeOffset occurredAt, DateTimeOffset expiresAt) =>
        (OrganizationId, Id, ConnectionId, TraceId, Outcome, Code, Summary, OccurredAt, ExpiresAt) = (organizationId, id, connectionId, traceId, outcome, code, summary, occurredAt, expiresAt);

    public static string IdPrefix => "trc";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<SignInTrace> Id { get; private set; }
    public Id<Connection> ConnectionId { get; private set; }

    /// <summary>What the error page shows.</summary>
    public string TraceId { get; private set; }

    public TraceOutcome Outcome { get; private set; }

    /// <summary>The code of the check or error that decided; <c>ok</c> when none failed.</summary>
    public string Code { get; private set; }

    /// <summary>One sentence that names the fix.</summary>
    public string Summary { get; private set; }

    public DateTimeOffset OccurredAt { get; private set; }
    public DateTimeOffset ExpiresAt { get; private set; }
    public IReadOnlyList<TraceStep> Steps { get; private set; } = [];

    public static SignInTrace Of(Id<Organization> organization, Id<Connection> connection, string traceId, TraceOutcome outcome, string code, string summary, IReadOnlyList<TraceStep> steps, DateTimeOffset now) =>
        new(organization, Id<SignInTrace>.New(now), connection, traceId, outcome, code, summary, now, now + Lifetime) { Steps = steps };
}
