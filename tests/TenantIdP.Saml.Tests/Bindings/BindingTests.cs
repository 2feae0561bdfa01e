using System.IO.Compression;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using TenantIdP.Saml.Bindings;
using TenantIdP.Saml.Keys;
using Xunit;

namespace TenantIdP.Saml.Tests.Bindings;

public sealed class BindingTests
{
    private const string Message = "<m xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion' ID='_1'><saml:Issuer>https://sp.example.test/ä</saml:Issuer><b>+/=&amp;</b></m>";

    [Theory]
    [InlineData("https://idp.example.test/sso", "https://idp.example.test/sso?SAMLRequest=")]
    [InlineData("https://idp.example.test/sso?tenant=a%20b", "https://idp.example.test/sso?tenant=a%20b&SAMLRequest=")]
    [InlineData("https://idp.example.test/sso?", "https://idp.example.test/sso?SAMLRequest=")]
    [InlineData("https://idp.example.test/sso?x=1#top", "https://idp.example.test/sso?x=1&SAMLRequest=")]
    public void An_address_keeps_the_query_that_it_has(string destination, string start)
    {
        var address = RedirectBinding.Encode(destination, SamlParameter.Request, Message, null, null);

        Assert.StartsWith(start, address, StringComparison.Ordinal);
        Assert.Equal(Message, Inflate(Uri.UnescapeDataString(address[start.Length..])));
    }

    [Fact]
    public void An_address_without_a_key_has_no_signature_and_without_a_state_no_state() =>
        Assert.DoesNotContain('&', RedirectBinding.Encode("https://idp.example.test/", SamlParameter.Response, Message, "", null));

    [Theory, InlineData("state"), InlineData("a b&c=d+ü/?#"), InlineData(null)]
    public void The_octets_before_the_signature_are_what_is_signed(string? state)
    {
        using var key = OurKey.Make();

        var address = RedirectBinding.Encode("https://idp.example.test/sso?tenant=1", SamlParameter.Request, Message, state, key);

        var query = address[address.IndexOf("SAMLRequest=", StringComparison.Ordinal)..];
        var (octets, signature) = (query[..query.LastIndexOf("&Signature=", StringComparison.Ordinal)], Uri.UnescapeDataString(query[(query.LastIndexOf('=') + 1)..]));
        Assert.EndsWith("&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256", octets, StringComparison.Ordinal);
        Assert.Equal(state is null ? 2 : 3, octets.Split('&').Length);
        if (state is not null) Assert.Equal("RelayState=" + Uri.EscapeDataString(state), octets.Split('&')[1]);
        Assert.True(Verifies(octets, signature, key.Certificate));
        Assert.False(Verifies(octets.Replace("SigAlg", "Sigalg", StringComparison.Ordinal), signature, key.Certificate));
    }

    [Fact]
    public void A_form_has_the_signed_message_and_the_state()
    {
        using var key = OurKey.Make();

        var form = PostBinding.Encode("https://idp.example.test/slo", SamlParameter.Response, Message, "state", key);

        Assert.Equal("https://idp.example.test/slo", form.Destination);
        Assert.Equal(["SAMLResponse", "RelayState"], form.Fields.Select(f => f.Key));
        Assert.True(OurKey.IsSigned(Encoding.UTF8.GetString(Convert.FromBase64String(form.Fields[0].Value)), key.Certificate));
        Assert.Equal("state", form.Fields[1].Value);
    }

    [Fact]
    public void A_form_without_a_key_has_the_message_as_it_is()
    {
        var (name, value) = Assert.Single(PostBinding.Encode("https://idp.example.test/sso", SamlParameter.Request, Message, null, null).Fields);

        Assert.Equal(("SAMLRequest", Message), (name, Encoding.UTF8.GetString(Convert.FromBase64String(value))));
    }

    private static string Inflate(string base64)
    {
        using var inflate = new DeflateStream(new MemoryStream(Convert.FromBase64String(base64)), CompressionMode.Decompress);
        using var reader = new StreamReader(inflate, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static bool Verifies(string octets, string signature, SamlCertificate by)
    {
        using var certificate = X509CertificateLoader.LoadCertificate(by.Der.Span);
        using var rsa = certificate.GetRSAPublicKey();
        return rsa!.VerifyData(Encoding.ASCII.GetBytes(octets), Convert.FromBase64String(signature), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1); // an RSA certificate
    }
}
