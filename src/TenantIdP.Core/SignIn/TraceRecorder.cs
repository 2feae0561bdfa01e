using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.SignIn;

/// <summary>Collects the steps of one sign-in as they are decided; the trace is saved with what the sign-in changed, or with its refusal. One per request.</summary>
public sealed class TraceRecorder(IdpDbContext db, ActorContext actor, TimeProvider clock)
{
    private const int MostSteps = 80;
    private const int LongestText = 400;

    private readonly List<TraceStep> steps = [];

    public IReadOnlyList<TraceStep> Steps => steps;

    /// <summary>Of the request.</summary>
    public string TraceId => actor.TraceId ?? "";

    /// <summary>Texts are cut to 400 characters and cleaned of control characters; after 80 steps nothing is added.</summary>
    public void Add(TraceStep step)
    {
        if (steps.Count < MostSteps) steps.Add(step with { Seen = Clean(step.Seen), Expected = Clean(step.Expected) });
    }

    public void Add(string stage, string check, TraceVerdict verdict, string? seen = null, string? expected = null, string? fix = null) => Add(new TraceStep(stage, check, verdict, seen, expected, null, fix));

    /// <summary>What was decided before the browser left comes first.</summary>
    public void Begin(IReadOnlyList<TraceStep> earlier) => steps.InsertRange(0, earlier.Take(MostSteps));

    /// <summary>Forgets the steps after the first <paramref name="count"/>: an attempt that lost a race starts again.</summary>
    public void Rewind(int count) => steps.RemoveRange(count, steps.Count - count);

    /// <summary>Adds the trace to the unit of work, whose scope is the organization; the caller saves.</summary>
    public SignInTrace Close(Id<Organization> organization, Id<Connection> connection, TraceOutcome outcome, string code, string summary)
    {
        var trace = SignInTrace.Of(organization, connection, actor.TraceId ?? "", outcome, code, summary, [.. steps], clock.GetUtcNow());
        db.SignInTraces.Add(trace);
        return trace;
    }

    /// <summary>The first character and the domain: enough for an admin who knows their people, too little for anybody else.</summary>
    public static string Masked(EmailAddress email) => $"{email.Value[0]}…@{email.Domain.Value}";

    private static string? Clean(string? text) => text is null ? null : string.Concat(text.Take(LongestText).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c));
}
