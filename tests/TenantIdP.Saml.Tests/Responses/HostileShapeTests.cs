using System.Text;
using System.Xml;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Logout;
using TenantIdP.Saml.Responses;
using TenantIdP.Saml.Tests.Logout;
using Xunit;

namespace TenantIdP.Saml.Tests.Responses;

/// <summary>Shapes of documents that some other reader fell for, each told by its rule; and what is accepted but must not go unnoticed.</summary>
[Trait("Attack", "I")]
public sealed class HostileShapeTests : IDisposable
{
    private const string SamlNs = SamlNames.AssertionNamespace;
    private const string Gcm = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
    private const string Cbc = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";

    private readonly SamlKeyPair ours = OurKey.Make();

    private ResponseRules Rules => TestIdp.Rules with { DecryptionKeys = [ours] };

    [Theory]
    [InlineData("<samlp:Extensions>", "</samlp:Extensions>")]
    [InlineData("<samlp:Extensions><x:Response xmlns:x=\"urn:x\">", "</x:Response></samlp:Extensions>")]
    [InlineData("<samlp:Extensions><x:Assertion xmlns:x=\"urn:x\">", "</x:Assertion></samlp:Extensions>")]
    [InlineData("<samlp:Extensions><samlp:Response>", "</samlp:Response></samlp:Extensions>")]
    [InlineData("<saml:Advice>", "</saml:Advice>")]
    [InlineData("<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">", "</ds:Object>")]
    public void A_signature_anywhere_else_is_refused(string before, string after)
    {
        var xml = TestIdp.Message().SignAssertion().OuterXml;
        var start = xml.IndexOf("<Signature", StringComparison.Ordinal);
        var signature = xml[start..(xml.IndexOf("</Signature>", StringComparison.Ordinal) + "</Signature>".Length)];

        Assert.Equal("signature_place", Rule(xml.Replace("<samlp:Status>", before + signature + after + "<samlp:Status>", StringComparison.Ordinal)));
        Assert.Equal("signature_place", Rule(xml.Replace("<saml:Subject>", before + signature + after + "<saml:Subject>", StringComparison.Ordinal)));
    }

    [Theory, InlineData("ID"), InlineData("Id"), InlineData("id"), InlineData("iD"), InlineData("xml:id"), InlineData("saml:ID"), InlineData("samlp:id")]
    public void An_id_that_somebody_could_take_for_the_assertions_is_refused(string name)
    {
        var xml = TestIdp.Message().SignAssertion().OuterXml;

        Assert.Equal("ids_unique", Rule(xml.Replace("<samlp:Status>", $"<samlp:Status {name}=\"_assertion1\">", StringComparison.Ordinal)));
        Assert.Equal("ids_unique", Rule(xml.Replace("<KeyInfo>", $"<KeyInfo {name}=\"_assertion1\" xmlns:saml=\"{SamlNs}\" xmlns:samlp=\"{SamlNames.ProtocolNamespace}\">", StringComparison.Ordinal)));
    }

    [Fact]
    public void An_encrypted_assertion_beside_a_plain_one_is_refused()
    {
        var encrypted = TestIdp.Message().SignAssertion().Encrypt(ours, Gcm);
        var plain = TestIdp.Message().SignAssertion();
        var both = plain.OuterXml.Replace("</samlp:Response>", encrypted.Find("EncryptedAssertion").OuterXml + "</samlp:Response>", StringComparison.Ordinal);

        Assert.Equal("one_assertion", Rule(both));
    }

    [Theory, InlineData("subject<!-- -->-1"), InlineData("subject<![CDATA[-]]>1"), InlineData("subject<?x?>-1"), InlineData("subject&x;-1")]
    public void A_name_that_two_readers_read_differently_is_refused_though_it_is_signed(string name) =>
        Assert.Equal("message_not_xml", Rule(TestIdp.Message().SignAssertion().OuterXml.Replace(">subject-1<", $">{name}<", StringComparison.Ordinal)));

    [Fact]
    public void A_name_by_character_references_is_the_same_name() =>
        Assert.Equal(TestIdp.Subject, ResponseValidator.Validate(Encode(TestIdp.Message().SignAssertion().OuterXml.Replace(">subject-1<", ">&#115;ubject&#x2D;1<", StringComparison.Ordinal)), Rules).Value?.NameId?.Value);

    [Theory]
    [InlineData("<saml:Audience>https://sp.example.test/metadata</saml:Audience>", "<saml:Audience/>", "audience")]
    [InlineData("<saml:Audience>https://sp.example.test/metadata</saml:Audience>", "", "audience")]
    [InlineData("NotBefore=\"2026-11-26T11:59:00Z\" NotOnOrAfter=\"2026-11-26T12:05:00Z\"", "NotBefore=\"2026-11-26T12:01:00Z\" NotOnOrAfter=\"2026-11-26T11:59:00Z\"", "not_before")]
    [InlineData("NotBefore=\"2026-11-26T11:59:00Z\"", "NotBefore=\"0001-01-01T00:00:00+14:00\"", "not_before")]
    [InlineData("NotBefore=\"2026-11-26T11:59:00Z\"", "NotBefore=\"9999-12-31T23:59:59-14:00\"", "not_before")]
    [InlineData("AuthnInstant=\"2026-11-26T12:00:00Z\"", "AuthnInstant=\"2026-11-26T12:00:00\"", "authn_statement")]
    [InlineData("AuthnInstant=\"2026-11-26T12:00:00Z\"", "AuthnInstant=\"2026-11-26T12:00:00Z\" SessionNotOnOrAfter=\"0000-00-00T99:99:99Z\"", "session_not_on_or_after")]
    [InlineData("AuthnInstant=\"2026-11-26T12:00:00Z\"", "AuthnInstant=\"2026-11-26T12:00:00Z\" SessionNotOnOrAfter=\"2026-11-26T11:58:00Z\"", "session_not_on_or_after")]
    public void Nothing_and_times_out_of_range_hold_nowhere(string part, string instead, string rule)
    {
        var xml = TestIdp.Message().OuterXml;
        Assert.Contains(part, xml, StringComparison.Ordinal);

        Assert.Equal(rule, Rule(TestIdp.Load(xml.Replace(part, instead, StringComparison.Ordinal)).SignAssertion().OuterXml));
    }

    [Fact]
    public void A_beginning_on_the_first_day_of_the_calendar_has_begun()
    {
        var message = TestIdp.Message();
        message.Find("Conditions").SetAttribute("NotBefore", "0001-01-01T00:00:00Z");

        Assert.Null(Rule(message.SignAssertion().OuterXml));
    }

    /// <summary>What is signed as one kind of message is not believed as another.</summary>
    [Fact]
    public void A_signed_assertion_or_logout_request_is_no_response_and_a_response_no_logout()
    {
        var response = TestIdp.Message().SignResponse();
        var rules = IdpLogout.Rules with { Certificates = [TestIdp.Certificate, IdpLogout.Key.Certificate] };

        Assert.Equal("root_not_response", Rule(TestIdp.Message().SignAssertion().Assertion().OuterXml));
        Assert.Equal("root_not_response", ResponseValidator.Validate(IdpLogout.Field(LogoutWriter.Write(IdpLogout.Request), IdpLogout.Key), TestIdp.Rules).Failure?.Rule.Code);
        Assert.Equal("logout_message", LogoutValidator.ReadRequest(IdpLogout.FromPost(response.Encode()), rules).Failure?.Rule.Code);
        Assert.Equal("logout_message", LogoutValidator.ReadResponse(IdpLogout.FromPost(response.Encode()), rules).Failure?.Rule.Code);
        Assert.Equal("logout_message", LogoutValidator.ReadRequest(IdpLogout.FromPost(IdpLogout.Encode(TestIdp.Message().SignAssertion().Assertion().OuterXml)), rules).Failure?.Rule.Code);
    }

    /// <summary>
    /// Exclusive canonicalisation leaves out declarations that nothing visible uses, so whoever carries a message may change them. What is encrypted without a signature of its
    /// own must not be read by them: here an attribute statement would vanish.
    /// </summary>
    [Theory, InlineData("urn:other"), InlineData(SamlNs)]
    public void A_declaration_that_no_signature_covers_has_no_effect_on_what_was_encrypted(string changed)
    {
        var message = TestIdp.Message();
        message.DocumentElement!.SetAttribute("xmlns:x", SamlNs); // a message has one
        var plain = message.Assertion().OuterXml.Replace("saml:AttributeStatement>", "x:AttributeStatement>", StringComparison.Ordinal).Replace($" xmlns:x=\"{SamlNs}\"", "", StringComparison.Ordinal);
        Assert.Contains("<x:AttributeStatement>", plain, StringComparison.Ordinal);
        var signed = message.Encrypt(ours, Gcm, plain: plain).SignResponse().OuterXml;
        Assert.Contains($" xmlns:x=\"{SamlNs}\"", signed, StringComparison.Ordinal);

        Assert.Equal("decryption", Rule(signed.Replace($" xmlns:x=\"{SamlNs}\"", $" xmlns:x=\"{changed}\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_was_encrypted_may_use_the_declarations_that_the_signature_covers()
    {
        var message = TestIdp.Message();
        var plain = message.Assertion().OuterXml.Replace($" xmlns:saml=\"{SamlNs}\"", "", StringComparison.Ordinal);

        Assert.Null(Rule(message.Encrypt(ours, Gcm, plain: plain).SignResponse().OuterXml));
    }

    [Theory]
    [InlineData("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", "http://www.w3.org/2001/04/xmlenc#sha256")]
    [InlineData("http://www.w3.org/2009/xmlenc11#rsa-oaep", "http://www.w3.org/2001/04/xmlenc#sha256")]
    [InlineData("http://www.w3.org/2009/xmlenc11#rsa-oaep", "http://www.w3.org/2001/04/xmlenc#sha512")]
    public void A_way_of_wrapping_keys_that_can_not_be_opened_is_named(string method, string digest)
    {
        var message = TestIdp.Message().SignAssertion().Encrypt(ours, Gcm, keyMethod: method);
        var of = (XmlElement)message.Find("EncryptedKey").FirstChild!; // its EncryptionMethod
        of.AppendChild(message.CreateElement("ds", "DigestMethod", SamlNames.SignatureNamespace));
        ((XmlElement)of.FirstChild!).SetAttribute("Algorithm", digest); // just added

        var failure = ResponseValidator.Validate(message.Encode(), Rules).Failure;

        Assert.Equal(("key_transport", $"{method} with {digest}"), (failure?.Rule.Code, failure?.Seen));
    }

    /// <summary>One list for what must not be told and one for what may: after all holds, it is told.</summary>
    [Fact]
    public void The_checks_inside_an_encryption_without_a_tag_are_told_once_it_is_accepted()
    {
        var verdict = ResponseValidator.Validate(TestIdp.Message().SignAssertion().Encrypt(ours, Cbc).Encode(), Rules with { AllowAesCbc = true });

        Assert.True(verdict.IsOk, verdict.Failure?.ToString());
        Assert.Single(verdict.Checks, c => c.Rule.Code == "signature_value");
    }

    [Fact]
    public void What_is_left_out_is_remarked_on()
    {
        var message = TestIdp.Message();
        message.Find("AttributeStatement").AppendChild(message.CreateElement("saml", "EncryptedAttribute", SamlNs));
        message.Assertion().InsertAfter(message.Find("AuthnStatement").CloneNode(true), message.Find("AuthnStatement"));
        message.Find("AuthnStatement").SetAttribute("SessionIndex", new string('s', 257));

        var verdict = ResponseValidator.Validate(message.SignAssertion().Encode(), Rules);

        Assert.True(verdict.IsOk, verdict.Failure?.ToString());
        Assert.Null(verdict.Value.SessionIndex);
        Assert.Equal(["authn_statement", "encrypted_attributes", "session_index"], verdict.Checks.Where(c => c.Outcome == SamlOutcome.Warned).Select(c => c.Rule.Code).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("<saml:Assertion xmlns:xml=\"http://www.w3.org/XML/1998/namespace\" ", true)]
    [InlineData("<saml:Assertion xmlns=\"\" ", true)]
    [InlineData("<samlp:Response xmlns:xml=\"http://www.w3.org/XML/1998/namespace\" ", false)]
    [InlineData("<samlp:Response xml:base=\"http://x/\" xmlns=\"urn:x\" xmlns:y=\"urn:y\" ", false)]
    public void Declarations_that_mean_nothing_are_no_surprise(string start, bool isSigned)
    {
        var name = start.Split(' ')[0] + " ";
        var before = isSigned ? TestIdp.Load(TestIdp.Message().OuterXml.Replace(name, start, StringComparison.Ordinal)) : TestIdp.Message();
        var signed = before.SignAssertion().OuterXml;

        Assert.Null(Rule(isSigned ? signed : signed.Replace(name, start, StringComparison.Ordinal)));
    }

    public void Dispose() => ours.Dispose();

    private static string Encode(string xml) => Convert.ToBase64String(Encoding.UTF8.GetBytes(xml));

    private string? Rule(string xml) => ResponseValidator.Validate(Encode(xml), Rules).Failure?.Rule.Code;
}
