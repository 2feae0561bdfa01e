using System.Xml;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Responses;

/// <summary>Reads AuthnStatement (Core 2.7.2) and AttributeStatement (Core 2.7.3).</summary>
internal static class StatementReader
{
    private const int MostAttributes = 200;
    private const int MostValues = 5_000;
    private const int LongestSessionIndex = 256;

    public sealed record Authn(DateTimeOffset Instant, string? SessionIndex, DateTimeOffset? SessionEnd, string? ContextClass);

    public static Authn? ReadAuthn(XmlElement assertion, ResponseRules rules, CheckList checks)
    {
        var all = assertion.Children(SamlNames.AssertionNamespace, "AuthnStatement").ToList();
        if (all is not [var statement, ..] || !Elements.TryTime(statement.Attribute("AuthnInstant"), out var instant))
        {
            checks.Fail(ResponseChecks.AuthnStatement, "No AuthnStatement with a time.");
            return null;
        }

        if (!checks.Require(instant <= rules.Now + rules.ClockSkew, ResponseChecks.AuthnStatement, $"Signed in at {Elements.Say(instant)}.", $"not after {Elements.Say(rules.Now)}")) return null;
        if (all.Count > 1) checks.Warn(ResponseChecks.AuthnStatement, $"{all.Count} statements; only the first one counts.", "one");
        DateTimeOffset? end = null;
        if (statement.Attribute("SessionNotOnOrAfter") is { } text)
        {
            if (!checks.Require(Elements.TryTime(text, out var until) && rules.Now - rules.ClockSkew < until, ResponseChecks.SessionEnd, Elements.Quote(text, 40), $"after {Elements.Say(rules.Now)}")) return null;
            end = until;
        }

        var context = statement.Only(SamlNames.AssertionNamespace, "AuthnContext").Only(SamlNames.AssertionNamespace, "AuthnContextClassRef")?.Text();
        var index = statement.Attribute("SessionIndex");
        if (index is { Length: > LongestSessionIndex }) checks.Warn(ResponseChecks.SessionIndex, $"{index.Length} characters; it was left out.", $"at most {LongestSessionIndex}");
        return new Authn(instant, index is { Length: > 0 and <= LongestSessionIndex } ? index : null, end, context is { Length: > 256 } ? null : context);
    }

    public static IReadOnlyList<SamlAttribute>? ReadAttributes(XmlElement assertion, CheckList checks)
    {
        var statements = assertion.Children(SamlNames.AssertionNamespace, "AttributeStatement").ToList();
        var encrypted = statements.Sum(s => s.Children(SamlNames.AssertionNamespace, "EncryptedAttribute").Count());
        if (encrypted > 0) checks.Warn(ResponseChecks.EncryptedAttributes, $"{encrypted} encrypted; they were left out.", "none");
        var elements = statements.SelectMany(s => s.Children(SamlNames.AssertionNamespace, "Attribute")).Take(MostAttributes + 1).ToList();
        var read = elements.Select(a => new SamlAttribute(
            a.Attribute("Name") ?? "", a.Attribute("NameFormat"), a.Attribute("FriendlyName"), [.. a.Children(SamlNames.AssertionNamespace, "AttributeValue").Take(MostValues + 1).Select(v => v.InnerText)])).ToList();
        var values = read.Sum(a => a.Values.Count);
        var holds = checks.Require(
            read.Count <= MostAttributes && values <= MostValues && read.TrueForAll(a => a.Name.Length is > 0 and <= 512), ResponseChecks.Attributes, $"{read.Count} attributes with {values} values.");
        return holds ? read : null;
    }
}
