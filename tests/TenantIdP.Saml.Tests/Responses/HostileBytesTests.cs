using System.Diagnostics;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Xml;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using TenantIdP.Saml.Responses;
using Xunit;

namespace TenantIdP.Saml.Tests.Responses;

/// <summary>Bytes that nobody thought of. With <c>TENANTIDP_TEST_LONG=1</c> they come for a minute instead of a few seconds.</summary>
[Trait("Attack", "I")]
public sealed class HostileBytesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("TENANTIDP_TEST_LONG") == "1" ? 60 : 4);

    private static readonly string Genuine = TestIdp.Message().SignAssertion().OuterXml;

    [Property(MaxTest = 300)]
    public bool Text_of_any_kind_is_refused_without_an_exception(string? text) =>
        !ResponseValidator.Validate(text ?? "", TestIdp.Rules).IsOk && !ResponseValidator.Validate(Encode(text ?? ""), TestIdp.Rules).IsOk;

    /// <summary>Whatever one change does, the answer is a refusal or the same person: nothing inside the signed part may change, nothing outside may matter.</summary>
    [Property(MaxTest = 1000)]
    public Property One_changed_character_makes_nobody_else() => Prop.ForAll(
        Gen.Choose(0, Genuine.Length - 1).Two().ToArbitrary(),
        place =>
        {
            var changed = new StringBuilder(Genuine) { [place.Item1] = Genuine[place.Item2] }.ToString();
            var verdict = ResponseValidator.Validate(Encode(changed), TestIdp.Rules);
            return verdict.Failure?.Rule.Code != "message_unreadable" && (!verdict.IsOk || IsTheSame(verdict.Value));
        });

    [Fact]
    public void Spliced_and_cut_messages_make_nobody_else()
    {
        var corpus = GenuineResponse.Names.Select(n => Encoding.UTF8.GetString(GenuineResponse.Read(n).Sent)).Append(Genuine).Append(TestIdp.Message().SignResponse().OuterXml).ToList();
        var random = new Splitter(20261126);
        var clock = Stopwatch.StartNew();
        var (tried, accepted) = (0, 0);
        while (clock.Elapsed < Patience)
        {
            var (a, b) = (corpus[random.Next(corpus.Count)], corpus[random.Next(corpus.Count)]);
            var (from, to) = (random.Next(b.Length), random.Next(b.Length));
            var part = b[Math.Min(from, to)..Math.Min(Math.Max(from, to), Math.Min(from, to) + 800)];
            var at = random.Next(a.Length);
            var changed = random.Next(3) switch { 0 => a.Insert(at, part), 1 => a.Remove(at, Math.Min(a.Length - at, random.Next(200))), _ => a[..at] + part + a[Math.Min(a.Length, at + part.Length)..] };
            var verdict = ResponseValidator.Validate(Encode(changed), TestIdp.Rules);
            Assert.NotEqual("message_unreadable", verdict.Failure?.Rule.Code);
            if (verdict.IsOk)
            {
                accepted++;
                Assert.True(IsTheSame(verdict.Value), changed);
            }

            tried++;
        }

        Assert.InRange(tried, 100, int.MaxValue);
        TestContext.Current.TestOutputHelper?.WriteLine($"{tried} tried, {accepted} still valid");
    }

    /// <summary>What we accept, the platform's verifier accepts over the same element.</summary>
    [Fact]
    public void The_platform_agrees_with_what_is_accepted()
    {
        foreach (var message in new[] { TestIdp.Message().SignAssertion(), TestIdp.Message().SignResponse(), TestIdp.Message().SignAssertion().SignResponse() })
        {
            Assert.True(ResponseValidator.Validate(message.Encode(), TestIdp.Rules).IsOk);
            var loaded = TestIdp.Load(message.OuterXml);
            foreach (var signature in loaded.GetElementsByTagName("Signature", SignedXml.XmlDsigNamespaceUrl).OfType<XmlElement>())
            {
                var signed = new SignedXml((XmlElement)signature.ParentNode!); // in an element
                signed.LoadXml(signature);
                using var certificate = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificate(TestIdp.Certificate.Der.Span);
                Assert.True(signed.CheckSignature(certificate, verifySignatureOnly: true));
            }
        }
    }

    [Theory]
    [InlineData(100_000)]
    [Trait("Attack", "G3")]
    public void A_hundred_thousand_levels_are_refused(int levels) =>
        Assert.False(ResponseValidator.Validate(Encode(string.Concat(Enumerable.Repeat("<a>", levels)) + string.Concat(Enumerable.Repeat("</a>", levels))), TestIdp.Rules).IsOk);

    [Fact]
    public void A_message_of_two_thousand_groups_is_accepted()
    {
        var message = TestIdp.Message();
        var groups = message.GetElementsByTagName("saml:Attribute")[1]!; // the second one
        for (var i = 0; i < 2_000; i++) groups.AppendChild(groups.FirstChild!.CloneNode(true))!.InnerText = $"group-{i}";

        Assert.True(ResponseValidator.Validate(message.SignAssertion().Encode(), TestIdp.Rules).IsOk);
    }

    /// <summary>As some identity providers write them: each value declares the type that it is of, which the limit of attributes has to leave room for.</summary>
    [Fact]
    public void As_many_values_as_may_be_may_each_declare_their_type()
    {
        const string Value = "<saml:AttributeValue xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xs:string\">g</saml:AttributeValue>";
        var xml = TestIdp.Message().OuterXml.Replace("<saml:AttributeValue>engineering</saml:AttributeValue>", new StringBuilder().Insert(0, Value, 4_990).ToString(), StringComparison.Ordinal);

        var verdict = ResponseValidator.Validate(TestIdp.Load(xml).SignAssertion().Encode(), TestIdp.Rules);

        Assert.True(verdict.IsOk, verdict.Failure?.ToString());
        Assert.Equal(4_991, verdict.Value.Attributes.Single(a => a.Name == "groups").Values.Count);
    }

    private static bool IsTheSame(ValidatedResponse response) =>
        response is { NameId.Value: TestIdp.Subject, AssertionId: "_assertion1", Issuer: TestIdp.EntityId } && response.Attributes.Single(a => a.Name == "email").Values is ["ann@example.test"];

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    /// <summary>Numbers that come again at the next run: SplitMix64.</summary>
    private sealed class Splitter(ulong state)
    {
        public int Next(int below)
        {
            var z = state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return (int)((z ^ (z >> 31)) % (ulong)Math.Max(1, below));
        }
    }
}
