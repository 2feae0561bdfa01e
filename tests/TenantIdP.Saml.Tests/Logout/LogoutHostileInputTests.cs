using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FsCheck.Xunit;
using TenantIdP.Saml.Bindings;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Logout;
using Xunit;

namespace TenantIdP.Saml.Tests.Logout;

/// <summary>Text that no identity provider sends. Every public method answers with a verdict, and none of them accepts.</summary>
[Trait("Attack", "I")]
public sealed class LogoutHostileInputTests
{
    private static readonly string Xml = LogoutWriter.Write(IdpLogout.Request);
    private static readonly string Signed = IdpLogout.Query(Xml, IdpLogout.Key);

    /// <summary>Not rows of a theory: attributes can't hold half a character.</summary>
    [Fact]
    public void Odd_characters_in_a_query_are_refused_without_an_exception()
    {
        foreach (var odd in new[] { "\uD800", "\uDFFF", "\0", "%", "%0", "%zz", "%00", "%ED%A0%80", "%FF", "%u0041", "\r\n", "ä", "%C3", "=", "&", "&&==", "+", "\uFEFF", "\U0001F600" })
        {
            foreach (var query in new[] { odd, odd + Signed, Signed + odd, Signed.Replace("SAMLRequest=", "SAMLRequest=" + odd, StringComparison.Ordinal), $"SAMLResponse={odd}&RelayState={odd}&SigAlg={odd}&Signature={odd}" })
            {
                var read = LogoutMessage.FromRedirect(query);
                Assert.NotEqual(LogoutChecks.Unreadable, read.Failure?.Rule);
                if (!read.IsOk) continue;
                var verdict = LogoutValidator.ReadRequest(read.Value, IdpLogout.Rules);
                Assert.NotEqual(LogoutChecks.Unreadable, verdict.Failure?.Rule);
                // What surrounds the base64, or stands in a parameter of somebody else's.
                if (verdict.IsOk) Assert.Equal(IdpLogout.Request.NameId, verdict.Value.NameId);
            }
        }
    }

    [Theory, InlineData("RelayState=state%201"), InlineData("SigAlg="), InlineData("SAMLRequest=")]
    public void A_character_that_an_address_can_not_have_is_refused_though_its_octets_would_be_those_signed(string part) =>
        Assert.Equal(LogoutChecks.Carried, LogoutMessage.FromRedirect(Signed.Replace(part, part + "\uD800", StringComparison.Ordinal)).Failure?.Rule);

    [Property(MaxTest = 500)]
    public bool Text_of_any_kind_is_refused(string? text) =>
        !LogoutMessage.FromRedirect(text ?? "").IsOk && !LogoutMessage.FromPost(text ?? "").IsOk && !LogoutMessage.FromPost(IdpLogout.Encode(text ?? "")).IsOk
            && !LogoutMessage.FromRedirect("SAMLRequest=" + text).IsOk;

    /// <summary>The server's own reader of queries does not tell large letters from small ones.</summary>
    [Theory, InlineData("&relaystate=other"), InlineData("&samlRequest=AAAA"), InlineData("&SAMLRESPONSE=AAAA"), InlineData("&sigalg=x"), InlineData("&signature=x")]
    public void A_name_in_other_letters_is_the_same_name_twice(string added) => Assert.Equal(LogoutChecks.Carried, LogoutMessage.FromRedirect(Signed + added).Failure?.Rule);

    [Theory, InlineData(DSASignatureFormat.Rfc3279DerSequence), InlineData(DSASignatureFormat.IeeeP1363FixedFieldConcatenation)]
    public void An_ecdsa_signature_of_an_address_may_have_either_form_and_holds_only_over_its_octets(DSASignatureFormat format)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = new CertificateRequest("CN=idp", key, HashAlgorithmName.SHA256).CreateSelfSigned(OurKey.Now.AddDays(-1), OurKey.Now.AddDays(1));
        Assert.True(SamlCertificate.TryRead(made.RawData, out var certificate));
        var rules = IdpLogout.Rules with { Certificates = [certificate!] }; // just read
        var octets = Signed[1..].Split("&Signature=")[0].Replace("rsa-sha256", "ecdsa-sha256", StringComparison.Ordinal);
        var signature = key.SignData(Encoding.ASCII.GetBytes(octets), HashAlgorithmName.SHA256, format);

        Assert.True(LogoutValidator.ReadRequest(Message(octets, signature), rules).IsOk);
        Assert.Equal("signature_value", LogoutValidator.ReadRequest(Message(octets.Replace("state", "State", StringComparison.Ordinal), signature), rules).Failure?.Rule.Code);
        foreach (var broken in new byte[][] { [], [0x30], [0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], [0x30, 0x06, 2, 1, 0, 2, 1, 0], new byte[64], [.. signature, 0], signature[..^1] })
            Assert.Equal("signature_value", LogoutValidator.ReadRequest(Message(octets, broken), rules).Failure?.Rule.Code);
    }

    [Fact]
    public void A_signature_in_the_message_beside_that_of_the_address_must_hold_too()
    {
        var inner = IdpLogout.Decode(IdpLogout.Field(Xml, IdpLogout.Key));

        var both = LogoutValidator.ReadRequest(IdpLogout.FromRedirect(IdpLogout.Query(inner, IdpLogout.Key)), IdpLogout.Rules);
        var changed = LogoutValidator.ReadRequest(IdpLogout.FromRedirect(IdpLogout.Query(inner.Replace("ann", "bob", StringComparison.Ordinal), IdpLogout.Key)), IdpLogout.Rules);
        var outer = LogoutValidator.ReadRequest(IdpLogout.FromRedirect(IdpLogout.Query(inner, IdpLogout.Key).Replace("state", "State", StringComparison.Ordinal)), IdpLogout.Rules);

        Assert.True(both.IsOk, both.Failure?.Seen);
        Assert.Equal(("digest_value", "signature_value"), (changed.Failure?.Rule.Code, outer.Failure?.Rule.Code));
    }

    [Fact]
    public void A_request_in_the_parameter_of_responses_is_none() =>
        Assert.Equal("logout_message", LogoutValidator.ReadRequest(IdpLogout.FromRedirect(IdpLogout.Query(Xml, IdpLogout.Key, SamlParameter.Response)), IdpLogout.Rules).Failure?.Rule.Code);

    [Theory, InlineData("Id"), InlineData("xml:id"), InlineData("saml:ID"), InlineData("iD")]
    public void An_id_that_stands_twice_is_refused(string name)
    {
        var twice = Xml.Replace("<saml:NameID", $"<saml:NameID {name}=\"_request\"", StringComparison.Ordinal);

        Assert.Equal("logout_message", LogoutValidator.ReadRequest(IdpLogout.FromRedirect(IdpLogout.Query(twice, IdpLogout.Key)), IdpLogout.Rules).Failure?.Rule.Code);
        Assert.Equal("logout_message", LogoutValidator.ReadRequest(IdpLogout.FromPost(IdpLogout.Field(twice, IdpLogout.Key)), IdpLogout.Rules).Failure?.Rule.Code);
    }

    [Fact]
    public void A_name_is_read_as_at_the_sign_in_spaces_and_all()
    {
        var spaced = LogoutWriter.Write(IdpLogout.Request with { NameId = IdpLogout.Request.NameId with { Value = " ann" } });

        Assert.Equal(" ann", LogoutValidator.ReadRequest(IdpLogout.FromPost(IdpLogout.Field(spaced, IdpLogout.Key)), IdpLogout.Rules).Value?.NameId.Value);
    }

    [Fact]
    public void A_session_with_elements_in_its_name_is_refused() => Assert.Equal(
        "logout_sessions", LogoutValidator.ReadRequest(IdpLogout.FromPost(IdpLogout.Field(Xml.Replace(">_s1<", ">_s<b>1</b><", StringComparison.Ordinal), IdpLogout.Key)), IdpLogout.Rules).Failure?.Rule.Code);

    [Theory, InlineData("0001-01-01T00:00:00Z"), InlineData("9999-12-31T23:59:59Z"), InlineData("0001-01-01T00:00:00+14:00"), InlineData("2026-13-99T99:99:99Z"), InlineData("-2026-11-26T12:00:00Z")]
    public void Times_at_the_ends_of_the_calendar_are_refused(string time)
    {
        var odd = Xml.Replace("IssueInstant=\"2026-11-26T12:00:00Z\"", $"IssueInstant=\"{time}\"", StringComparison.Ordinal);

        Assert.Equal("logout_issue_instant", LogoutValidator.ReadRequest(IdpLogout.FromPost(IdpLogout.Field(odd, IdpLogout.Key)), IdpLogout.Rules).Failure?.Rule.Code);
    }

    private static LogoutMessage Message(string octets, byte[] signature) => IdpLogout.FromRedirect(octets + "&Signature=" + Uri.EscapeDataString(Convert.ToBase64String(signature)));
}
