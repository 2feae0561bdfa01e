namespace TenantIdP.Saml;

/// <summary>One rule that messages are held to.</summary>
/// <param name="Code">Stable, snake_case; shown in traces, documented, asserted in tests.</param>
/// <param name="Clause">The clause of the standard it comes from, such as <c>Core 2.5.1.4</c>; <c>ours</c> for a limit of this product.</param>
/// <param name="Fix">What an IT admin does when it fails, in one sentence.</param>
public sealed record SamlRule(string Code, string Clause, string Fix);

public enum SamlOutcome
{
    Passed,

    /// <summary>Accepted, and worth the admin's attention.</summary>
    Warned,

    Failed,

    /// <summary>Not applied: the message or the connection gives no reason to.</summary>
    Skipped,
}

/// <summary>One rule applied to one message.</summary>
/// <param name="Seen">What the message had, in words; never an assertion, a key or more than 300 characters of the sender's.</param>
/// <param name="Expected">What it should have had.</param>
public sealed record SamlCheck(SamlRule Rule, SamlOutcome Outcome, string Seen, string? Expected = null);
