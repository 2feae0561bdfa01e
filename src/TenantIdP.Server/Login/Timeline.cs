using TenantIdP.Core.SignIn;

namespace TenantIdP.Server.Login;

/// <summary>How the steps of a trace are put on a page: each verdict is a sign and a word, so that no colour has to be seen.</summary>
internal static class Timeline
{
    public static (string Style, string Sign, string Word) Of(TraceVerdict verdict) => verdict switch
    {
        TraceVerdict.Passed => ("passed", "✓", "passed"),
        TraceVerdict.Warned => ("warned", "!", "warning"),
        TraceVerdict.Failed => ("failed", "✗", "failed"),
        TraceVerdict.Skipped => ("skipped", "–", "skipped"),
        TraceVerdict.Noted => ("noted", "–", "noted"),
    };

    // Codes that name the refusal, which would read the wrong way round beside "passed".
    private static readonly Dictionary<string, string> Names = new()
    {
        ["message_too_large"] = "message size", ["message_not_base64"] = "base64", ["message_not_xml"] = "well-formed XML", ["message_unreadable"] = "readable", ["root_not_response"] = "root element",
        ["in_response_to_missing"] = "answers a request", ["certificate_expired"] = "validity of the certificate", ["assertion_replayed"] = "used once", ["logout_unreadable"] = "readable",
    };

    public static string Words(string check) => Names.GetValueOrDefault(check) ?? check.Replace('_', ' ');

    public static string Heading(SignInTrace trace) => trace.Outcome == TraceOutcome.Refused && trace.Steps.Any(s => s.Stage == "logout") ? "This sign-out was refused" : Heading(trace.Outcome);

    private static string Heading(TraceOutcome outcome) => outcome switch
    {
        TraceOutcome.Succeeded => "This sign-in succeeded",
        TraceOutcome.Refused => "This sign-in was refused",
        TraceOutcome.TestPassed => "The test passed",
        TraceOutcome.TestFailed => "The test failed",
    };
}
