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

    public bool Require(bool holds, SamlRule rule, string seen, string? expected = null) => holds ? Pass(rule, seen) : Fail(rule, seen, expected);
}
