using System.Security.Cryptography;
using System.Xml;

namespace TenantIdP.Saml;

/// <summary>The checks of one message, in their order. Each method says whether to go on.</summary>
internal sealed class CheckList
{
    private readonly List<SamlCheck> checks = [];

    public IReadOnlyList<SamlCheck> All => checks;

    public bool Pass(SamlRule rule, string seen)
    {
        checks.Add(new SamlCheck(rule, SamlOutcome.Passed, seen));
        return true;
    }

    public bool Warn(SamlRule rule, string seen, string? expected = null)
    {
        checks.Add(new SamlCheck(rule, SamlOutcome.Warned, seen, expected));
        return true;
    }

    public bool Skip(SamlRule rule, string seen)
    {
        checks.Add(new SamlCheck(rule, SamlOutcome.Skipped, seen));
        return true;
    }

    public bool Fail(SamlRule rule, string seen, string? expected = null)
    {
        checks.Add(new SamlCheck(rule, SamlOutcome.Failed, seen, expected));
        return false;
    }

    /// <summary>
    /// The verdict of what <paramref name="read"/> found. Throws for no message: what the libraries below throw at documents nobody thought of has a rule of its own, so that
    /// tests notice; and nothing is accepted beside a check that failed.
    /// </summary>
    /// <param name="read">Null when a check failed.</param>
    public SamlVerdict<T> Conclude<T>(SamlRule unreadable, Func<T?> read) where T : class
    {
        T? value = null;
        try
        {
            value = read();
        }
        catch (Exception unforeseen) when (unforeseen is CryptographicException or XmlException or FormatException or ArgumentException or InvalidOperationException or OverflowException or NotSupportedException)
        {
            Fail(unreadable, unforeseen.GetType().Name);
        }

        var failed = checks.Exists(c => c.Outcome == SamlOutcome.Failed);
        if (value is not null && !failed) return SamlVerdict<T>.Accepted(value, checks);
        if (checks is not [.., { Outcome: SamlOutcome.Failed }]) Fail(unreadable, "No check says why.");
        return SamlVerdict<T>.Refused(checks);
    }

    /// <summary>Takes over what another list holds, once it is known that it may be told.</summary>
    public void Add(CheckList other) => checks.AddRange(other.checks);

    /// <param name="good">What was seen where it holds, when that reads otherwise.</param>
    public bool Require(bool holds, SamlRule rule, string seen, string? expected = null, string? good = null) => holds ? Pass(rule, good ?? seen) : Fail(rule, seen, expected);
}
