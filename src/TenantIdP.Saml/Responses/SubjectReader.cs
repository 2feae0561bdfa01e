using System.Xml;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Responses;

/// <summary>Reads Subject (Core 2.4) and judges its confirmations by the browser profile (Profiles 4.1.4.2, 4.1.4.3).</summary>
internal static class SubjectReader
{
    private const int MostConfirmations = 8;

    /// <summary>The one confirmation that holds: until when, and for which request.</summary>
    public sealed record Confirmed(SamlNameId? NameId, DateTimeOffset NotOnOrAfter, string? InResponseTo);

    public static Confirmed? Read(XmlElement assertion, ResponseRules rules, CheckList checks)
    {
        if (assertion.Only(SamlNames.AssertionNamespace, "Subject") is not { } subject)
        {
            checks.Fail(ResponseChecks.Confirmation, "No subject.");
            return null;
        }

        if (!TryNameId(subject, checks, out var nameId)) return null;
        var bearers = subject.Children(SamlNames.AssertionNamespace, "SubjectConfirmation").Where(c => c.Attribute("Method") == SamlNames.BearerConfirmation).Select(c => c.Only(SamlNames.AssertionNamespace, "SubjectConfirmationData")).ToList();
        if (bearers.Count is 0 or > MostConfirmations)
        {
            checks.Fail(ResponseChecks.Confirmation, $"{bearers.Count} bearer confirmations.", "one");
            return null;
        }

        // One that holds is enough; what is told otherwise is why the first does not.
        var first = new CheckList();
        for (var i = 0; i < bearers.Count; i++)
        {
            var judged = i == 0 ? first : new CheckList();
            if (Judge(bearers[i], rules, judged) is not { } holds) continue;
            foreach (var check in judged.All) checks.Pass(check.Rule, check.Seen);
            return holds with { NameId = nameId };
        }

        foreach (var check in first.All)
        {
            if (check.Outcome == SamlOutcome.Failed) checks.Fail(check.Rule, check.Seen, check.Expected);
            else checks.Pass(check.Rule, check.Seen);
        }

        return null;
    }

    private static Confirmed? Judge(XmlElement? data, ResponseRules rules, CheckList checks)
    {
        if (data is null)
        {
            checks.Fail(ResponseChecks.Confirmation, "A bearer confirmation without data.");
            return null;
        }

        var recipient = data.Attribute("Recipient");
        if (!checks.Require(recipient is not null && rules.AcsUrls.Contains(recipient, StringComparer.Ordinal), ResponseChecks.Recipient, Elements.Quote(recipient), rules.AcsUrls is [var ours, ..] ? ours : null)) return null;
        if (data.Attribute("NotBefore") is not null)
        {
            checks.Fail(ResponseChecks.Confirmation, "A bearer confirmation with NotBefore.", "none");
            return null;
        }

        var text = data.Attribute("NotOnOrAfter");
        if (!Elements.TryTime(text, out var end))
        {
            checks.Fail(ResponseChecks.NotOnOrAfter, Elements.Quote(text, 40), "a time");
            return null;
        }

        return checks.Require(rules.Now - rules.ClockSkew < end, ResponseChecks.NotOnOrAfter, $"Confirmation until {Elements.Say(end)}.", $"after {Elements.Say(rules.Now)}")
            ? new Confirmed(null, end, data.Attribute("InResponseTo"))
            : null;
    }

    private static bool TryNameId(XmlElement subject, CheckList checks, out SamlNameId? nameId)
    {
        nameId = null;
        if (subject.Children(SamlNames.AssertionNamespace, "EncryptedID").Any() || subject.Children(SamlNames.AssertionNamespace, "BaseID").Any()) return checks.Fail(ResponseChecks.NameId, "An encrypted or abstract identifier.");
        var all = subject.Children(SamlNames.AssertionNamespace, "NameID").ToList();
        if (all.Count == 0) return checks.Skip(ResponseChecks.NameId, "None.");
        if (all.Count > 1 || all[0].HasElements()) return checks.Fail(ResponseChecks.NameId, "Several identifiers, or one with elements in it.");
        // As it stands: an identifier with a space is another one than without.
        var (value, found) = (all[0].InnerText, all[0]);
        // White space alone is what a blank field of the directory looks like: one identifier for everybody who has none.
        if (value.Length > 1024 || string.IsNullOrWhiteSpace(value)) return checks.Fail(ResponseChecks.NameId, $"{value.Length} characters, or nothing but white space.", "1 to 1024");
        nameId = new SamlNameId(value, found.Attribute("Format"), found.Attribute("NameQualifier"), found.Attribute("SPNameQualifier"));
        return checks.Pass(ResponseChecks.NameId, $"Format {Elements.Quote(nameId.Format ?? "unspecified")}.");
    }
}
