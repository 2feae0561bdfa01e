using System.Xml;
using TenantIdP.Saml.Responses;
using Xunit;

namespace TenantIdP.Saml.Tests.Responses;

/// <summary>A message that is right, and one change each that makes it wrong before it is signed: what an identity provider that is set up wrongly sends.</summary>
public sealed class ResponseMutationTests
{
    private static readonly Dictionary<string, (Action<XmlDocument> Change, string Rule)> Mutations = new()
    {
        ["another root"] = (m => Rename(m, "Response", "LogoutResponse"), "root_not_response"),
        ["SAML 1.1"] = (m => m.DocumentElement!.SetAttribute("Version", "1.1"), "version"),
        ["a refusal"] = (m => m.Find("StatusCode").SetAttribute("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder"), "status_success"),
        ["no status"] = (m => Remove(m, "Status"), "status_success"),
        ["another issuer of the assertion"] = (m => m.Assertion().FirstChild!.InnerText = "https://evil.example", "issuer_assertion"),
        ["another issuer of the response"] = (m => m.DocumentElement!.FirstChild!.InnerText = "https://evil.example", "issuer_response"),
        ["another destination"] = (m => m.DocumentElement!.SetAttribute("Destination", "https://other.example/acs"), "destination"),
        ["another recipient"] = (m => m.Find("SubjectConfirmationData").SetAttribute("Recipient", "https://other.example/acs"), "recipient"),
        ["no recipient"] = (m => m.Find("SubjectConfirmationData").RemoveAttribute("Recipient"), "recipient"),
        ["a confirmation without end"] = (m => m.Find("SubjectConfirmationData").RemoveAttribute("NotOnOrAfter"), "not_on_or_after"),
        ["a confirmation that is over"] = (m => m.Find("SubjectConfirmationData").SetAttribute("NotOnOrAfter", TestIdp.At(-3)), "not_on_or_after"),
        ["a confirmation with NotBefore"] = (m => m.Find("SubjectConfirmationData").SetAttribute("NotBefore", TestIdp.At(-3)), "subject_confirmation"),
        ["sender vouches"] = (m => m.Find("SubjectConfirmation").SetAttribute("Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"), "subject_confirmation"),
        ["no subject"] = (m => Remove(m, "Subject"), "subject_confirmation"),
        ["no confirmation"] = (m => Remove(m, "SubjectConfirmation"), "subject_confirmation"),
        ["conditions that are over"] = (m => m.Find("Conditions").SetAttribute("NotOnOrAfter", TestIdp.At(-3)), "not_on_or_after"),
        ["conditions to come"] = (m => m.Find("Conditions").SetAttribute("NotBefore", TestIdp.At(3)), "not_before"),
        ["no conditions"] = (m => Remove(m, "Conditions"), "conditions_understood"),
        ["a condition nobody knows"] = (m => m.Find("Conditions").AppendChild(m.CreateElement("x", "Condition", "urn:x")), "conditions_understood"),
        ["another audience"] = (m => m.Find("Audience").InnerText = "https://other.example", "audience"),
        ["no audience"] = (m => Remove(m, "AudienceRestriction"), "audience"),
        ["a second restriction for others"] = (m => m.Find("Conditions").AppendChild(m.Find("AudienceRestriction").CloneNode(true))!.FirstChild!.InnerText = "https://other.example", "audience"),
        ["no statement of signing in"] = (m => Remove(m, "AuthnStatement"), "authn_statement"),
        ["signed in tomorrow"] = (m => m.Find("AuthnStatement").SetAttribute("AuthnInstant", TestIdp.At(24 * 60)), "authn_statement"),
        ["a session that is over"] = (m => m.Find("AuthnStatement").SetAttribute("SessionNotOnOrAfter", TestIdp.At(-3)), "session_not_on_or_after"),
        ["issued in two days"] = (m => m.Assertion().SetAttribute("IssueInstant", TestIdp.At(2 * 24 * 60)), "issue_instant"),
        ["issued two days ago"] = (m => m.Assertion().SetAttribute("IssueInstant", TestIdp.At(-2 * 24 * 60)), "issue_instant"),
        ["a time of the year 9999"] = (m => m.Assertion().SetAttribute("IssueInstant", "9999-12-31T23:59:59.9999999Z"), "issue_instant"),
        ["a time that is none"] = (m => m.Assertion().SetAttribute("IssueInstant", "yesterday"), "issue_instant"),
        ["an encrypted name"] = (m => Rename(m, "NameID", "EncryptedID"), "name_id"),
        ["two names"] = (m => m.Find("Subject").InsertBefore(m.Find("NameID").CloneNode(true), m.Find("NameID")), "name_id"),
        ["a name of white space"] = (m => m.Find("NameID").InnerText = " \n ", "name_id"),
        ["an empty name"] = (m => m.Find("NameID").InnerText = "", "name_id"),
        ["a name with elements in it"] = (m => m.Find("NameID").AppendChild(m.CreateElement("x", "b", "urn:x")), "name_id"),
        ["an answer to nothing"] = (m => { m.DocumentElement!.RemoveAttribute("InResponseTo"); m.Find("SubjectConfirmationData").RemoveAttribute("InResponseTo"); }, "in_response_to_missing"),
        ["two requests"] = (m => m.DocumentElement!.SetAttribute("InResponseTo", "_other"), "in_response_to"),
        ["a second assertion"] = (m => ((XmlElement)m.DocumentElement!.AppendChild(m.Assertion().CloneNode(true))!).SetAttribute("ID", "_assertion2"), "one_assertion"),
        ["an assertion in advice"] = (m => Nest(m, "Advice"), "one_assertion"),
        ["a repeated ID"] = (m => m.Find("Attribute").SetAttribute("ID", "_assertion1"), "ids_unique"),
        ["an Id beside the ID"] = (m => m.Find("Attribute").SetAttribute("Id", "_assertion1"), "ids_unique"),
        ["an ID with a namespace"] = (m => m.Find("Attribute").SetAttribute("ID", "urn:oasis:names:tc:SAML:2.0:assertion", "_x"), "ids_unique"),
        ["an attribute without a name"] = (m => m.Find("Attribute").RemoveAttribute("Name"), "attributes"),
    };

    public static TheoryData<string> Names => [.. Mutations.Keys];

    [Theory, MemberData(nameof(Names))]
    public void One_change_is_refused_by_the_rule_that_it_breaks(string name)
    {
        var message = TestIdp.Message();
        Mutations[name].Change(message);

        // What the shape of the document decides comes before any signature, and the platform signs no such document.
        var signs = Mutations[name].Rule is not ("one_assertion" or "ids_unique");
        var verdict = ResponseValidator.Validate((signs ? message.SignAssertion() : message).Encode(), TestIdp.Rules);

        Assert.Equal(Mutations[name].Rule, verdict.Failure?.Rule.Code);
    }

    [Fact]
    public void Without_a_change_it_is_accepted_and_says_what_was_sent()
    {
        var verdict = ResponseValidator.Validate(TestIdp.Message().SignAssertion().Encode(), TestIdp.Rules);

        Assert.True(verdict.IsOk, verdict.Failure?.ToString());
        Assert.Equal((TestIdp.Subject, TestIdp.Request, "_session1", TestIdp.Certificate.Thumbprint), (verdict.Value.NameId?.Value, verdict.Value.InResponseTo, verdict.Value.SessionIndex, verdict.Value.SignedBy));
        Assert.Equal(["engineering", "billing"], verdict.Value.Attributes.Single(a => a.Name == "groups").Values);
    }

    [Theory]
    [InlineData(false, true, null)]
    [InlineData(true, true, null)]
    [InlineData(true, false, null)]
    [InlineData(true, true, "saml xs")]
    public void Signed_inside_outside_or_both_it_is_accepted(bool assertion, bool response, string? prefixes)
    {
        var message = TestIdp.Message();
        if (assertion) message.Sign(message.Assertion(), prefixes: prefixes);
        if (response) message.SignResponse();

        Assert.True(ResponseValidator.Validate(message.Encode(), TestIdp.Rules).IsOk);
    }

    [Fact]
    public void White_space_in_base64_and_nine_digits_of_a_second_are_genuine()
    {
        var message = TestIdp.Message();
        message.Assertion().SetAttribute("IssueInstant", "2026-11-26T12:00:00.123456789Z");
        var encoded = string.Join("\r\n", message.SignAssertion().Encode().Chunk(76).Select(line => new string(line)));

        Assert.Null(ResponseValidator.Validate(encoded, TestIdp.Rules).Failure);
    }

    [Fact]
    public void Spaces_around_a_name_are_part_of_it()
    {
        var message = TestIdp.Message();
        message.Find("NameID").InnerText = " " + TestIdp.Subject;

        Assert.Equal(" " + TestIdp.Subject, ResponseValidator.Validate(message.SignAssertion().Encode(), TestIdp.Rules).Value?.NameId?.Value);
    }

    [Fact]
    public void An_answer_matches_its_own_request_only()
    {
        var response = ResponseValidator.Validate(TestIdp.Message().SignAssertion().Encode(), TestIdp.Rules).Value!; // accepted above
        var request = new RequestFacts(TestIdp.Request, TestIdp.Now, ForceAuthn: true, TimeSpan.Zero, TestIdp.Now);

        Assert.True(ResponseValidator.Match(response, request).IsOk);
        Assert.Equal("in_response_to", ResponseValidator.Match(response, request with { Id = "_other" }).Failure?.Rule.Code);
        Assert.Equal("in_response_to", ResponseValidator.Match(response with { InResponseTo = null }, request).Failure?.Rule.Code);
        Assert.Equal("authn_instant", ResponseValidator.Match(response, request with { IssuedAt = TestIdp.Now.AddSeconds(1) }).Failure?.Rule.Code);
        Assert.Equal("authn_context", ResponseValidator.Match(response, request with { RequestedContexts = ["urn:x:mfa"] }).Failure?.Rule.Code);
    }

    [Fact]
    [Trait("Attack", "I")]
    public void A_second_confirmation_that_ends_later_does_not_outlive_the_memory_of_the_assertion()
    {
        var message = TestIdp.Message();
        var second = (XmlElement)message.Find("Subject").AppendChild(message.Find("SubjectConfirmation").CloneNode(true))!; // just added
        ((XmlElement)second.FirstChild!).SetAttribute("NotOnOrAfter", TestIdp.At(60));
        message.Find("Conditions").SetAttribute("NotOnOrAfter", TestIdp.At(60));
        var encoded = message.SignAssertion().Encode();
        var until = ResponseValidator.Validate(encoded, TestIdp.Rules).Value!.ReplayUntil; // accepted

        var later = TestIdp.Now.AddMinutes(30);
        Assert.True(ResponseValidator.Validate(encoded, TestIdp.Rules with { Now = later }).IsOk);
        Assert.True(until > later);
    }

    [Fact]
    public void It_is_remembered_for_as_long_as_it_would_be_accepted()
    {
        var message = TestIdp.Message();
        message.Find("SubjectConfirmationData").SetAttribute("NotOnOrAfter", "9999-12-31T23:59:59Z");
        message.Find("Conditions").SetAttribute("NotOnOrAfter", "9999-12-31T23:59:59Z");
        var encoded = message.SignAssertion().Encode();
        var until = ResponseValidator.Validate(encoded, TestIdp.Rules).Value!.ReplayUntil; // accepted

        Assert.Equal(TestIdp.Now.AddDays(1).AddSeconds(120), until);
        Assert.True(ResponseValidator.Validate(encoded, TestIdp.Rules with { Now = until.AddSeconds(-1) }).IsOk);
        Assert.False(ResponseValidator.Validate(encoded, TestIdp.Rules with { Now = until }).IsOk);
    }

    private static void Remove(XmlDocument message, string name) => message.Find(name).ParentNode!.RemoveChild(message.Find(name)); // an element of the message

    private static void Rename(XmlDocument message, string from, string to)
    {
        var old = message.Find(from);
        var renamed = message.CreateElement(old.Prefix, to, old.NamespaceURI);
        foreach (XmlAttribute attribute in old.Attributes.Cast<XmlAttribute>().ToList()) renamed.SetAttributeNode(old.RemoveAttributeNode(attribute)!); // its own
        while (old.FirstChild is { } child) renamed.AppendChild(child);
        old.ParentNode!.ReplaceChild(renamed, old); // in the message
    }

    private static void Nest(XmlDocument message, string name)
    {
        var copy = (XmlElement)message.Assertion().CloneNode(true);
        copy.SetAttribute("ID", "_nested");
        message.Assertion().AppendChild(message.CreateElement("saml", name, "urn:oasis:names:tc:SAML:2.0:assertion"))!.AppendChild(copy); // just added
    }
}
