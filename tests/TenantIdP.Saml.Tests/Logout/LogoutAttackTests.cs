using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using TenantIdP.Saml.Bindings;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Logout;
using Xunit;

namespace TenantIdP.Saml.Tests.Logout;

/// <summary>Whoever forges a logout keeps people out of their work.</summary>
[Trait("Attack", "A3")]
public sealed class LogoutAttackTests
{
    private readonly string xml = LogoutWriter.Write(IdpLogout.Request);

    [Fact]
    public void An_unsigned_message_is_refused()
    {
        Assert.Equal(LogoutChecks.Signature.Code, Redirect(IdpLogout.Query(xml, null)));
        Assert.Equal(LogoutChecks.Signature.Code, Post(IdpLogout.Field(xml, null)));
    }

    [Fact]
    public void A_message_that_another_key_signed_is_refused()
    {
        using var other = OurKey.Make("idp");

        Assert.Equal("signature_value", Redirect(IdpLogout.Query(xml, other)));
        Assert.Equal("signature_value", Post(IdpLogout.Field(xml, other)));
    }

    [Fact]
    public void Without_pinned_certificates_nothing_is_believed() =>
        Assert.Equal("signature_value", LogoutValidator.ReadRequest(IdpLogout.FromRedirect(IdpLogout.Query(xml, IdpLogout.Key)), IdpLogout.Rules with { Certificates = [] }).Failure?.Rule.Code);

    /// <summary>Here the signature is in the query; one in the message would leave RelayState to anybody.</summary>
    [Fact]
    public void A_signature_in_the_message_does_not_make_an_address_signed() =>
        Assert.Equal(LogoutChecks.Signature.Code, Redirect(IdpLogout.Query(IdpLogout.Decode(IdpLogout.Field(xml, IdpLogout.Key)), null)));

    [Theory]
    [InlineData("RelayState=state%201", "RelayState=state%202", "signature_value")]
    [InlineData("RelayState=state%201", "RelayState=state+1", "signature_value")]
    [InlineData("&RelayState=state%201", "", "signature_value")]
    [InlineData("rsa-sha256", "rsa-sha512", "signature_value")]
    [InlineData("rsa-sha256", "hmac-sha256", "signature_method")]
    [InlineData("&SigAlg=", "&SigAlgo=", "logout_signed")]
    [InlineData("&Signature=", "&Signatur=", "logout_signed")]
    [InlineData("&Signature=", "&Signature=*", "signature_value")]
    [InlineData("&Signature=", "&Signature=A", "signature_value")]
    public void A_changed_part_of_the_query_is_noticed(string part, string instead, string rule)
    {
        var query = IdpLogout.Query(xml, IdpLogout.Key);
        Assert.Contains(part, query, StringComparison.Ordinal);

        Assert.Equal(rule, Redirect(query.Replace(part, instead, StringComparison.Ordinal)));
    }

    [Fact]
    public void The_signature_of_one_message_is_not_that_of_another()
    {
        var signed = IdpLogout.Query(xml, IdpLogout.Key).Split('&');
        var other = IdpLogout.Query(xml.Replace("ann", "bob", StringComparison.Ordinal), null).Split('&');

        Assert.Equal("signature_value", Redirect(string.Join('&', [other[0], .. signed[1..]])));
    }

    [Fact]
    public void A_changed_form_is_noticed() =>
        Assert.Equal("digest_value", Post(IdpLogout.Encode(IdpLogout.Decode(IdpLogout.Field(xml, IdpLogout.Key)).Replace("ann", "bob", StringComparison.Ordinal))));

    [Theory]
    [InlineData("&RelayState=other")]
    [InlineData("&Relay%53tate=other")]
    [InlineData("&SAMLRequest=AAAA")]
    [InlineData("&SAMLResponse=AAAA")]
    [InlineData("&SigAlg=x")]
    [InlineData("&Signature")]
    [InlineData("&SAMLEncoding=urn%3Aother")]
    public void What_comes_twice_or_could_be_read_in_two_ways_is_refused(string added)
    {
        var query = IdpLogout.Query(xml, IdpLogout.Key);

        Assert.Equal(LogoutChecks.Carried, LogoutMessage.FromRedirect(query + added).Failure?.Rule);
        Assert.Equal(LogoutChecks.Carried, LogoutMessage.FromRedirect(added[1..] + "&" + query[1..]).Failure?.Rule);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?")]
    [InlineData("SAMLRequest")]
    [InlineData("SAMLRequest=%")]
    [InlineData("SAMLRequest=AAAA")]
    [InlineData("RelayState=a&SigAlg=b&Signature=c")]
    public void A_query_without_a_message_is_refused(string query) => Assert.Equal(LogoutChecks.Carried, LogoutMessage.FromRedirect(query).Failure?.Rule);

    [Fact]
    [Trait("Attack", "G3")]
    public void A_query_that_inflates_to_more_than_a_message_may_be_is_refused()
    {
        var bomb = RedirectBinding.Encode(IdpLogout.SloUrl, SamlParameter.Request, "<a>" + new string('a', 20 * 1024 * 1024) + "</a>", null, null)[IdpLogout.SloUrl.Length..];
        Assert.InRange(bomb.Length, 1000, 64 * 1024);

        Assert.Contains("too long", LogoutMessage.FromRedirect(bomb).Failure?.Seen, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_parameters_and_another_order_do_not_matter()
    {
        var parts = IdpLogout.Query(xml, IdpLogout.Key)[1..].Split('&');

        Assert.Null(Redirect("?tenant=1&" + string.Join('&', parts.Reverse()) + "&x"));
    }

    /// <summary>An encoder of lower-case hexadecimal digits, as .NET Framework has.</summary>
    [Fact]
    public void The_octets_are_verified_as_they_came()
    {
        var octets = Regex.Replace(Octets(), "%[0-9A-F]{2}", m => m.Value.ToLowerInvariant());
        var signature = IdpLogout.Key.Key.SignData(Encoding.ASCII.GetBytes(octets), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

        Assert.Null(Redirect(octets + "&Signature=" + Uri.EscapeDataString(Convert.ToBase64String(signature))));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_sha1_signature_counts_only_where_it_is_allowed(bool isAllowed)
    {
        var octets = Octets().Replace("2001%2F04%2Fxmldsig-more%23rsa-sha256", "2000%2F09%2Fxmldsig%23rsa-sha1", StringComparison.Ordinal);
        var signature = IdpLogout.Key.Key.SignData(Encoding.ASCII.GetBytes(octets), HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1);
        var message = IdpLogout.FromRedirect(octets + "&Signature=" + Uri.EscapeDataString(Convert.ToBase64String(signature)));

        Assert.Equal(isAllowed ? null : "signature_method", LogoutValidator.ReadRequest(message, IdpLogout.Rules with { AllowSha1 = isAllowed }).Failure?.Rule.Code);
    }

    [Theory]
    [InlineData("ecdsa-sha256", "SHA256", null)]
    [InlineData("ecdsa-sha384", "SHA384", null)]
    [InlineData("ecdsa-sha256", "SHA384", "signature_value")]
    [InlineData("rsa-sha256", "SHA256", "signature_value")]
    public void An_ecdsa_key_signs_only_as_ecdsa(string method, string hash, string? rule)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = new CertificateRequest("CN=idp", key, HashAlgorithmName.SHA256).CreateSelfSigned(OurKey.Now.AddDays(-1), OurKey.Now.AddDays(1));
        Assert.True(SamlCertificate.TryRead(made.RawData, out var certificate));
        var octets = Octets().Replace("rsa-sha256", method, StringComparison.Ordinal);
        var message = IdpLogout.FromRedirect(octets + "&Signature=" + Uri.EscapeDataString(Convert.ToBase64String(key.SignData(Encoding.ASCII.GetBytes(octets), new HashAlgorithmName(hash)))));

        Assert.Equal(rule, LogoutValidator.ReadRequest(message, IdpLogout.Rules with { Certificates = [IdpLogout.Key.Certificate, certificate!] }).Failure?.Rule.Code); // just read
    }

    [Theory, InlineData(true), InlineData(false)]
    public void An_expired_certificate_is_a_warning_unless_the_connection_refuses_it(bool isRefused)
    {
        var later = OurKey.Now.AddDays(400);
        var late = LogoutWriter.Write(IdpLogout.Request with { IssueInstant = later, NotOnOrAfter = null });
        var rules = IdpLogout.Rules with { Now = later, RefuseExpiredCertificates = isRefused };

        foreach (var message in new[] { IdpLogout.FromRedirect(IdpLogout.Query(late, IdpLogout.Key)), IdpLogout.FromPost(IdpLogout.Field(late, IdpLogout.Key)) })
        {
            var read = LogoutValidator.ReadRequest(message, rules);
            Assert.Equal(isRefused, !read.IsOk);
            Assert.Equal(isRefused ? SamlOutcome.Failed : SamlOutcome.Warned, Assert.Single(read.Checks, c => c.Rule.Code == "certificate_expired").Outcome);
        }
    }

    /// <summary>The signed message inside another that says something else.</summary>
    [Fact]
    public void A_wrapped_message_is_refused()
    {
        var signed = IdpLogout.Decode(IdpLogout.Field(xml, IdpLogout.Key));
        var start = signed.IndexOf("<Signature", StringComparison.Ordinal);
        var signature = signed[start..(signed.IndexOf("</Signature>", StringComparison.Ordinal) + "</Signature>".Length)];
        var evil = xml.Replace("ann", "bob", StringComparison.Ordinal).Replace("_request", "_evil", StringComparison.Ordinal);

        var inExtensions = evil.Replace("</saml:Issuer>", $"</saml:Issuer>{signature}<samlp:Extensions>{signed}</samlp:Extensions>", StringComparison.Ordinal);
        var inObject = evil.Replace("</saml:Issuer>", "</saml:Issuer>" + signature.Replace("</Signature>", $"<Object>{xml}</Object></Signature>", StringComparison.Ordinal), StringComparison.Ordinal);

        Assert.Equal("signature_reference", Post(IdpLogout.Encode(inExtensions)));
        Assert.Equal("signature_shape", Post(IdpLogout.Encode(inObject)));
    }

    [Fact]
    public void A_response_is_no_request() => Assert.Equal("logout_message", Redirect(IdpLogout.Query(LogoutWriter.Write(IdpLogout.Response), IdpLogout.Key)));

    [Fact]
    public void Any_one_character_changed_in_an_address_is_noticed()
    {
        var query = IdpLogout.Query(xml, IdpLogout.Key);
        for (var i = 1; i < query.IndexOf("&Signature=", StringComparison.Ordinal); i++)
        {
            var read = LogoutMessage.FromRedirect(Changed(query, i));
            Assert.False(read.IsOk && LogoutValidator.ReadRequest(read.Value, IdpLogout.Rules).IsOk, $"at {i}");
        }
    }

    /// <summary>Some of it is not signed, such as the certificate that comes along; but then it says nothing else than before.</summary>
    [Fact]
    public void Any_one_character_changed_in_a_form_changes_nothing_that_is_read()
    {
        var form = IdpLogout.Decode(IdpLogout.Field(xml, IdpLogout.Key));
        for (var i = 0; i < form.Length; i += 3)
        {
            var message = LogoutMessage.FromPost(IdpLogout.Encode(Changed(form, i)));
            if (message.IsOk && LogoutValidator.ReadRequest(message.Value, IdpLogout.Rules).Value is { } read) Assert.Equal(xml, LogoutWriter.Write(read));
        }
    }

    /// <summary>A query up to its signature.</summary>
    private string Octets() => IdpLogout.Query(xml, IdpLogout.Key)[1..].Split("&Signature=")[0];

    private static string Changed(string text, int at) => $"{text[..at]}{(text[at] == 'x' ? 'y' : 'x')}{text[(at + 1)..]}";

    private static string? Redirect(string query) => LogoutValidator.ReadRequest(IdpLogout.FromRedirect(query), IdpLogout.Rules).Failure?.Rule.Code;

    private static string? Post(string field) => LogoutValidator.ReadRequest(IdpLogout.FromPost(field), IdpLogout.Rules).Failure?.Rule.Code;
}
