using System.Diagnostics.CodeAnalysis;

namespace TenantIdP.Saml;

/// <summary>What came of a message: the checks in the order in which they were made, and the value only when none failed.</summary>
public sealed class SamlVerdict<T> where T : class
{
    private SamlVerdict(T? value, IReadOnlyList<SamlCheck> checks, SamlCheck? failure) => (Value, Checks, Failure) = (value, checks, failure);

    public T? Value { get; }

    public IReadOnlyList<SamlCheck> Checks { get; }

    /// <summary>The check that failed; nothing after it was looked at.</summary>
    public SamlCheck? Failure { get; }

    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Failure))]
    public bool IsOk => Failure is null;

    public static SamlVerdict<T> Accepted(T value, IReadOnlyList<SamlCheck> checks) =>
        checks.Any(c => c.Outcome == SamlOutcome.Failed) ? throw new ArgumentException("A check failed.", nameof(checks)) : new(value, checks, null);

    /// <param name="checks">The last one is the failure.</param>
    public static SamlVerdict<T> Refused(IReadOnlyList<SamlCheck> checks) =>
        checks is [.., { Outcome: SamlOutcome.Failed } failure] ? new(null, checks, failure) : throw new ArgumentException("The last check must be the one that failed.", nameof(checks));
}
