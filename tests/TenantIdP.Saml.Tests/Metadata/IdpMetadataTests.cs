using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Xml;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Metadata;
using Xunit;

namespace TenantIdP.Saml.Tests.Metadata;

public sealed class IdpMetadataTests
{
    private const string Id = "https://idp.example.test";
    private static readonly string First = Certificate(OurKey.Now.AddDays(365));
    private static readonly string Second = Certificate(OurKey.Now.AddDays(365));
    private static readonly string Valid = Entity(Id, Key(First));

    [Theory, InlineData("samlp"), InlineData("simplesamlphp"), InlineData("simplesamlphp-rollover")]
    public void Genuine_metadata_says_what_is_known_of_it(string name)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Fixtures", "metadata", name);
        var facts = JsonDocument.Parse(File.ReadAllText(path + ".json")).RootElement;

        var read = IdpMetadataReader.Read(File.ReadAllText(path + ".xml"), null, OurKey.Now, allowHttp: true).Value;

        Assert.NotNull(read);
        Assert.Equal(facts.GetProperty("idpEntityId").GetString(), read.EntityId);
        Assert.Equal((facts.GetProperty("singleSignOn").GetString(), facts.GetProperty("singleSignOn").GetString()), (read.SsoRedirectUrl, read.SsoPostUrl));
        Assert.Equal((facts.GetProperty("singleLogout").GetString(), facts.GetProperty("singleLogout").GetString()), (read.SloRedirectUrl, read.SloPostUrl));
        Assert.Equal(facts.GetProperty("signingCertificates").GetInt32(), read.SigningCertificates.Count);
        Assert.Contains(facts.GetProperty("signs").GetString(), read.SigningCertificates.Select(c => Convert.ToBase64String(c.Der.Span)));
        Assert.Equal((false, null, 0), (read.WantAuthnRequestsSigned, read.ValidUntil, read.OtherEntityIds.Count));
    }

    [Fact]
    public void Everything_that_it_says_is_read()
    {
        var read = Accept("\uFEFF\n" + Entity(
            Id, Key(First) + Key(Second, "encryption"),
            """
            <SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://idp.example.test/soap"/>
            <SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.test/slo" ResponseLocation="https://idp.example.test/slo/done"/>
            <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.test/sso?x=1"/>
            """,
            "validUntil='2026-12-01T00:00:00+02:00'", "WantAuthnRequestsSigned='1'"));

        Assert.Equal((null, "https://idp.example.test/sso?x=1"), (read.SsoRedirectUrl, read.SsoPostUrl));
        Assert.Equal((null, "https://idp.example.test/slo", "https://idp.example.test/slo/done"), (read.SloRedirectUrl, read.SloPostUrl, read.SloResponseUrl));
        Assert.True(read.WantAuthnRequestsSigned);
        Assert.Equal(new DateTimeOffset(2026, 11, 30, 22, 0, 0, TimeSpan.Zero), read.ValidUntil);
        Assert.Equal(First, Convert.ToBase64String(Assert.Single(read.SigningCertificates).Der.Span));
    }

    [Fact]
    public void Keys_without_a_use_sign_too_and_a_certificate_counts_once()
    {
        var read = Accept(Entity(Id, Key(First, null) + Key(Second, "signing") + Key(First.Insert(100, "\r\n  "), "signing")));

        Assert.Equal([First, Second], read.SigningCertificates.Select(c => Convert.ToBase64String(c.Der.Span)));
    }

    [Fact]
    public void Unreadable_and_expired_certificates_are_warnings_as_long_as_one_can_be_read()
    {
        var expired = Certificate(OurKey.Now.AddHours(-1));
        var verdict = Read(Entity(Id, Key("AAAA") + "<KeyDescriptor/>" + Key(expired)));

        Assert.Equal(expired, Convert.ToBase64String(Assert.Single(verdict.Value!.SigningCertificates).Der.Span)); // accepted, as the checks say
        Assert.Equal(3, verdict.Checks.Count(c => c.Rule == MetadataChecks.Certificate && c.Outcome == SamlOutcome.Warned));
    }

    /// <summary>The certificate of an authority would vouch for whatever it issues.</summary>
    [Fact]
    [Trait("Attack", "A3")]
    public void Of_a_chain_only_the_first_certificate_is_pinned()
    {
        var read = Accept(Entity(Id, $"<KeyDescriptor><KeyInfo xmlns='{SamlNames.SignatureNamespace}'><X509Data><X509Certificate>{First}</X509Certificate><X509Certificate>{Second}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"));

        Assert.Equal(First, Convert.ToBase64String(Assert.Single(read.SigningCertificates).Der.Span));
    }

    public static TheoryData<string, string> Refused => new()
    {
        { "", "metadata_document" },
        { "<html/>", "metadata_document" },
        { Valid[..^3], "metadata_document" },
        { $"<!DOCTYPE a [<!ENTITY b 'c'>]>{Valid}", "metadata_document" },
        { Valid.Replace(SamlNames.MetadataNamespace, "urn:other", StringComparison.Ordinal), "metadata_document" },
        { string.Concat(Enumerable.Repeat("<a>", 100_000)), "metadata_document" },
        { Valid.Replace("IDPSSODescriptor", "SPSSODescriptor", StringComparison.Ordinal), "metadata_role" },
        { Valid.Replace(SamlNames.ProtocolNamespace, "urn:oasis:names:tc:SAML:1.1:protocol", StringComparison.Ordinal), "metadata_role" },
        { Group(), "metadata_role" },
        { Entity("", Key(First)), "metadata_entity" },
        { Entity(new string('a', 1025), Key(First)), "metadata_entity" },
        { Group(Valid, Entity("urn:b", Key(First))), "metadata_entity" },
        { Entity(Id, Key(First), attributes: "validUntil='2026-11-26T12:00:00Z'"), "metadata_valid_until" },
        { Entity(Id, Key(First), roleAttributes: "validUntil='2020-01-01T00:00:00Z'"), "metadata_valid_until" },
        { Group(Valid).Replace("<EntitiesDescriptor", "<EntitiesDescriptor validUntil='2020-01-01T00:00:00Z'", StringComparison.Ordinal), "metadata_valid_until" },
        { Entity(Id, Key(First), attributes: "validUntil='soon'"), "metadata_valid_until" },
        { Entity(Id, ""), "metadata_certificate" },
        { Entity(Id, Key("AAAA")), "metadata_certificate" },
        { Entity(Id, Key(First, "encryption")), "metadata_certificate" },
        { Entity(Id, Key(Short())), "metadata_certificate" },
        { Entity(Id, Key(First), ""), "metadata_endpoint" },
        { Valid.Replace("https://idp.example.test/sso", "http://idp.example.test/sso", StringComparison.Ordinal), "metadata_endpoint" },
        { Valid.Replace("https://idp.example.test/sso", "javascript:alert(1)", StringComparison.Ordinal), "metadata_endpoint" },
        { Valid.Replace("https://idp.example.test/sso", "https://a:b@idp.example.test/sso", StringComparison.Ordinal), "metadata_endpoint" },
        { Valid.Replace("https://idp.example.test/sso", "/sso", StringComparison.Ordinal), "metadata_endpoint" },
    };

    [Theory(DisableDiscoveryEnumeration = true), MemberData(nameof(Refused))]
    public void One_thing_wrong_is_one_rule_that_fails(string xml, string rule) => Assert.Equal(rule, Read(xml).Failure?.Rule.Code);

    [Fact]
    public void The_one_identity_provider_of_nested_groups_needs_no_choice()
    {
        var application = Entity("urn:sp", Key(First)).Replace("IDPSSODescriptor", "SPSSODescriptor", StringComparison.Ordinal);

        Assert.Equal(Id, Accept(Group(application, Group(Group(), Group(Valid)))).EntityId);
    }

    [Fact]
    public void Of_several_the_named_one_is_read_and_the_others_are_told()
    {
        var several = Group(Entity("urn:a", Key(First)), Group(Entity("urn:b", Key(Second)), Entity("urn:c", Key(First))));

        var read = Read(several, "urn:b").Value;

        Assert.Equal(("urn:b", Second), (read!.EntityId, Convert.ToBase64String(Assert.Single(read.SigningCertificates).Der.Span))); // accepted
        Assert.Equal(["urn:a", "urn:c"], read.OtherEntityIds);
        Assert.Equal("metadata_entity", Read(several, "urn:B").Failure?.Rule.Code);
        Assert.Equal("metadata_entity", Read(Group(several, Entity("urn:b", Key(First))), "urn:b").Failure?.Rule.Code);
    }

    [Fact]
    public void Without_a_choice_twenty_of_them_are_listed()
    {
        var seen = Read(Group([.. Enumerable.Range(1, 25).Select(i => Entity($"urn:idp:{i}", Key(First)))])).Failure?.Seen;

        Assert.EndsWith("urn:idp:19, urn:idp:20 and 5 more", seen, StringComparison.Ordinal);
    }

    /// <summary>A genuine document with any one element or attribute taken out.</summary>
    [Fact]
    public void Whatever_is_missing_it_never_throws()
    {
        var genuine = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "metadata", "simplesamlphp.xml"));
        var parts = OurKey.Parse(genuine).SelectNodes("//* | //@*")!.Count; // never null
        var refused = 0;
        for (var i = 0; i < parts; i++)
        {
            var root = OurKey.Parse(genuine);
            var part = root.SelectNodes("//* | //@*")![i]!; // counted
            if (part == root) continue;
            if (part is XmlAttribute { OwnerElement: { } owner } attribute) owner.RemoveAttributeNode(attribute);
            else part.ParentNode!.RemoveChild(part); // not the root
            if (!IdpMetadataReader.Read(root.OuterXml, null, OurKey.Now, allowHttp: true).IsOk) refused++;
        }

        Assert.InRange(refused, 5, parts - 5);
    }

    private static SamlVerdict<IdpMetadata> Read(string xml, string? entityId = null) => IdpMetadataReader.Read(xml, entityId, OurKey.Now, allowHttp: false);

    private static IdpMetadata Accept(string xml)
    {
        var verdict = Read(xml);
        Assert.True(verdict.IsOk, verdict.Failure?.Seen);
        return verdict.Value;
    }

    private static string Entity(string id, string keys, string? endpoints = null, string attributes = "", string roleAttributes = "") =>
        $"""
        <EntityDescriptor xmlns="{SamlNames.MetadataNamespace}" entityID="{id}" {attributes}><IDPSSODescriptor protocolSupportEnumeration="urn:x {SamlNames.ProtocolNamespace}" {roleAttributes}>{keys}
        {endpoints ?? $"<SingleSignOnService Binding='{SamlNames.RedirectBinding}' Location='https://idp.example.test/sso'/>"}</IDPSSODescriptor></EntityDescriptor>
        """;

    private static string Group(params string[] inner) => $"<EntitiesDescriptor xmlns='{SamlNames.MetadataNamespace}'>{string.Concat(inner)}</EntitiesDescriptor>";

    private static string Key(string certificate, string? use = "signing") =>
        $"<KeyDescriptor{(use is null ? "" : $" use='{use}'")}><KeyInfo xmlns='{SamlNames.SignatureNamespace}'><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>";

    private static string Certificate(DateTimeOffset until) => Convert.ToBase64String(SamlKeyPair.Make("idp", until.AddDays(-400), until).Certificate);

    private static string Short()
    {
        using var key = RSA.Create(1024);
        using var certificate = new CertificateRequest("CN=short", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(OurKey.Now, OurKey.Now.AddDays(1));
        return Convert.ToBase64String(certificate.RawData);
    }
}
