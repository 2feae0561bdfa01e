using System.Xml;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Responses;

/// <summary>Judges Conditions (Core 2.5): every one must hold, and one that is not understood does not.</summary>
internal static class ConditionsReader
{
    public static bool Judge(XmlElement assertion, ResponseRules rules, CheckList checks)
    {
        if (assertion.Only(SamlNames.AssertionNamespace, "Conditions") is not { } conditions) return checks.Fail(ResponseChecks.Conditions, "No Conditions, or several.", "one");
        // OneTimeUse is what we do anyway; ProxyRestriction concerns whom we would tell further.
        var unknown = conditions.Children().FirstOrDefault(c => c.NamespaceURI != SamlNames.AssertionNamespace || c.LocalName is not ("AudienceRestriction" or "OneTimeUse" or "ProxyRestriction"));
        if (!checks.Require(unknown is null, ResponseChecks.Conditions, unknown is null ? "All understood." : Elements.Quote(unknown.LocalName))) return false;
        return NotBefore(conditions, rules, checks) && NotOnOrAfter(conditions, rules, checks) && InOrder(conditions, checks) && Audience(conditions, rules, checks);
    }

    private static bool NotBefore(XmlElement conditions, ResponseRules rules, CheckList checks)
    {
        if (conditions.Attribute("NotBefore") is not { } text) return checks.Skip(ResponseChecks.NotBefore, "No beginning.");
        return checks.Require(Elements.TryTime(text, out var start) && start - rules.ClockSkew.Min(start) <= rules.Now, ResponseChecks.NotBefore, $"Valid from {Elements.Quote(text, 40)}.", $"before {Elements.Say(rules.Now)}");
    }

    /// <summary>Without it the tolerance for clocks would make a time of nothing one of two minutes (Core 2.5.1.2).</summary>
    private static bool InOrder(XmlElement conditions, CheckList checks) =>
        !Elements.TryTime(conditions.Attribute("NotBefore"), out var start) || !Elements.TryTime(conditions.Attribute("NotOnOrAfter"), out var end) || start < end
        || checks.Fail(ResponseChecks.NotBefore, "They end before they begin.", "a beginning before the end");

    private static bool NotOnOrAfter(XmlElement conditions, ResponseRules rules, CheckList checks)
    {
        if (conditions.Attribute("NotOnOrAfter") is not { } text) return true;
        return checks.Require(Elements.TryTime(text, out var end) && rules.Now - rules.ClockSkew < end, ResponseChecks.NotOnOrAfter, $"Valid until {Elements.Quote(text, 40)}.", $"after {Elements.Say(rules.Now)}");
    }

    private static bool Audience(XmlElement conditions, ResponseRules rules, CheckList checks)
    {
        var restrictions = conditions.Children(SamlNames.AssertionNamespace, "AudienceRestriction").Select(r => r.Children(SamlNames.AssertionNamespace, "Audience").Select(a => a.Text()).ToList()).ToList();
        var wrong = restrictions.Find(audiences => !audiences.Exists(a => rules.Audiences.Contains(a, StringComparer.Ordinal)));
        return checks.Require(
            restrictions.Count > 0 && wrong is null, ResponseChecks.Audience, Elements.Quote(string.Join(", ", (wrong ?? restrictions.ElementAtOrDefault(0) ?? []).Take(3))), rules.Audiences is [var ours, ..] ? ours : null);
    }

    // No message's time may take arithmetic past the calendar's ends.
    private static TimeSpan Min(this TimeSpan skew, DateTimeOffset time) => time - DateTimeOffset.MinValue < skew ? TimeSpan.Zero : skew;
}
