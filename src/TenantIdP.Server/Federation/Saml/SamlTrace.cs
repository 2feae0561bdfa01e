using TenantIdP.Core.SignIn;
using TenantIdP.Saml;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>The kernel's checks as steps of a trace.</summary>
internal static class SamlTrace
{
    private const string OfResponses = "response";

    public static void AddChecks(this TraceRecorder trace, IReadOnlyList<SamlCheck> checks, string stage = OfResponses)
    {
        foreach (var check in checks) trace.Add(Step(check, stage));
    }

    private static TraceStep Step(SamlCheck check, string stage) => new(
        stage, check.Rule.Code, VerdictOf(check.Outcome), check.Seen, check.Expected, check.Rule.Clause, check.Outcome is SamlOutcome.Failed or SamlOutcome.Warned ? check.Rule.Fix : null);

    private static TraceVerdict VerdictOf(SamlOutcome outcome) => outcome switch
    {
        SamlOutcome.Passed => TraceVerdict.Passed,
        SamlOutcome.Warned => TraceVerdict.Warned,
        SamlOutcome.Failed => TraceVerdict.Failed,
        SamlOutcome.Skipped => TraceVerdict.Skipped,
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, null),
    };
}
