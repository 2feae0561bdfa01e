using System.Text;
using System.Xml;
using TenantIdP.Saml.Responses;
using Xunit;

namespace TenantIdP.Saml.Tests.Responses;

/// <summary>Somebody has one genuine message and wants to be somebody else (SAML.md section 2): wherever the genuine part is moved, the forged one is not believed.</summary>
[Trait("Attack", "I")]
public sealed class WrappingAttackTests
{
    private const string Victim = "subject-of-the-victim";
    private const string SamlpNs = "urn:oasis:names:tc:SAML:2.0:protocol";
    private const string SamlNs = "urn:oasis:names:tc:SAML:2.0:assertion";
    private const string DsNs = "http://www.w3.org/2000/09/xmldsig#";

    private static readonly Dictionary<string, Func<XmlDocument>> Forgeries = new()
    {
        ["XSW1: forged response around, original in its signature"] = () => WrapResponse((forged, original) => Signature(forged).AppendChild(original)),
        ["XSW2: forged response, detached signature before the original"] = () => WrapResponse((forged, original) => forged.InsertBefore(original, Signature(forged))),
        ["XSW3: forged assertion before the original"] = () => WrapAssertion((forged, original) => original.ParentNode!.InsertBefore(forged, original)),
        ["XSW4: original inside the forged one"] = () => WrapAssertion((forged, original) => { original.ParentNode!.ReplaceChild(forged, original); forged.AppendChild(original); }),
        ["XSW5: signature in the forged one, original at the end"] = () => WrapAssertion((forged, original) => { forged.AppendChild(Signature(original)); original.ParentNode!.InsertBefore(forged, original); }),
        ["XSW6: original in the moved signature"] = () => WrapAssertion((forged, original) =>
        {
            var signature = Signature(original);
            forged.AppendChild(signature);
            original.ParentNode!.ReplaceChild(forged, original);
            signature.AppendChild(original);
        }),
        ["XSW7: forged one in Extensions"] = () => WrapAssertion((forged, original) => original.ParentNode!.InsertBefore(original.OwnerDocument.CreateElement("samlp", "Extensions", SamlpNs), original)!.AppendChild(forged)),
        ["XSW8: original in an Object of the signature"] = () => WrapAssertion((forged, original) =>
        {
            var signature = Signature(original);
            forged.AppendChild(signature);
            original.ParentNode!.ReplaceChild(forged, original);
            signature.AppendChild(original.OwnerDocument.CreateElement("ds", "Object", DsNs))!.AppendChild(original);
        }),
        ["the same ID twice"] = () => WrapAssertion((forged, original) => { forged.SetAttribute("ID", original.GetAttribute("ID")); original.ParentNode!.InsertBefore(forged, original); }),
        ["original in StatusDetail"] = () => WrapAssertion((forged, original) =>
        {
            forged.AppendChild(Signature(original));
            original.ParentNode!.ReplaceChild(forged, original);
            original.OwnerDocument.Find("Status").AppendChild(original.OwnerDocument.CreateElement("samlp", "StatusDetail", SamlpNs))!.AppendChild(original);
        }),
        ["original in an attribute's value"] = () => WrapAssertion((forged, original) =>
        {
            forged.AppendChild(Signature(original));
            original.ParentNode!.ReplaceChild(forged, original);
            forged.GetElementsByTagName("saml:AttributeValue")[0]!.AppendChild(original);
        }),
        ["original in Advice, signed by reference from outside"] = () => WrapAssertion((forged, original) =>
        {
            original.ParentNode!.ReplaceChild(forged, original);
            forged.AppendChild(original.OwnerDocument.CreateElement("saml", "Advice", SamlNs))!.AppendChild(original);
        }),
        ["the signature at the response, over the assertion"] = () => WrapAssertion((forged, original) => { original.ParentNode!.AppendChild(Signature(original)); Name(original).InnerText = Victim; }),
        ["the name changed after signing"] = () => Changed(m => m.Find("NameID").InnerText = Victim),
        ["an attribute added after signing"] = () => Changed(m => m.Find("AttributeStatement").AppendChild(m.Find("Attribute").CloneNode(true))),
        ["a comment in the name"] = () => Changed(m => { m.Find("NameID").InnerText = ""; m.Find("NameID").AppendChild(m.CreateTextNode(Victim)); m.Find("NameID").AppendChild(m.CreateComment("x")); }),
        ["signed by a stranger, certificate in KeyInfo"] = () => Forged().SignAssertion(byStranger: true),
        ["not signed"] = Forged,
        ["the signature taken away"] = () => Changed(m => { m.Find("Signature").ParentNode!.RemoveChild(m.Find("Signature")); m.Find("NameID").InnerText = Victim; }),
        ["HMAC with the public key"] = () => Changed(m => { m.Find("SignatureMethod").SetAttribute("Algorithm", DsNs + "hmac-sha1"); m.Find("NameID").InnerText = Victim; }),
        ["the name of a .NET type as algorithm"] = () => Changed(m => m.Find("SignatureMethod").SetAttribute("Algorithm", "System.Security.Cryptography.HMACSHA256")),
        ["ECDSA with an RSA key"] = () => Changed(m => m.Find("SignatureMethod").SetAttribute("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")),
        ["no reference"] = () => Changed(m => m.Find("Reference").ParentNode!.RemoveChild(m.Find("Reference"))),
        ["two references"] = () => Changed(m => m.Find("SignedInfo").AppendChild(m.Find("Reference").CloneNode(true))),
        ["a reference to everything"] = () => Changed(m => m.Find("Reference").SetAttribute("URI", "")),
        ["a reference by xpointer"] = () => Changed(m => m.Find("Reference").SetAttribute("URI", "#xpointer(/)")),
        ["a reference to a file"] = () => Changed(m => m.Find("Reference").SetAttribute("URI", "file:///etc/passwd")),
        ["a reference to an address"] = () => Changed(m => m.Find("Reference").SetAttribute("URI", "http://127.0.0.1/")),
        ["a third transform"] = () => Changed(m => m.Find("Transforms").AppendChild(Transform(m, "http://www.w3.org/TR/1999/REC-xslt-19991116"))),
        ["XPath for the enveloped transform"] = () => Changed(m => m.Find("Transform").SetAttribute("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")),
        ["five hundred transforms"] = () => Changed(m => { for (var i = 0; i < 500; i++) m.Find("Transforms").AppendChild(Transform(m, "http://www.w3.org/2001/10/xml-exc-c14n#")); }),
        ["a second SignedInfo"] = () => Changed(m => m.Find("Signature").InsertBefore(m.Find("SignedInfo").CloneNode(true), m.Find("SignedInfo"))),
        ["a second DigestValue"] = () => Changed(m => m.Find("Reference").AppendChild(m.Find("DigestValue").CloneNode(true))),
        ["an Object in the signature"] = () => Changed(m => m.Find("Signature").AppendChild(m.CreateElement("ds", "Object", DsNs))),
        ["two signatures in the assertion"] = () => Changed(m => m.Assertion().InsertAfter(m.Find("Signature").CloneNode(true), m.Find("Signature"))),
        ["a digest that is no base64"] = () => Changed(m => m.Find("DigestValue").InnerText = "%%%"),
        ["a length for HMAC"] = () => Changed(m => m.Find("SignatureMethod").AppendChild(m.CreateElement("ds", "HMACOutputLength", DsNs))!.InnerText = "0"),
        ["a look-alike of the namespace"] = () => TestIdp.Load(TestIdp.Message().SignAssertion().OuterXml.Replace(SamlpNs, SamlpNs + "/", StringComparison.Ordinal)),
        ["a signature by SHA-1"] = () => Sha1(TestIdp.Message()),
    };

    public static TheoryData<string> Names => [.. Forgeries.Keys];

    [Theory, MemberData(nameof(Names))]
    public void A_forgery_is_refused_and_nothing_unforeseen_happens(string name)
    {
        var verdict = ResponseValidator.Validate(Forgeries[name]().Encode(), TestIdp.Rules);

        Assert.False(verdict.IsOk);
        Assert.NotEqual("message_unreadable", verdict.Failure.Rule.Code);
    }

    [Theory]
    [InlineData("<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r>&x;</r>")]
    [InlineData("<!DOCTYPE r [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><r>&b;</r>")]
    [InlineData("<r>")]
    [InlineData("r")]
    public void What_is_no_message_is_refused(string text) =>
        Assert.Equal("message_not_xml", ResponseValidator.Validate(Convert.ToBase64String(Encoding.UTF8.GetBytes(text)), TestIdp.Rules).Failure?.Rule.Code);

    [Fact]
    public void Sha1_is_accepted_where_the_connection_allows_it_and_remarked_on()
    {
        var verdict = ResponseValidator.Validate(Sha1(TestIdp.Message()).Encode(), TestIdp.Rules with { AllowSha1 = true });

        Assert.True(verdict.IsOk);
        Assert.Contains(verdict.Checks, c => c is { Outcome: SamlOutcome.Warned, Rule.Code: "signature_method" });
    }

    [Fact]
    public void An_expired_certificate_is_remarked_on_or_refused_and_named()
    {
        var later = TestIdp.Rules with { Now = TestIdp.Now };
        var (old, message) = (TestIdp.Certificate.NotAfter.AddDays(12), TestIdp.Message());
        foreach (var time in message.GetElementsByTagName("*").Cast<XmlElement>().SelectMany(e => e.Attributes.Cast<XmlAttribute>()).Where(a => a.Name is "IssueInstant" or "AuthnInstant" or "NotBefore" or "NotOnOrAfter"))
            time.Value = DateTimeOffset.Parse(time.Value, System.Globalization.CultureInfo.InvariantCulture).Add(old - TestIdp.Now).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        var encoded = message.SignAssertion().Encode();

        var tolerant = ResponseValidator.Validate(encoded, later with { Now = old });
        var strict = ResponseValidator.Validate(encoded, later with { Now = old, RefuseExpiredCertificates = true });

        Assert.Contains(tolerant.Checks, c => c is { Outcome: SamlOutcome.Warned, Rule.Code: "certificate_expired" });
        Assert.True(tolerant.IsOk, tolerant.Failure?.ToString());
        Assert.Equal("certificate_expired", strict.Failure?.Rule.Code);
        Assert.Contains("12 days ago", strict.Failure?.Seen, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rotated_certificate_is_named_for_the_admin_and_not_believed()
    {
        var failure = ResponseValidator.Validate(TestIdp.Message().SignAssertion(byStranger: true).Encode(), TestIdp.Rules).Failure;

        Assert.Equal("signature_value", failure?.Rule.Code);
        Assert.Contains("CN=stranger", failure?.Seen, StringComparison.Ordinal);
        Assert.Contains("not pinned", failure?.Seen, StringComparison.Ordinal);
    }

    private static XmlDocument Sha1(XmlDocument message) =>
        message.Sign(message.Assertion(), method: "http://www.w3.org/2000/09/xmldsig#rsa-sha1", digest: "http://www.w3.org/2000/09/xmldsig#sha1");

    private static XmlDocument Forged()
    {
        var message = TestIdp.Message();
        message.Find("NameID").InnerText = Victim;
        return message;
    }

    private static XmlDocument Changed(Action<XmlDocument> change)
    {
        var message = TestIdp.Load(TestIdp.Message().SignAssertion().OuterXml);
        change(message);
        return message;
    }

    private static XmlDocument WrapAssertion(Action<XmlElement, XmlElement> place) => Changed(message =>
    {
        var original = message.Assertion();
        var forged = (XmlElement)original.CloneNode(true);
        forged.SetAttribute("ID", "_forged");
        forged.RemoveChild(Signature(forged));
        Name(forged).InnerText = Victim;
        place(forged, original);
    });

    private static XmlDocument WrapResponse(Action<XmlElement, XmlElement> place)
    {
        var message = TestIdp.Load(TestIdp.Message().SignResponse().OuterXml);
        var original = (XmlElement)message.DocumentElement!.CloneNode(true);
        original.RemoveChild(Signature(original));
        var forged = message.DocumentElement;
        forged.SetAttribute("ID", "_forged");
        Name(forged).InnerText = Victim;
        place(forged, original);
        return message;
    }

    private static XmlElement Signature(XmlElement element) => element.ChildNodes.OfType<XmlElement>().First(e => e.LocalName == "Signature");

    private static XmlElement Name(XmlElement element) => element.GetElementsByTagName("saml:NameID").OfType<XmlElement>().First();

    private static XmlElement Transform(XmlDocument message, string algorithm)
    {
        var transform = message.CreateElement("Transform", DsNs);
        transform.SetAttribute("Algorithm", algorithm);
        return transform;
    }
}
