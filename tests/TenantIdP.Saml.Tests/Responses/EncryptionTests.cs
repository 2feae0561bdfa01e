using System.Text;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Responses;
using Xunit;

namespace TenantIdP.Saml.Tests.Responses;

public sealed class EncryptionTests : IDisposable
{
    private const string Gcm256 = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
    private const string Gcm128 = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
    private const string Cbc256 = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
    private const string Cbc128 = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";

    private readonly SamlKeyPair ours = OurKey.Make();
    private readonly SamlKeyPair old = OurKey.Make("old");

    private ResponseRules Rules => TestIdp.Rules with { DecryptionKeys = [ours, old], AllowAesCbc = true };

    [Theory]
    [InlineData(Gcm256, false)]
    [InlineData(Gcm128, true)]
    [InlineData(Cbc256, false)]
    [InlineData(Cbc128, true)]
    public void Sign_inside_then_encrypt_then_perhaps_sign_outside(string algorithm, bool outside)
    {
        var message = TestIdp.Message().SignAssertion().Encrypt(ours, algorithm);
        if (outside) message.SignResponse();

        var verdict = ResponseValidator.Validate(message.Encode(), Rules);

        Assert.True(verdict.IsOk, verdict.Failure?.ToString());
        Assert.True(verdict.Value.WasEncrypted);
        Assert.Equal(TestIdp.Subject, verdict.Value.NameId?.Value);
    }

    [Fact]
    public void What_was_encrypted_to_the_key_before_still_opens() => Assert.True(ResponseValidator.Validate(TestIdp.Message().SignAssertion().Encrypt(old, Gcm256).Encode(), Rules).IsOk);

    [Fact]
    [Trait("Attack", "I")]
    public void Encryption_is_no_signature() => Assert.Equal("signature_present", ResponseValidator.Validate(TestIdp.Message().Encrypt(ours, Gcm256).Encode(), Rules).Failure?.Rule.Code);

    [Theory]
    [InlineData(Cbc256, "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", "encryption_method")]
    [InlineData(Gcm256, "http://www.w3.org/2001/04/xmlenc#rsa-1_5", "key_transport")]
    [InlineData("http://www.w3.org/2001/04/xmlenc#tripledes-cbc", "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", "encryption_method")]
    [Trait("Attack", "I")]
    public void Old_ciphers_are_refused(string algorithm, string keyMethod, string rule)
    {
        var message = TestIdp.Message().SignAssertion().Encrypt(ours, algorithm, keyMethod: keyMethod);

        Assert.Equal(rule, ResponseValidator.Validate(message.Encode(), Rules with { AllowAesCbc = false }).Failure?.Rule.Code);
    }

    [Fact]
    [Trait("Attack", "I")]
    public void A_changed_tag_a_short_one_and_a_changed_block_are_refused()
    {
        foreach (var change in new Func<byte[], byte[]>[] { b => [.. b[..^1], (byte)(b[^1] ^ 1)], b => b[..20], b => b[..^1], b => [(byte)(b[0] ^ 1), .. b[1..]], b => [1] })
            Assert.Equal("decryption", ResponseValidator.Validate(TestIdp.Message().SignAssertion().Encrypt(ours, Gcm256, change).Encode(), Rules).Failure?.Rule.Code);
    }

    [Fact]
    [Trait("Attack", "I")]
    public void Changing_a_ciphertext_without_a_tag_teaches_nothing()
    {
        // Bad padding, bad XML, another element, a bad signature: whoever sends them sees one answer.
        var answers = new[]
        {
            TestIdp.Message().SignAssertion().Encrypt(ours, Cbc256, b => [.. b[..^1], (byte)(b[^1] ^ 1)]),
            TestIdp.Message().SignAssertion().Encrypt(ours, Cbc256, b => [(byte)(b[0] ^ 1), .. b[1..]]),
            TestIdp.Message().SignAssertion().Encrypt(ours, Cbc256, plain: "<other/>"),
            TestIdp.Message().SignAssertion().Encrypt(ours, Cbc256, plain: TestIdp.Message().SignAssertion().Assertion().OuterXml.Replace("ann@", "eve@", StringComparison.Ordinal)),
            TestIdp.Message().SignAssertion(byStranger: true).Encrypt(ours, Cbc256),
            TestIdp.Message().Encrypt(ours, Cbc256),
        }.Select(m => ResponseValidator.Validate(m.Encode(), Rules)).ToList();

        Assert.All(answers, a => Assert.Equal(answers[0].Failure, a.Failure));
        Assert.All(answers, a => Assert.Equal(answers[0].Checks.Count, a.Checks.Count));
        Assert.Equal("decryption", answers[0].Failure?.Rule.Code);
    }

    [Fact]
    [Trait("Attack", "I")]
    public void An_assertion_that_holds_another_is_refused_when_it_was_encrypted_too()
    {
        var inner = TestIdp.Message().SignAssertion().Assertion().OuterXml;
        var outer = inner.Replace("_assertion1", "_outer", StringComparison.Ordinal).Replace("</saml:Assertion>", "<saml:Advice>" + inner + "</saml:Advice></saml:Assertion>", StringComparison.Ordinal);

        Assert.False(ResponseValidator.Validate(TestIdp.Message().Encrypt(ours, Gcm256, plain: outer).Encode(), Rules).IsOk);
    }

    [Fact]
    public void Where_encryption_is_required_a_plain_assertion_is_refused() =>
        Assert.Equal("encryption_required", ResponseValidator.Validate(TestIdp.Message().SignAssertion().Encode(), Rules with { RequireEncryption = true }).Failure?.Rule.Code);

    [Fact]
    [Trait("Attack", "I")]
    public void Many_wrapped_keys_are_not_tried()
    {
        var message = TestIdp.Message().SignAssertion().Encrypt(ours, Gcm256);
        for (var i = 0; i < 50; i++) message.Find("EncryptedAssertion").AppendChild(message.Find("EncryptedKey").CloneNode(true));

        Assert.Equal("decryption", ResponseValidator.Validate(Convert.ToBase64String(Encoding.UTF8.GetBytes(message.OuterXml)), Rules).Failure?.Rule.Code);
    }

    public void Dispose()
    {
        ours.Dispose();
        old.Dispose();
    }
}
